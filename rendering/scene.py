"""The scene: everything that one frame shows, as frozen values that can be stored and rendered again.

A scene that went through `to_json` and `from_json` renders the same frame to the bit: numbers are stored with all
their digits, and meshes as the recipes that build them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from rendering.assets.recipes import AssetMesh, AssetTexture
from rendering.backgrounds import Background
from rendering.checks import keep_matrix
from rendering.environments import ENVIRONMENTS
from rendering.fog import Fog
from rendering.glyphs import Glyph
from rendering.lights import MAX_POINT_LIGHTS, AmbientLight, EnvironmentLight, PointLight, Shadows, SunLight
from rendering.materials import TEXTURE_SLOTS, Material
from rendering.meshes import MeshRecipe, Plane
from rendering.plain_values import plain, settled
from rendering.sensor import Sensor
from rendering.solids import RoundedBox, Turned
from rendering.streets.recipes import StreetMesh, StreetTexture
from rendering.textures import CheckerTexture, NoiseTexture, TextureFile

RECIPES: dict[str, Any] = {recipe.kind: recipe for recipe in (Glyph, Plane, AssetMesh, RoundedBox, Turned, StreetMesh)}
"""Every kind of mesh that a stored scene may name."""

TEXTURES: dict[str, Any] = {
    recipe.kind: recipe for recipe in (TextureFile, CheckerTexture, NoiseTexture, AssetTexture, StreetTexture)
}
"""Every kind of texture that a stored scene may name."""

_FORMAT = 1
_MOST_OBJECTS = 65534  # they are drawn with 16-bit numbers; one is the ground's


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera; axes and pixels as in `rendering.geometry`.

    Attributes:
        height: rows of the frame.
        width: columns of the frame.
        intrinsics: `(3, 3)` float64, pixels.
        world_to_camera: `(4, 4)` float64 rigid transform, metres.
        near_m: surfaces closer than this are not drawn.
        far_m: nor those farther than this.

    Raises:
        ValueError: a matrix has another shape, or the planes do not satisfy `0 < near_m < far_m`.
    """

    height: int
    width: int
    intrinsics: np.ndarray
    world_to_camera: np.ndarray
    near_m: float = 0.05
    far_m: float = 100.0

    def __post_init__(self) -> None:
        keep_matrix(self, "intrinsics", (3, 3))
        keep_matrix(self, "world_to_camera", (4, 4))
        if not 0 < self.near_m < self.far_m:
            raise ValueError(f"camera: needs 0 < near_m < far_m, got {self.near_m} and {self.far_m}")


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One thing in the scene, or one part of it: parts of one thing share instance, semantic and class.

    Attributes:
        mesh: the recipe of its mesh.
        pose: `(4, 4)` float64 affine transform from mesh to world, metres; it may stretch and shear but not mirror.
        material: its surface.
        semantic: id of its pixels in the semantic map, 1 to 255; 0 is the background.
        class_index: class of the object in `objects.label`.
        instance: id of its pixels in the instance map, up to 4294967295; 0 for what is not counted, such as a wall,
            and is then in none of the annotations of objects.

    Raises:
        ValueError: an id does not fit its map, or the pose mirrors or flattens the mesh.
    """

    mesh: MeshRecipe
    pose: np.ndarray
    material: Material
    semantic: int
    class_index: int
    instance: int

    def __post_init__(self) -> None:
        keep_matrix(self, "pose", (4, 4))
        if not 1 <= self.semantic <= 255 or not 0 <= self.instance < 2**32:
            raise ValueError(
                "scene object: semantic must be 1 to 255 and instance 0 to 4294967295, "
                f"got {self.semantic}, {self.instance}"
            )
        if _determinant(self.pose) <= 0:
            raise ValueError(f"scene object {self.instance}: the pose mirrors or flattens the mesh")


@dataclass(frozen=True)
class Ground:
    """A level floor under everything; it has depth and a normal but is no object.

    Attributes:
        height_m: of the floor along +y.
        size_m: side of the square, centred below the world's origin.
        texture_m: side of one repetition of its textures.
        material: its surface.
        semantic: id of its pixels in the semantic map, 0 to 255; the instance map shows 0.

    Raises:
        ValueError: a value is outside its range.
    """

    height_m: float = 0.0
    size_m: float = 100.0
    texture_m: float = 1.0
    material: Material = field(default_factory=Material)
    semantic: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.semantic <= 255 or not min(self.size_m, self.texture_m) > 0:
            raise ValueError(f"ground: semantic must be 0 to 255, size_m and texture_m above 0, got {self}")


@dataclass(frozen=True, eq=False)
class Scene:
    """One frame to render. `label` is the class of the whole image, None where it has none.

    Raises:
        ValueError: objects share an instance id but not semantic and class, or there are too many objects or lamps.
    """

    camera: Camera
    objects: tuple[SceneObject, ...] = ()
    sun: SunLight = field(default_factory=SunLight)
    ambient: AmbientLight = field(default_factory=AmbientLight)
    background: Background = field(default_factory=Background)
    sensor: Sensor = field(default_factory=Sensor)
    label: int | None = None
    ground: Ground | None = None
    point_lights: tuple[PointLight, ...] = ()
    environment: EnvironmentLight | None = None
    fog: Fog | None = None

    def __post_init__(self) -> None:
        kinds: dict[int, tuple[int, int]] = {}
        for thing in self.objects:
            if thing.instance and kinds.setdefault(thing.instance, (thing.semantic, thing.class_index)) != (
                thing.semantic,
                thing.class_index,
            ):
                raise ValueError(f"scene: parts of instance {thing.instance} must share semantic and class_index")
        if len(self.objects) > _MOST_OBJECTS or len(self.point_lights) > MAX_POINT_LIGHTS:
            raise ValueError(
                f"scene: at most {_MOST_OBJECTS} objects and {MAX_POINT_LIGHTS} point lights, "
                f"got {len(self.objects)} and {len(self.point_lights)}"
            )

    def settled(self) -> Scene:
        """The scene with every number rounded to nine decimals.

        Processors differ in the last bits of sines and matrix products; generators settle what they draw, so that
        every worker of a mixed cluster stores and renders the same scene.
        """
        found: Scene = settled(self)
        return found

    def to_json(self, assets: str | None = None) -> str:
        """One line of JSON that `from_json` turns into an equal scene.

        Args:
            assets: folder; files below it are named relative to it, so that the text is the same on every machine.
        """
        rename = str if assets is None else lru_cache(partial(_below, assets))
        tree = {"format": _FORMAT, **plain(self, rename)}
        return json.dumps(tree, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str, assets: str | None = None) -> Scene:
        """The scene that `to_json` stored.

        Args:
            text: the JSON.
            assets: folder in which files are found whose names are relative.

        Raises:
            ValueError: the text is no scene, or names a kind of mesh or texture that does not exist.
        """
        try:
            values = json.loads(text)
            if values.pop("format") != _FORMAT:
                raise ValueError(f"format must be {_FORMAT}")
            if assets is not None:
                _rename_files(values, lambda path: str(Path(assets, path)))
            parts = {name: build(values.pop(name)) for name, build in _PARTS.items() if name in values}
            return cls(**parts, **values)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"this text is not a stored scene: {type(error).__name__}: {error}") from None


def _determinant(pose: np.ndarray) -> float:
    """Of the linear part; a scene has hundreds, and numpy's own takes five times as long."""
    (a, b, c, _), (d, e, f, _), (g, h, i, _), _ = pose.tolist()
    return float(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))


