"""Levels of detail: the same asset with ever fewer triangles, for when it is small in the frame.

Edges are collapsed where the quadric error is least (Garland and Heckbert, "Surface simplification using quadric error
metrics", SIGGRAPH 1997), over all parts together, so that no gap opens between them. Normals, texture coordinates and
colours are then taken from the nearest place of the original on the same smooth patch, so that seams stay sharp.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from rendering.assets.triangle_soup import TriangleSoup, crosses, diagonal, face_normals, gather, spread, weights_within
from rendering.meshes import Mesh, unique_rows

FEWEST_TRIANGLES = 48
"""Levels go on until one would have fewer."""

_NEIGHBOURS = 16
_DISCOLOURED_PX = 2.0
_DISCOLOURED_SHARE = 0.04
_ONE_AT_A_TIME = threading.Lock()  # the library keeps the mesh that it works on in one global variable


def simplified_levels(meshes: Sequence[Mesh]) -> tuple[tuple[Mesh | None, ...], ...]:
    """One row a level, each with about half the triangles of the one before, the original not among them.

    A level is kept only while, drawn at two pixels a triangle, it strays from the original by less than a pixel and
    shows another material, colour or place of the texture on hardly more of itself than a line of two pixels' breadth
    across it has. The same meshes give the same levels.

    Args:
        meshes: the parts of one asset.

    Returns:
        In each level one mesh a part, None where nothing is left of the part.
    """
    soup = gather(meshes)
    points, triangles = _weld(soup.corners)
    levels: list[tuple[Mesh | None, ...]] = []
    count = len(triangles)
    scale = diagonal(meshes)
    while count // 2 >= FEWEST_TRIANGLES:
        fewer_points, fewer = _collapse(points, triangles, count // 2)
        if not FEWEST_TRIANGLES // 2 <= len(fewer) < 0.75 * count:
            break
        corners = fewer_points[fewer]
        pixel = 1 / np.sqrt(2 * len(fewer))  # as a share of the asset's breadth in the frame
        if _stray(soup, corners) > pixel:
            break
        part, values = _dress(soup, corners)
        if _discoloured(soup, corners, part, values) > max(_DISCOLOURED_PX * pixel, _DISCOLOURED_SHARE):
            break
        levels.append(_split(corners * scale, part, values, meshes))
        count = len(fewer)
    return tuple(levels)


def _weld(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = corners.reshape(-1, 3)
    first, index = unique_rows(points)
    return points[first], index.reshape(-1, 3).astype(np.int32)


def _collapse(points: np.ndarray, triangles: np.ndarray, target: int) -> tuple[np.ndarray, np.ndarray]:
    # Imported here: only who simplifies needs it.
    import fast_simplification

    with _ONE_AT_A_TIME:
        fewer_points, fewer = fast_simplification.simplify(points, triangles, target_count=target)
    fewer_points, fewer = np.asarray(fewer_points, np.float64), np.asarray(fewer, np.int64)
    areas = np.linalg.norm(crosses(fewer_points[fewer]), axis=1)
    return fewer_points, fewer[areas > 1e-14]


def _stray(soup: TriangleSoup, corners: np.ndarray) -> float:
    """How far 98 of 100 points of either surface lie at most from the other, as a share of the diagonal."""
    here, face_here = soup.samples
    there, face_there = spread(corners)
    normals_there = face_normals(corners)
    return max(
        _distance(here, there, normals_there[face_there]),
        _distance(there, here, soup.normals[face_here]),
    )


def _distance(points: np.ndarray, others: np.ndarray, normals: np.ndarray) -> float:
    distance, nearest = cKDTree(others).query(points)
    off_plane = np.abs(np.einsum("ij,ij->i", points - others[nearest], normals[nearest]))
    # The nearest sample lies beside the nearest point; what is along the surface counts only beyond their spacing.
    along = distance - 3 * np.median(distance)
    return float(np.quantile(np.maximum(off_plane, along), 0.98))


def _discoloured(soup: TriangleSoup, corners: np.ndarray, part: np.ndarray, values: np.ndarray) -> float:
    """The share of a level's surface that shows what the original does not show thereabouts."""
    here, face_here = soup.samples
    looks_here = _looks(here, face_here, soup.corners, soup.part, soup.values)
    there, face_there = spread(corners)
    looks_there = _looks(there, face_there, corners, part, values)
    _, near = cKDTree(here).query(there, k=min(4, len(here)))
    return float((np.abs(looks_here[near] - looks_there[:, None]).max(axis=2).min(axis=1) > 0.03).mean())


