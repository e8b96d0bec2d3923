"""All triangles of an asset at once, and points spread over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from rendering.meshes import Mesh

_SAMPLES = 20_000


@dataclass(frozen=True, eq=False)
class TriangleSoup:
    """All triangles of an asset, a row each.

    Attributes:
        corners: `(m, 3, 3)` float64, the asset scaled to a diagonal of 1.
        values: `(m, 3, k)` float64: normal, texture coordinate, colour of each corner.
        part: `(m,)` which part a triangle belongs to.
        patch: `(m,)` number of the smooth patch: triangles joined by shared vertices, normals and all.
    """

    corners: np.ndarray
    values: np.ndarray
    part: np.ndarray
    patch: np.ndarray

    @cached_property
    def normals(self) -> np.ndarray:
        """`(m, 3)` unit face normals."""
        return face_normals(self.corners)

    @cached_property
    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """`(s, 3)` points spread over the surface, at least one on each triangle, and the triangle of each."""
        return spread(self.corners)


def gather(meshes: Sequence[Mesh]) -> TriangleSoup:
    """The triangles of all parts of an asset."""
    scale = diagonal(meshes)
    corners, values, part, patch, patches = [], [], [], [], 0
    for index, mesh in enumerate(meshes):
        faces = mesh.faces.astype(np.int64)
        uvs = np.zeros((len(mesh.vertices), 2)) if mesh.uvs is None else mesh.uvs
        colours = np.ones((len(mesh.vertices), 4)) if mesh.colours is None else mesh.colours
        corners.append(mesh.vertices.astype(np.float64)[faces] / scale)
        values.append(np.hstack([mesh.normals, uvs, colours]).astype(np.float64)[faces])
        part.append(np.full(len(faces), index))
        links = coo_matrix(
            (np.ones(2 * len(faces)), (np.tile(faces[:, 0], 2), np.concatenate([faces[:, 1], faces[:, 2]]))),
            shape=(len(mesh.vertices),) * 2,
        )
        found, of_vertex = connected_components(links, directed=False)
        patch.append(of_vertex[faces[:, 0]] + patches)
        patches += found
    return TriangleSoup(*(np.concatenate(rows) for rows in (corners, values, part, patch)))


def diagonal(meshes: Sequence[Mesh]) -> float:
    """The diagonal of the box around all parts."""
    low = np.min([mesh.vertices.min(axis=0) for mesh in meshes], axis=0).astype(np.float64)
    high = np.max([mesh.vertices.max(axis=0) for mesh in meshes], axis=0).astype(np.float64)
    return float(np.linalg.norm(high - low))


def crosses(corners: np.ndarray) -> np.ndarray:
    """`(m, 3)` normals of triangles `(m, 3, 3)`, twice their area long."""
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def face_normals(corners: np.ndarray) -> np.ndarray:
    """`(m, 3)` unit normals of triangles."""
    twice = crosses(corners)
    normals: np.ndarray = twice / np.maximum(np.linalg.norm(twice, axis=1, keepdims=True), 1e-300)
    return normals


def spread(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points spread over triangles in proportion to their area, the same ones every time."""
    areas = np.linalg.norm(crosses(corners), axis=1)
    counts = np.maximum(np.rint(_SAMPLES * areas / areas.sum()), 1).astype(np.int64)
    face = np.repeat(np.arange(len(corners)), counts)
    within = np.arange(len(face)) - np.repeat(np.cumsum(counts) - counts, counts)
    # Points of Roberts' low-discrepancy sequence in the unit square, folded into the triangle.
    u, v = (0.5 + within * 0.7548776662466927) % 1, (0.5 + within * 0.5698402909980532) % 1
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    alone = counts[face] == 1
    weights = np.column_stack([1 - u - v, u, v])
    weights[alone] = 1 / 3
    return np.einsum("ni,nij->nj", weights, corners[face]), face


def weights_within(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """`(n, 3)` barycentric weights of points projected onto triangles, brought inside."""
    one, other, to = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], points - corners[:, 0]
    aa, ab, bb = (np.einsum("ij,ij->i", x, y) for x, y in ((one, one), (one, other), (other, other)))
    pa, pb = np.einsum("ij,ij->i", to, one), np.einsum("ij,ij->i", to, other)
    below = np.maximum(aa * bb - ab * ab, 1e-300)
    u, v = (bb * pa - ab * pb) / below, (aa * pb - ab * pa) / below
    weights = np.clip(np.column_stack([1 - u - v, u, v]), 0, 1)
    weights = np.nan_to_num(weights, nan=1 / 3)
    total: np.ndarray = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    return total
