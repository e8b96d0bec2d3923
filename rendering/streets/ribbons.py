"""Meshes that follow a path: road, pavement, kerbs, painted lines, and walls beside them."""

from __future__ import annotations

import math

import numpy as np

from rendering.meshes import Mesh
from rendering.streets.path import Path
from rendering.streets.sketch import Sketch

_STEP_M = 6.0


def ribbon(*values: float) -> Mesh:
    """A level strip: path (4), from s, to s, from t, to t, height, metres a repetition of the texture."""
    path, (s0, s1, t0, t1, height, texture_m) = Path(*values[:4]), values[4:]
    sketch = Sketch()
    _strip(sketch, path, (s0, s1), (t0, height), (t1, height), texture_m)
    return sketch.mesh(coloured=False, textured=True)


def kerb(*values: float) -> Mesh:
    """A row of stones: path (4), from s, to s, t of the edge to the road, 1 for a road on the left else -1, height."""
    path, (s0, s1, t, side, height) = Path(*values[:4]), values[4:]
    sketch = Sketch()
    back = t + 0.14 * side
    if side > 0:
        _strip(sketch, path, (s0, s1), (t, 0.0), (t, height), 1.0)
        _strip(sketch, path, (s0, s1), (t, height), (back, height + 0.004), 1.0)
    else:
        _strip(sketch, path, (s0, s1), (t, height), (t, 0.0), 1.0)
        _strip(sketch, path, (s0, s1), (back, height + 0.004), (t, height), 1.0)
    return sketch.mesh(coloured=False, textured=True)


def line(*values: float) -> Mesh:
    """A painted line: path (4), from s, to s, t of its middle, width, length of a dash, of a gap (0: unbroken)."""
    path, (s0, s1, t, width, dash, gap) = Path(*values[:4]), values[4:]
    sketch = Sketch()
    starts = np.arange(s0, s1, dash + gap) if gap else np.array([s0])
    for start in starts.tolist():
        end = min(start + dash, s1) if gap else s1
        _strip(sketch, path, (start, end), (t - width / 2, 0.012), (t + width / 2, 0.012), 1.0)
    return sketch.mesh(coloured=False)


def stripes(*values: float) -> Mesh:
    """Bars side by side along the path, as a zebra crossing's: path (4), from s, to s, from t, to t, width, gap."""
    path, (s0, s1, t0, t1, width, gap) = Path(*values[:4]), values[4:]
    sketch = Sketch()
    for start in np.arange(t0, t1 - width / 2, width + gap).tolist():
        _strip(sketch, path, (s0, s1), (start, 0.012), (start + width, 0.012), 1.0)
    return sketch.mesh(coloured=False)


def hatch(*values: float) -> Mesh:
    """A box filled with crossed lines: path (4), from s, to s, from t, to t, distance of the lines, their width."""
    path, (s0, s1, t0, t1, distance, width) = Path(*values[:4]), values[4:]
    sketch = Sketch()
    reach = t1 - t0
    for sign in (1, -1):
        for start in np.arange(s0 - reach, s1, distance).tolist():
            low, high = max(start, s0), min(start + reach, s1)
            if high - low < 0.5:
                continue
            s = np.array([low, low + width, high + width, high])
            t = t0 + (s - start).clip(0, reach) if sign > 0 else t1 - (s - start).clip(0, reach)
            t[1], t[2] = t[0], t[3]
            flat = path.points(s, t)
            corners = np.column_stack([flat[:, 0], np.full(4, 0.012), flat[:, 1]])
            sketch.polygon(corners, inside=corners.mean(axis=0) - (0, 1, 0))
    return sketch.mesh(coloured=False)


def arrow(*values: float) -> Mesh:
    """An arrow painted on the road at the origin that points along +z: length."""
    (length,) = values
    sketch = Sketch()
    half = length / 2
    shaft = [(-0.08, -half), (0.08, -half), (0.08, half - 1.1), (-0.08, half - 1.1)]
    head = [(-0.35, half - 1.1), (0.35, half - 1.1), (0.0, half)]
    for outline in (shaft, head):
        points = [(x, 0.012, z) for x, z in outline]
        sketch.polygon(points, inside=np.mean(points, axis=0) - (0, 1, 0))
    return sketch.mesh(coloured=False)


