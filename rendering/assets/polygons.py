"""Polygons in space, cut into triangles."""

from __future__ import annotations

import numpy as np

_MOST_CORNERS = 128  # beyond, the time for ears grows too fast


def triangulate_polygon(points: np.ndarray) -> np.ndarray:
    """`(n - 2, 3)` indices of triangles that fill a polygon, turning the way that it does.

    A fan where no triangle of it is turned over, which is every convex polygon and most others; else ears are cut off
    one by one (Meisters, "Polygons have ears", 1975).

    Args:
        points: `(n, 3)` corners in order, nearly in one plane.
    """
    count = len(points)
    normal = np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0)  # Newell
    for start in range(count if count <= _MOST_CORNERS else 0):
        turned = np.roll(points, -start, axis=0) - points[start]
        if (np.cross(turned[1:-1], turned[2:]) @ normal >= 0).all():
            return _fan(count, start)
    return _ears(_flattened(points, normal)) if count <= _MOST_CORNERS else _fan(count, 0)


def _fan(count: int, start: int) -> np.ndarray:
    order = (np.arange(count) + start) % count
    return np.column_stack([np.repeat(order[0], count - 2), order[1:-1], order[2:]])


def _flattened(points: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """`(n, 2)`: the polygon seen along its normal, anticlockwise."""
    axis = int(np.argmax(np.abs(normal)))
    flat = np.delete(points - points[0], axis, axis=1)
    # Dropping y mirrors the plane once more than dropping x or z does.
    return flat if (normal[axis] > 0) == (axis != 1) else flat[:, ::-1]


def _ears(flat: np.ndarray) -> np.ndarray:
    """Indices of the triangles of an anticlockwise polygon in the plane."""
    left, triangles = list(range(len(flat))), []
    while len(left) > 3:
        ring = flat[left]
        before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
        area = _cross(ring - before, after - ring)
        ear = int(np.argmax(area))  # where all is degenerate: any
        for place in np.argsort(-area, kind="stable"):
            if area[place] <= 0:
                break
            if not _covers(before[place], ring[place], after[place], ring):
                ear = int(place)
                break
        triangles.append((left[ear - 1], left[ear], left[(ear + 1) % len(left)]))
        left.pop(ear)
    return np.array([*triangles, tuple(left)])


def _covers(a: np.ndarray, b: np.ndarray, c: np.ndarray, ring: np.ndarray) -> bool:
    """Whether another corner lies in the triangle or on the cut; corners at the same places do not count."""
    others = ring[(ring != a).any(axis=1) & (ring != b).any(axis=1) & (ring != c).any(axis=1)]
    sides = [_cross(end - start, others - start) for start, end in ((a, b), (b, c), (c, a))]
    return bool(np.all(np.array(sides) >= 0, axis=0).any())


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    area: np.ndarray = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    return area