def _looks(
    points: np.ndarray, face: np.ndarray, corners: np.ndarray, part: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """`(n, 7)`: part, texture coordinate and colour at points of triangles."""
    blended = np.einsum("ni,nik->nk", weights_within(points, corners[face]), values[face, :, 3:])
    return np.column_stack([part[face], blended])


def _dress(soup: TriangleSoup, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of each new triangle, and the values of its corners, from the original."""
    places, face_of_sample = soup.samples
    tree = cKDTree(places)
    normals = face_normals(corners)
    source = _alike(soup, tree, face_of_sample, corners.mean(axis=1), normals)
    values = np.empty((len(corners), 3, soup.values.shape[2]))
    for corner in range(3):
        points = corners[:, corner]
        _, near = tree.query(points, k=min(_NEIGHBOURS, len(places)))
        candidates = face_of_sample[near]
        same = soup.patch[candidates] == soup.patch[source][:, None]
        chosen = np.where(same.any(axis=1), candidates[np.arange(len(points)), same.argmax(axis=1)], source)
        weights = weights_within(points, soup.corners[chosen])
        values[:, corner] = np.einsum("ni,nik->nk", weights, soup.values[chosen])
    shading = values[:, :, :3]
    lengths = np.linalg.norm(shading, axis=2, keepdims=True)
    shading = shading / np.maximum(lengths, 1e-12)
    backwards = np.einsum("nij,nj->ni", shading, normals) < 0.1
    values[:, :, :3] = np.where(backwards[:, :, None] | (lengths < 1e-6), normals[:, None], shading)
    return soup.part[source], values


def _split(
    corners: np.ndarray, part: np.ndarray, values: np.ndarray, meshes: Sequence[Mesh]
) -> tuple[Mesh | None, ...]:
    """One mesh a part."""
    return tuple(
        _mesh(corners[part == index], values[part == index], mesh) if (part == index).any() else None
        for index, mesh in enumerate(meshes)
    )


def _alike(
    soup: TriangleSoup, tree: cKDTree, face_of_sample: np.ndarray, centres: np.ndarray, normals: np.ndarray
) -> np.ndarray:
    """The original triangle that each new one stands for: near its centre, and facing the same way."""
    distance, near = tree.query(centres, k=min(_NEIGHBOURS, len(face_of_sample)))
    faces = face_of_sample[near]
    agreement = np.einsum("nkj,nj->nk", soup.normals[faces], normals)
    best = np.argmin(distance + 0.05 * (1 - agreement), axis=1)
    return np.asarray(faces[np.arange(len(faces)), best])


def _mesh(corners: np.ndarray, values: np.ndarray, like: Mesh) -> Mesh:
    """An indexed mesh with the attributes that the original part has."""
    columns = [corners, values[:, :, :3]]
    columns += [values[:, :, 3:5]] if like.uvs is not None else []
    columns += [values[:, :, 5:9]] if like.colours is not None else []
    rows = np.concatenate(columns, axis=2).reshape(3 * len(corners), -1).astype(np.float32)
    first, index = unique_rows(rows)
    rows, at = rows[first], 6
    uvs = colours = None
    if like.uvs is not None:
        uvs, at = np.ascontiguousarray(rows[:, 6:8]), 8
    if like.colours is not None:
        colours = np.ascontiguousarray(rows[:, at : at + 4])
    faces = index.reshape(-1, 3).astype(np.uint32)
    return Mesh(np.ascontiguousarray(rows[:, :3]), np.ascontiguousarray(rows[:, 3:6]), faces, uvs, colours)
