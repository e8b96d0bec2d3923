"""Assets: things to put into scenes, whole, with their class and their true size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from datasets.errors import UsageError
from rendering.assets.files import kept_asset_file
from rendering.assets.parts import ImageSource, Surface
from rendering.assets.recipes import AssetMesh, AssetTexture
from rendering.geometry import transform
from rendering.materials import Material
from rendering.meshes import MeshRecipe
from rendering.scene import SceneObject


@dataclass(frozen=True)
class Asset:
    """A thing of one class, one metre a unit, upright on y = 0, its front along +z.

    Attributes:
        name: for messages and lists.
        class_id: id of its class in the label space of the scene, 1 to 255.
        parts: a mesh with a material each.
        notes: what was repaired or left out when its file was read.
    """

    name: str
    class_id: int
    parts: tuple[tuple[MeshRecipe, Material], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.class_id <= 255 or not self.parts:
            raise UsageError(
                f"asset '{self.name}': needs a class_id of 1 to 255 and a part, "
                f"got {self.class_id} and {len(self.parts)} parts"
            )

    @property
    def bounds_m(self) -> np.ndarray:
        """`(2, 3)` float64: least and greatest coordinates of all parts."""
        return _bounds(tuple(mesh for mesh, _ in self.parts))

    @property
    def size_m(self) -> np.ndarray:
        """`(3,)` float64: extents along x, y and z."""
        low, high = self.bounds_m
        extents: np.ndarray = high - low
        return extents

    @property
    def centre_m(self) -> np.ndarray:
        """`(3,)` float64: the middle of its box."""
        centre: np.ndarray = self.bounds_m.mean(axis=0)
        return centre

    @property
    def vertices_m(self) -> np.ndarray:
        """`(n, 3)` float32 vertices of all parts."""
        return np.concatenate([mesh.build().vertices for mesh, _ in self.parts])


def asset_objects(asset: Asset, pose: np.ndarray, instance: int) -> tuple[SceneObject, ...]:
    """The parts of an asset as objects of a scene, all of one instance.

    Args:
        asset: what to show.
        pose: `(4, 4)` transform to the world, metres.
        instance: id of its pixels.
    """
    return tuple(
        SceneObject(mesh, pose, material, asset.class_id, asset.class_id, instance) for mesh, material in asset.parts
    )


def load_asset(path: str | Path, class_id: int, name: str = "", **axes_and_size: object) -> Asset:
    """An asset from a file.

    Args:
        path: a file that `rendering.assets.files` reads.
        class_id: id of its class.
        name: for messages; by default the file's.
        axes_and_size: `up`, `front`, `height_m`, `unit_m` as in `AssetMesh`.

    Raises:
        UsageError: the file cannot be read, or a value is wrong.
    """
    file = kept_asset_file(str(path))
    first = AssetMesh(str(path), digest=file.digest, **axes_and_size)  # type: ignore[arg-type]
    parts = tuple((replace(first, part=index), to_material(part.surface)) for index, part in enumerate(file.parts))
    first.placement()  # tells here and now if it has no height to scale
    return Asset(name or Path(path).stem, class_id, parts, file.notes)


def to_material(surface: Surface) -> Material:
    """The renderer's material of a surface."""
    return Material(
        base_colour=surface.base_colour,
        roughness=surface.roughness,
        metallic=surface.metallic,
        emissive=surface.emissive,
        alpha_cutoff=surface.alpha_cutoff,
        double_sided=surface.double_sided,
        base_colour_texture=_texture(surface.base_colour_image),
        metallic_roughness_texture=_texture(surface.metallic_roughness_image),
        normal_texture=_texture(surface.normal_image),
        emissive_texture=_texture(surface.emissive_image),
    )


def footprint_radius_m(asset: Asset) -> float:
    """How far the asset reaches from its axis, seen from above."""
    return float(np.linalg.norm(asset.vertices_m[:, [0, 2]], axis=1).max())


def placed_bounds_m(asset: Asset, pose: np.ndarray) -> np.ndarray:
    """`(2, 3)`: the upright box in the world around an asset at a pose."""
    points = transform(pose, asset.vertices_m)
    return np.array([points.min(axis=0), points.max(axis=0)])


def _texture(source: ImageSource | None) -> AssetTexture | None:
    return None if source is None else AssetTexture(source.path, source.key)


@lru_cache(maxsize=2048)
def _bounds(meshes: tuple[MeshRecipe, ...]) -> np.ndarray:
    vertices = [mesh.build().vertices for mesh in meshes]
    low, high = np.min([v.min(axis=0) for v in vertices], axis=0), np.max([v.max(axis=0) for v in vertices], axis=0)
    bounds = np.array([low, high], np.float64)
    bounds.flags.writeable = False
    return bounds