def upright(*values: float) -> Mesh:
    """A wall along the path: path (4), from s, to s, t of its middle, thickness, foot, height, metres a repetition."""
    path, (s0, s1, t, thick, foot, height, texture_m) = Path(*values[:4]), values[4:]
    sketch = Sketch()
    left, right, top = t - thick / 2, t + thick / 2, foot + height
    _strip(sketch, path, (s0, s1), (left, foot), (left, top), texture_m)
    _strip(sketch, path, (s0, s1), (left, top), (right, top), texture_m)
    _strip(sketch, path, (s0, s1), (right, top), (right, foot), texture_m)
    for s, ahead in ((s0, -1), (s1, 1)):
        flat = path.points(np.array([s, s]), np.array([left, right]))
        low, high = (np.column_stack([flat[:, 0], np.full(2, y), flat[:, 1]]) for y in (foot, top))
        inner = path.point(s - ahead, t)
        uvs = np.array([(0, 0), (thick, 0), (thick, -height), (0, -height)]) / texture_m
        sketch.polygon([low[0], low[1], high[1], high[0]], uvs=uvs, inside=(inner[0], (foot + top) / 2, inner[1]))
    return sketch.mesh(coloured=False, textured=True)


def _strip(
    sketch: Sketch, path: Path, along: tuple[float, float], left: tuple[float, float], right: tuple[float, float],
    texture_m: float,
) -> None:  # fmt: skip
    """A surface between two lines beside the path, each (t, height), seen from above or from where left is left."""
    pieces = max(1, math.ceil(abs(along[1] - along[0]) / _STEP_M)) if path.curvature else 1
    if pieces == 1:
        _quad(sketch, path, along, left, right, texture_m)
        return
    n, rise, run = pieces + 1, right[1] - left[1], right[0] - left[0]
    s = np.linspace(*along, n)
    turn = math.radians(path.heading_deg) + path.curvature * s
    width = math.hypot(rise, run)
    points, normals, uvs = np.empty((2 * n, 3)), np.empty((2 * n, 3)), np.empty((2 * n, 2))
    for half, ((t, height), place) in enumerate(((left, 0.0), (right, width))):
        rows = slice(half * n, half * n + n)
        points[rows, ::2], points[rows, 1] = path.points(s, t), height
        normals[rows, 0], normals[rows, 1], normals[rows, 2] = -rise * np.cos(turn), run, -rise * np.sin(turn)
        uvs[rows, 0], uvs[rows, 1] = place, s
    if rise:
        uvs = uvs[:, ::-1]  # walls: v runs up them
    k = np.arange(pieces)
    faces = np.empty((2 * pieces, 3), np.int64)
    faces[::2], faces[1::2] = np.stack([k, k + n, k + n + 1], axis=1), np.stack([k, k + n + 1, k + 1], axis=1)
    sketch.patch(points, normals / width, faces, uvs=uvs / texture_m)


def _quad(
    sketch: Sketch, path: Path, along: tuple[float, float], left: tuple[float, float], right: tuple[float, float],
    texture_m: float,
) -> None:  # fmt: skip
    """A strip of one piece. Most are, and for four corners numpy takes several times as long as plain numbers."""
    rise, run = right[1] - left[1], right[0] - left[0]
    width = math.hypot(rise, run)
    start = math.radians(path.heading_deg)
    points, normals, uvs = [], [], []
    for (t, height), place in ((left, 0.0), (right, width)):
        for s in along:
            (x, z), turn = path.point(s, t), start + path.curvature * s
            points.append((x, height, z))
            normals.append((-rise * math.cos(turn) / width, run / width, -rise * math.sin(turn) / width))
            across, up = place / texture_m, s / texture_m
            uvs.append((up, across) if rise else (across, up))
    sketch.patch(np.array(points), np.array(normals), [(0, 2, 3), (0, 3, 1)], uvs=np.array(uvs))