def _rename_files(tree: Any, rename: Callable[[str], str]) -> None:
    """Give every recipe in plain values that names a file another name for it."""
    if isinstance(tree, dict):
        if "kind" in tree and "path" in tree:
            tree["path"] = rename(tree["path"])
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            _rename_files(part, rename)


def _below(folder: str, path: str) -> str:
    own, whole = Path(folder).absolute(), Path(path).absolute()
    return whole.relative_to(own).as_posix() if whole.is_relative_to(own) else path


def _recipe_from(values: dict[str, Any] | None, kinds: dict[str, Any], noun: str) -> Any:
    if values is None:
        return None
    if values["kind"] not in kinds:
        raise ValueError(f"no {noun} of kind {values['kind']!r}; there are {', '.join(kinds)}")
    return kinds[values["kind"]](**{name: value for name, value in values.items() if name != "kind"})


def _material_from(values: dict[str, Any]) -> Material:
    textures = {name: _recipe_from(values.get(name), TEXTURES, "texture") for name in TEXTURE_SLOTS}
    return Material(**{**values, **textures})


def _object_from(values: dict[str, Any]) -> SceneObject:
    parts = {"mesh": _recipe_from(values["mesh"], RECIPES, "mesh"), "material": _material_from(values["material"])}
    return SceneObject(**{**values, **parts})


def _ground_from(values: dict[str, Any] | None) -> Ground | None:
    return values and Ground(**{**values, "material": _material_from(values["material"])})  # type: ignore[return-value]


def _sun_from(values: dict[str, Any]) -> SunLight:
    shadows = values.get("shadows")
    return SunLight(**{**values, "shadows": shadows and Shadows(**shadows)})


def _environment_from(values: dict[str, Any] | None) -> EnvironmentLight | None:
    if values is None:
        return None
    return EnvironmentLight(**{**values, "map": _recipe_from(values["map"], ENVIRONMENTS, "environment")})


def _background_from(values: dict[str, Any]) -> Background:
    return Background(**{**values, "picture": _recipe_from(values.get("picture"), TEXTURES, "texture")})


_PARTS: dict[str, Callable[[Any], Any]] = {
    "objects": lambda entries: tuple(_object_from(entry) for entry in entries),
    "camera": lambda values: Camera(**values),
    "sun": _sun_from,
    "ambient": lambda values: AmbientLight(**values),
    "background": _background_from,
    "sensor": lambda values: Sensor(**values),
    "ground": _ground_from,
    "point_lights": lambda entries: tuple(PointLight(**entry) for entry in entries),
    "environment": _environment_from,
    "fog": lambda values: values and Fog(**values),
}
