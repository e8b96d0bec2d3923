"""Triangle meshes: the arrays that are drawn, the recipes that make them, and their normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh in its own axes (`rendering.geometry`).

    Attributes:
        vertices: `(n, 3)` float32. A corner whose faces do not shade alike stands once for each normal.
        normals: `(n, 3)` float32 unit vectors that point outwards.
        faces: `(m, 3)` uint32 indices, anticlockwise seen from outside.

    Raises:
        ValueError: an array has another shape or type, or a face names a vertex that does not exist.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray

    def __post_init__(self) -> None:
        for name, dtype in (("vertices", "float32"), ("normals", "float32"), ("faces", "uint32")):
            array = getattr(self, name)
            if array.dtype.name != dtype or array.ndim != 2 or array.shape[1] != 3:
                raise ValueError(f"mesh: {name} must be {dtype} (n, 3), got {array.dtype} {array.shape}")
        if self.normals.shape != self.vertices.shape:
            raise ValueError(f"mesh: {len(self.vertices)} vertices but {len(self.normals)} normals")
        if self.faces.size and int(self.faces.max()) >= len(self.vertices):
            raise ValueError(f"mesh: a face names vertex {self.faces.max()}, there are {len(self.vertices)}")


class MeshRecipe(Protocol):
    """What a scene stores of a mesh: the few values that build the same arrays again.

    A recipe is a frozen dataclass of plain values, hashable, with a `kind` that names it in stored scenes.
    """

    kind: ClassVar[str]

    def __hash__(self) -> int: ...

    def build(self) -> Mesh:
        """The mesh; the same arrays for equal recipes."""
        ...


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
