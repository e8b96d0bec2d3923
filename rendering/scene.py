"""The scene: everything that one frame shows, as frozen values that can be stored and rendered again.

A scene that went through `to_json` and `from_json` renders the same frame to the bit: numbers are stored with all
their digits, and meshes as the recipes that build them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from rendering.backgrounds import Background, Colour
from rendering.glyphs import Glyph
from rendering.meshes import MeshRecipe
from rendering.sensor import Sensor

RECIPES: dict[str, type[Glyph]] = {Glyph.kind: Glyph}
"""Every kind of mesh that a stored scene may name."""

_FORMAT = 1
_SETTLED_DECIMALS = 9


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
        _keep_matrix(self, "intrinsics", (3, 3))
        _keep_matrix(self, "world_to_camera", (4, 4))
        if not 0 < self.near_m < self.far_m:
            raise ValueError(f"camera: needs 0 < near_m < far_m, got {self.near_m} and {self.far_m}")


@dataclass(frozen=True)
class Material:
    """A surface of the metallic-roughness model (glTF 2.0, section 3.9).

    Attributes:
        base_colour: share of light reflected, linear R, G, B from 0 to 1.
        roughness: 0 is a mirror, 1 is matt.
        metallic: 0 is a dielectric, 1 a metal.
    """

    base_colour: Colour = (0.8, 0.8, 0.8)
    roughness: float = 0.6
    metallic: float = 0.0

    def __post_init__(self) -> None:
        _keep_colours(self, "base_colour")
        if not all(0 <= value <= 1 for value in (*self.base_colour, self.roughness, self.metallic)):
            raise ValueError(f"material: every value must be between 0 and 1, got {self}")


@dataclass(frozen=True)
class SunLight:
    """Parallel light.

    Attributes:
        direction: from the scene towards the sun, in world axes; any length but 0.
        colour: linear R, G, B; a white matt surface that faces a sun of colour 1 shows as 1.
    """

    direction: tuple[float, float, float] = (0.3, 0.6, 0.75)
    colour: Colour = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        _keep_colours(self, "colour")
        object.__setattr__(self, "direction", tuple(float(part) for part in self.direction))
        if not any(self.direction):
            raise ValueError("sun: direction must not be 0, 0, 0")


@dataclass(frozen=True)
class AmbientLight:
    """Light from all sides: one colour from above, another from below, mixed between by the surface's slope.

    Attributes:
        sky: linear R, G, B from +y; a white matt surface under a sky and ground of colour 1 shows as 1.
        ground: the same from -y.
    """

    sky: Colour = (0.3, 0.3, 0.3)
    ground: Colour = (0.2, 0.2, 0.2)

    def __post_init__(self) -> None:
        _keep_colours(self, "sky", "ground")


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One thing in the scene.

    Attributes:
        mesh: the recipe of its mesh.
        pose: `(4, 4)` float64 affine transform from mesh to world, metres; it may stretch and shear but not mirror.
        material: its surface.
        semantic: id of its pixels in the semantic map, 1 to 255; 0 is the background.
        class_index: class of the object in `objects.label`.
        instance: id of its pixels in the instance map, 1 to 65535, unique in the scene.

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
        _keep_matrix(self, "pose", (4, 4))
        if not 1 <= self.semantic <= 255 or not 1 <= self.instance <= 65535:
            raise ValueError(
                f"scene object: semantic must be 1 to 255 and instance 1 to 65535, got {self.semantic}, {self.instance}"
            )
        if np.linalg.det(self.pose[:3, :3]) <= 0:
            raise ValueError(f"scene object {self.instance}: the pose mirrors or flattens the mesh")


@dataclass(frozen=True, eq=False)
class Scene:
    """One frame to render. `label` is the class of the whole image, None where it has none.

    Raises:
        ValueError: two objects share an instance id.
    """

    camera: Camera
    objects: tuple[SceneObject, ...] = ()
    sun: SunLight = field(default_factory=SunLight)
    ambient: AmbientLight = field(default_factory=AmbientLight)
    background: Background = field(default_factory=Background)
    sensor: Sensor = field(default_factory=Sensor)
    label: int | None = None

    def __post_init__(self) -> None:
        ids = [thing.instance for thing in self.objects]
        if len(set(ids)) != len(ids):
            raise ValueError(f"scene: instance ids must differ, got {ids}")

    def settled(self) -> Scene:
        """The scene with every number rounded to nine decimals.

        Processors differ in the last bits of sines and matrix products; generators settle what they draw, so that
        every worker of a mixed cluster stores and renders the same scene.
        """
        rounded = json.loads(self.to_json(), parse_float=lambda digits: round(float(digits), _SETTLED_DECIMALS))
        return Scene.from_json(json.dumps(rounded))

    def to_json(self) -> str:
        """One line of JSON that `from_json` turns into an equal scene."""
        return json.dumps({"format": _FORMAT, **_plain(self)}, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Scene:
        """The scene that `to_json` stored.

        Raises:
            ValueError: the text is no scene, or names a kind of mesh that does not exist.
        """
        try:
            values = json.loads(text)
            if values.pop("format") != _FORMAT:
                raise ValueError(f"format must be {_FORMAT}")
            objects = tuple(_object_from(entry) for entry in values.pop("objects"))
            parts = {name: kind(**values.pop(name)) for name, kind in _PARTS.items()}
            return cls(objects=objects, **parts, **values)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"this text is not a stored scene: {type(error).__name__}: {error}") from None


_PARTS: dict[str, Any] = {
    "camera": Camera,
    "sun": SunLight,
    "ambient": AmbientLight,
    "background": Background,
    "sensor": Sensor,
}


def _object_from(values: dict[str, Any]) -> SceneObject:
    mesh, material = dict(values.pop("mesh")), values.pop("material")
    kind = mesh.pop("kind")
    if kind not in RECIPES:
        raise ValueError(f"no mesh of kind {kind!r}; there are {', '.join(RECIPES)}")
    return SceneObject(mesh=RECIPES[kind](**mesh), material=Material(**material), **values)


def _plain(value: Any) -> Any:
    """Dataclasses as dictionaries, arrays as lists; a recipe also carries its kind."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "kind"):
        return {"kind": value.kind, **asdict(value)}
    if hasattr(value, "__dataclass_fields__"):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    return value


def _keep_matrix(owner: Any, name: str, shape: tuple[int, int]) -> None:
    matrix = np.array(getattr(owner, name), np.float64)
    if matrix.shape != shape or not np.isfinite(matrix).all():
        raise ValueError(f"{type(owner).__name__}: {name} must be {shape} finite numbers, got {matrix.tolist()}")
    matrix.flags.writeable = False
    object.__setattr__(owner, name, matrix)


def _keep_colours(owner: Any, *names: str) -> None:
    for name in names:
        colour = tuple(float(part) for part in getattr(owner, name))
        if len(colour) != 3 or min(colour) < 0:
            raise ValueError(f"{type(owner).__name__}: {name} must be (R, G, B), each 0 or more, got {colour}")
        object.__setattr__(owner, name, colour)
