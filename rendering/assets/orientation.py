"""Which side of a surface is its outside: closed pieces that face inwards are turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from rendering.assets.parts import RawPart
from rendering.meshes import unique_rows


def is_closed(triangles: np.ndarray) -> bool:
    """Whether every edge is passed as often one way as the other; `(m, 3)` indices of welded points."""
    return bool(_closed_pieces(triangles, np.zeros(int(triangles.max()) + 1, np.intp), 1)[0])


def turn_outwards(parts: Sequence[RawPart]) -> tuple[list[RawPart], int]:
    """Parts in which every closed piece encloses a volume that is above 0, and how many pieces were turned for that.

    A piece may span several parts. One that lies within the box of another is left alone: it may be a hollow.
    """
    corners = np.concatenate([part.positions[part.triangles] for part in parts])
    _, index = unique_rows(corners.reshape(-1, 3))
    triangles = index.reshape(-1, 3)
    pieces, of_point = _pieces(triangles)
    of_triangle = of_point[triangles[:, 0]]
    centred = corners - corners.reshape(-1, 3).mean(axis=0)
    volumes = np.bincount(
        of_triangle, np.einsum("ij,ij->i", centred[:, 0], np.cross(centred[:, 1], centred[:, 2])), pieces
    )
    wrong = _closed_pieces(triangles, of_point, pieces) & (volumes < 0)
    wrong &= ~_within_another(corners, of_triangle, pieces, np.flatnonzero(wrong))
    if not wrong.any():
        return list(parts), 0
    turned, start = [], 0
    for part in parts:
        turned.append(_turned(part, wrong[of_triangle[start : start + len(part.triangles)]]))
        start += len(part.triangles)
    return turned, int(wrong.sum())


def _pieces(triangles: np.ndarray) -> tuple[int, np.ndarray]:
    """How many pieces hang together, and the piece of every point."""
    count = int(triangles.max()) + 1
    rows, columns = triangles.ravel(), np.roll(triangles, 1, axis=1).ravel()
    pieces, of_point = connected_components(coo_matrix((np.ones(len(rows)), (rows, columns)), (count, count)), False)
    return int(pieces), of_point


def _closed_pieces(triangles: np.ndarray, of_point: np.ndarray, pieces: int) -> np.ndarray:
    """`(pieces,)` bool: whether each edge of a piece is passed as often one way as the other."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).astype(np.int64)
    key = edges.min(axis=1) * (int(triangles.max()) + 1) + edges.max(axis=1)
    _, edge = np.unique(key, return_inverse=True)
    balance = np.bincount(edge, np.where(edges[:, 0] < edges[:, 1], 1, -1))
    closed = np.ones(pieces, bool)
    closed[of_point[edges[balance[edge] != 0, 0]]] = False
    return closed


def _within_another(corners: np.ndarray, of_triangle: np.ndarray, pieces: int, asked: np.ndarray) -> np.ndarray:
    """`(pieces,)` bool: whether the box of a piece lies in that of another; False for those not asked about."""
    low, high = np.full((pieces, 3), np.inf), np.full((pieces, 3), -np.inf)
    np.minimum.at(low, of_triangle, corners.min(axis=1))
    np.maximum.at(high, of_triangle, corners.max(axis=1))
    within = np.zeros(pieces, bool)
    for piece in asked:
        around = (low <= low[piece]).all(axis=1) & (high >= high[piece]).all(axis=1)
        around[piece] = False
        within[piece] = around.any()
    return within


def _turned(part: RawPart, wrong: np.ndarray) -> RawPart:
    """The part with some triangles turned over, and with them normals that pointed the same way as they did."""
    triangles = np.where(wrong[:, None], part.triangles[:, ::-1], part.triangles)
    if part.normals is None or not wrong.any():
        return replace(part, triangles=triangles)
    corners = part.positions[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    agreement = np.einsum("ij,ikj->i", faces, part.normals[triangles])
    normals = part.normals.copy()
    against = np.unique(triangles[wrong & (agreement < 0)])
    normals[against] *= -1
    return replace(part, triangles=triangles, normals=normals)
