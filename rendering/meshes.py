"""Triangle meshes: the arrays that are drawn, the recipes that make them, and their normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh in its own axes (`rendering.geometry`).

    Attributes:
        vertices: `(n, 3)` float32. A corner whose faces do not shade alike stands once for each normal.
        normals: `(n, 3)` float32 unit vectors that point outwards.
        faces: `(m, 3)` uint32 indices, anticlockwise seen from outside.
        uvs: `(n, 2)` float32 places in the textures, or None; (0, 0) is the top left corner of the picture and v runs
            down (glTF 2.0, section 3.8.3).
        colours: `(n, 4)` float32 linear R, G, B, alpha that multiply the base colour, or None.

    Raises:
        ValueError: an array has another shape or type, or a face names a vertex that does not exist.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    uvs: np.ndarray | None = None
    colours: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name, (dtype, columns) in _ARRAYS.items():
            array = getattr(self, name)
            if array is None and name in _OPTIONAL:
                continue
            if array.dtype.name != dtype or array.ndim != 2 or array.shape[1] != columns:
                raise ValueError(f"mesh: {name} must be {dtype} (n, {columns}), got {array.dtype} {array.shape}")
            if name != "faces" and len(array) != len(self.vertices):
                raise ValueError(f"mesh: {len(self.vertices)} vertices but {len(array)} {name}")
        if self.faces.size and int(self.faces.max()) >= len(self.vertices):
            raise ValueError(f"mesh: a face names vertex {self.faces.max()}, there are {len(self.vertices)}")


_ARRAYS = {"vertices": ("float32", 3), "normals": ("float32", 3), "faces": ("uint32", 3), "uvs": ("float32", 2),
           "colours": ("float32", 4)}  # fmt: skip
_OPTIONAL = ("uvs", "colours")


class MeshRecipe(Protocol):
    """What a scene stores of a mesh: the few values that build the same arrays again.

    A recipe is a frozen dataclass of plain values, hashable, with a `kind` that names it in stored scenes; it turns
    the lists that come out of JSON into tuples. It may also list simpler versions of itself (`HasLevels`).
    """

    kind: ClassVar[str]

    def __hash__(self) -> int: ...

    def build(self) -> Mesh:
        """The mesh; the same arrays for equal recipes."""
        ...


@runtime_checkable
class HasLevels(Protocol):
    """A recipe that has versions with fewer triangles, from which the renderer chooses by size in the frame."""

    def levels(self) -> tuple[tuple[int, MeshRecipe], ...]:
        """`(triangles, recipe)` of every version, the recipe's own first, ever fewer triangles."""
        ...


@dataclass(frozen=True)
class Plane:
    """A flat rectangle in the plane y = 0 that faces +y, with its texture repeated over it.

    Attributes:
        width_m: extent along x.
        length_m: extent along z.
        texture_m: side of one repetition of the texture.
    """

    kind: ClassVar[str] = "plane"

    width_m: float = 1.0
    length_m: float = 1.0
    texture_m: float = 1.0

    def __post_init__(self) -> None:
        if not min(self.width_m, self.length_m, self.texture_m) > 0:
            raise ValueError(f"plane: width_m, length_m and texture_m must be above 0, got {self}")

    def build(self) -> Mesh:
        """Two triangles."""
        corners = np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)]) * (self.width_m / 2, self.length_m / 2)
        vertices = np.column_stack([corners[:, 0], np.zeros(4), corners[:, 1]]).astype(np.float32)
        normals = np.tile(np.array([0, 1, 0], np.float32), (4, 1))
        faces = np.array([(0, 1, 2), (0, 2, 3)], np.uint32)
        return Mesh(vertices, normals, faces, uvs=(corners / self.texture_m).astype(np.float32))


def shade(positions: np.ndarray, triangles: np.ndarray, crease_deg: float = 40.0) -> Mesh:
    """A mesh from bare triangles: smooth where neighbouring faces differ by less than the crease angle, else sharp.

    At each corner the normals of the faces around that position are averaged, weighted by area, over those within the
    crease angle of the corner's own face.

    Args:
        positions: `(p, 3)` points, each standing once.
        triangles: `(m, 3)` indices into them, anticlockwise seen from outside; none of zero area.
        crease_deg: largest angle between two faces that shade as one surface.
    """
    corners = positions[triangles].astype(np.float64)
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    units = areas / np.linalg.norm(areas, axis=1, keepdims=True)

    point_of_corner = triangles.ravel()
    face_of_corner = np.repeat(np.arange(len(triangles)), 3)
    own, other = _corners_at_same_point(point_of_corner)
    alike = np.einsum("ij,ij->i", units[face_of_corner[own]], units[face_of_corner[other]]) > np.cos(
        np.radians(crease_deg)
    )
    normals = np.zeros((len(point_of_corner), 3))
    np.add.at(normals, own[alike], areas[face_of_corner[other[alike]]])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)

    first, index = unique_rows(np.column_stack([point_of_corner, np.round(normals, 6)]))
    return Mesh(
        positions[point_of_corner[first]].astype(np.float32),
        normals[first].astype(np.float32),
        index.reshape(-1, 3).astype(np.uint32),
    )


def unique_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each different row of `(n, k)` numbers first stands, in ascending order, and which of them each row is.

    The same as `numpy.unique` along axis 0, in a fifth of the time.
    """
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    new = np.concatenate([[True], np.any(ordered[1:] != ordered[:-1], axis=1)])
    index = np.empty(len(rows), np.intp)
    index[order] = np.cumsum(new) - 1
    return order[new], index


def _corners_at_same_point(point_of_corner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All ordered pairs of corners, itself included, that lie at the same point."""
    order = np.argsort(point_of_corner, kind="stable")
    counts = np.bincount(point_of_corner)
    starts = np.cumsum(counts) - counts
    repeats = counts[point_of_corner[order]]
    own = np.repeat(order, repeats)
    within = np.arange(len(own)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    other = order[np.repeat(starts[point_of_corner[order]], repeats) + within]
    return own, other
