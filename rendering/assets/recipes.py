"""Meshes and textures of asset files as recipes that a scene can store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from datasets.errors import UsageError
from rendering.assets.files import AssetFile, kept_asset_file
from rendering.assets.folder import AssetFolder, BadAsset, Limits, read_bounded
from rendering.assets.gltf_document import GltfDocument
from rendering.assets.gltf_materials import image_bytes
from rendering.assets.images import checked_image
from rendering.assets.level_cache import cached_levels
from rendering.meshes import Mesh, MeshRecipe

AXES: dict[str, tuple[int, int, int]] = {
    "x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1), "-x": (-1, 0, 0), "-y": (0, -1, 0), "-z": (0, 0, -1),
}  # fmt: skip
"""Directions in a file's own axes by name."""


@dataclass(frozen=True)
class AssetMesh:
    """One part of an asset file, brought to metres and to upright axes (`rendering.geometry`).

    The whole asset stands on y = 0, centred on the y axis, its front along +z.

    Attributes:
        path: the file.
        part: which of its parts.
        detail: level of detail, 0 is the full one.
        up: the direction that is up in the file, of `AXES`.
        front: the direction in which its front looks.
        height_m: how high the asset is in reality; None: `unit_m` says the size.
        unit_m: how many metres one unit of the file is; without effect beside `height_m`.
        digest: of the file's content when the scene was made; "" goes unchecked.

    Raises:
        UsageError: a direction is unknown or both lie on one axis; when built, where the file cannot be read, has
            changed, or has no such part or level.
    """

    kind: ClassVar[str] = "asset"

    path: str
    part: int = 0
    detail: int = 0
    up: str = "y"
    front: str = "z"
    height_m: float | None = None
    unit_m: float = 1.0
    digest: str = ""

    def __post_init__(self) -> None:
        if self.up not in AXES or self.front not in AXES or self.up[-1] == self.front[-1]:
            raise UsageError(
                f"asset '{self.path}': up and front must be two different axes of {', '.join(AXES)}, "
                f"got {self.up!r} and {self.front!r}"
            )
        if not ((self.height_m is None or self.height_m > 0) and self.unit_m > 0):
            raise UsageError(f"asset '{self.path}': height_m and unit_m must be above 0, got {self}")

    def build(self) -> Mesh:
        """The part at its level; the same object for equal recipes."""
        return _build(self)

    def levels(self) -> tuple[tuple[int, MeshRecipe], ...]:
        """`(triangles, recipe)` of this level and all simpler ones; the first call prepares and caches them."""
        return _levels(self)

    def placement(self) -> np.ndarray:
        """`(4, 4)` transform from the file's axes and unit to where the mesh stands: a turn, a scale and a shift."""
        return _placement(self.path, self.up, self.front, self.height_m, self.unit_m)


@dataclass(frozen=True)
class AssetTexture:
    """A texture of an asset.

    Attributes:
        path: of the asset that holds it, or of the image itself.
        image: its number in the asset; "" if `path` is the image.

    Raises:
        UsageError: when built, where it cannot be read any more.
    """

    kind: ClassVar[str] = "asset"

    path: str
    image: str = ""

    def build(self) -> np.ndarray:
        """`(height, width, 4)` uint8 R, G, B, A as stored."""
        path, limits = Path(self.path), Limits()
        try:
            data = read_bounded(path, limits)
            if self.image:
                document = GltfDocument.parse(data, AssetFolder(path.parent, limits))
                data = image_bytes(document, int(self.image))
            return checked_image(data, limits)
        except (BadAsset, OSError, ValueError) as error:
            raise UsageError(f"texture '{self.path}': {error}") from None


@lru_cache(maxsize=2048)
def _build(recipe: AssetMesh) -> Mesh:
    file = _file(recipe)
    mesh = file.parts[recipe.part].mesh
    if recipe.detail:
        found = _simpler(file, recipe.part)
        if recipe.detail > len(found):
            raise UsageError(
                f"asset '{recipe.path}': part {recipe.part} has {len(found)} simpler levels, not {recipe.detail}"
            )
        mesh = found[recipe.detail - 1]
    matrix = recipe.placement()
    turn = matrix[:3, :3] / np.cbrt(np.linalg.det(matrix[:3, :3]))
    vertices = mesh.vertices.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    normals = mesh.normals.astype(np.float64) @ turn.T
    return replace(mesh, vertices=vertices.astype(np.float32), normals=normals.astype(np.float32))


@lru_cache(maxsize=2048)
def _levels(recipe: AssetMesh) -> tuple[tuple[int, MeshRecipe], ...]:
    file = _file(recipe)
    counts = [len(file.parts[recipe.part].mesh.faces), *(len(mesh.faces) for mesh in _simpler(file, recipe.part))]
    return tuple((counts[detail], replace(recipe, detail=detail)) for detail in range(recipe.detail, len(counts)))


def _file(recipe: AssetMesh) -> AssetFile:
    file = kept_asset_file(recipe.path)
    if recipe.digest not in ("", file.digest):
        raise UsageError(
            f"asset '{recipe.path}': its content has changed since the scene was made "
            f"({file.digest} instead of {recipe.digest}); put the file back that it was made with"
        )
    if not 0 <= recipe.part < len(file.parts):
        raise UsageError(f"asset '{recipe.path}': there is no part {recipe.part}, it has {len(file.parts)}")
    return file


def _simpler(file: AssetFile, part: int) -> tuple[Mesh, ...]:
    """The simpler levels of a part, as far as there is something left of it and each has fewer triangles."""
    found: list[Mesh] = []
    before = len(file.parts[part].mesh.faces)
    for row in _asset_levels(file.path, file.digest):
        mesh = row[part]
        if mesh is None or len(mesh.faces) >= before:
            break
        found.append(mesh)
        before = len(mesh.faces)
    return tuple(found)


@lru_cache(maxsize=512)
def _asset_levels(path: str, digest: str) -> tuple[tuple[Mesh | None, ...], ...]:
    return cached_levels([part.mesh for part in kept_asset_file(path).parts], digest)


@lru_cache(maxsize=2048)
def _placement(path: str, up: str, front: str, height_m: float | None, unit_m: float) -> np.ndarray:
    along_up, along_front = np.array(AXES[up], np.float64), np.array(AXES[front], np.float64)
    turn = np.stack([np.cross(along_up, along_front), along_up, along_front])
    low, high = np.sort(kept_asset_file(path).bounds @ turn.T, axis=0)
    if height_m is not None and not high[1] > low[1]:
        raise UsageError(f"asset '{path}': it is flat along {up}, so no height_m can be given to it")
    scale = unit_m if height_m is None else height_m / (high[1] - low[1])
    matrix = np.eye(4)
    matrix[:3, :3] = scale * turn
    matrix[:3, 3] = -scale * np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2])
    matrix.flags.writeable = False
    return matrix
