"""House bodies of so many bays by so many floors, with roofs."""

from __future__ import annotations

import numpy as np

from rendering.meshes import Mesh
from rendering.streets.sketch import Sketch, linear

ROOFS = ("flat", "gable", "hip", "mansard", "cross gable")
"""Forms of roofs by number."""

DEPTH_BAYS = 3
_AWNINGS = {1: linear(150, 52, 48), 3: linear(44, 84, 64), 4: linear(206, 196, 170)}
_TILES_A_PICTURE = 4
_SLATE, _CHIMNEY, _LEDGE, _POT = (
    linear(214, 206, 202),
    linear(190, 150, 128),
    linear(226, 222, 214),
    linear(180, 100, 70),
)


def walls(bays: float, floors: float, first: float) -> Mesh:
    """Four walls from floor `first` to the top: a bay wide and deep and a floor high is 1; the front is z = 0."""
    sketch = Sketch()
    half, depth = bays / 2, float(DEPTH_BAYS)
    corners = [(-half, 0.0), (half, 0.0), (half, -depth), (-half, -depth)]
    lengths = [bays, depth, bays, depth]
    share = _TILES_A_PICTURE
    for k, length in enumerate(lengths):
        (x0, z0), (x1, z1) = corners[k], corners[(k + 1) % 4]
        u0, u1 = k * 1.0 / share, (k + length) / share
        v0, v1 = (0.0, -(floors - first) / share) if first else (1.0, 0.0)
        sketch.polygon(
            [(x0, first, z0), (x1, first, z1), (x1, floors, z1), (x0, floors, z0)],
            uvs=[(u0, v0), (u1, v0), (u1, v1), (u0, v1)],
            inside=(0, (first + floors) / 2, -depth / 2),
        )
    return sketch.mesh(coloured=False, textured=True)


def front_trim(bays: float, floors: float, kind: float) -> Mesh:
    """Ledges and what juts out of a front: 0 ledges, 1, 3 and 4 an awning too, 2 balconies."""
    sketch = Sketch()
    half, style = bays / 2, int(kind)
    sketch.box((-half - 0.02, floors - 0.12, -0.1), (half + 0.02, floors, 0.09), _LEDGE, bottom=True)
    sketch.box((-half, 0.96, -0.1), (half, 1.03, 0.06), _LEDGE, bottom=True)
    if style in _AWNINGS:
        points = [
            (-half + 0.1, 0.95, 0.0),
            (half - 0.1, 0.95, 0.0),
            (half - 0.1, 0.76, 0.42),
            (-half + 0.1, 0.76, 0.42),
        ]
        cloth = _AWNINGS[style]
        sketch.polygon(points, cloth, inside=(0, 0, -1))
        sketch.polygon(points, cloth, inside=(0, 5, 5))
        sketch.box((-half + 0.1, 0.7, 0.41), (half - 0.1, 0.76, 0.43), cloth, bottom=True)
    for floor in range(1, int(floors)):
        for bay in range(int(bays)):
            x = bay - half + 0.5
            if style == 2 and (bay + floor) % 2 == 0:
                sketch.box((x - 0.42, floor + 0.02, 0.0), (x + 0.42, floor + 0.08, 0.36), _LEDGE, bottom=True)
                for k in range(9):
                    at = x - 0.4 + 0.1 * k
                    sketch.box((at - 0.012, floor + 0.08, 0.33), (at + 0.012, floor + 0.36, 0.35), linear(50, 52, 54))
                sketch.box((x - 0.42, floor + 0.34, 0.32), (x + 0.42, floor + 0.38, 0.36), linear(50, 52, 54))
    return sketch.mesh()


def roof(bays: float, floors: float, form: float) -> Mesh:
    """What closes a house above: a name of `ROOFS` by number; its height fits floors of 3 m and bays of 3 m."""
    sketch, name = Sketch(), ROOFS[int(form)]
    if name == "flat":
        _flat_roof(sketch, bays, floors)
        return sketch.mesh()
    if name == "mansard":
        _mansard(sketch, bays, floors)
    else:
        _pitched_roof(sketch, bays, floors, name)
    _chimneys(sketch, bays, floors)
    return sketch.mesh()


def _flat_roof(sketch: Sketch, bays: float, top: float) -> None:
    """A deck behind a parapet, with a lift house."""
    x0, x1, z0, z1 = -bays / 2, bays / 2, -float(DEPTH_BAYS), 0.0
    sketch.box((x0, top, z0), (x1, top + 0.02, z1), linear(130, 128, 124))
    for low, high in (
        ((x0, top, z1 - 0.08), (x1, top + 0.2, z1)),
        ((x0, top, z0), (x1, top + 0.2, z0 + 0.08)),
        ((x0, top, z0), (x0 + 0.08, top + 0.2, z1)),
        ((x1 - 0.08, top, z0), (x1, top + 0.2, z1)),
    ):
        sketch.box(low, high, _LEDGE)
    sketch.box((x0 + 0.4, top, z0 + 0.6), (x0 + 1.1, top + 0.5, z0 + 1.4), linear(150, 148, 146))


def _mansard(sketch: Sketch, bays: float, top: float) -> None:
    """Steep slates with a dormer over each bay."""
    x0, x1, z0, z1 = -bays / 2, bays / 2, -float(DEPTH_BAYS), 0.0
    foot = [(x0, top, z0), (x1, top, z0), (x1, top, z1), (x0, top, z1)]
    rim = [(x0 + 0.25, top + 0.75, z0 + 0.25), (x1 - 0.25, top + 0.75, z0 + 0.25),
           (x1 - 0.25, top + 0.75, z1 - 0.25), (x0 + 0.25, top + 0.75, z1 - 0.25)]  # fmt: skip
    sketch.loft([foot, rim], _SLATE, (False, True))
    for bay in range(int(bays)):
        x, z = bay + x0 + 0.5, z1 - 0.01
        sketch.box((x - 0.2, top + 0.12, z1 - 0.3), (x + 0.2, top + 0.66, z1 - 0.02), _LEDGE)
        pane = [
            (x - 0.15, top + 0.18, z),
            (x + 0.15, top + 0.18, z),
            (x + 0.15, top + 0.58, z),
            (x - 0.15, top + 0.58, z),
        ]
        sketch.polygon(pane, linear(50, 56, 62))


def _pitched_roof(sketch: Sketch, bays: float, top: float, name: str) -> None:
    """Tiles that rise to a ridge along the street: hipped, or with gables, one of them across where it is named so."""
    half, depth, over = bays / 2, float(DEPTH_BAYS), 0.1
    x0, x1, z0, z1 = -half, half, -depth, 0.0
    inside = (0.0, top, -depth / 2)
    rise = 0.95 if name != "hip" else 0.8
    inset = min(1.1, half * 0.8) if name == "hip" else -over
    a, b = (x0 - over, top, z1 + over), (x1 + over, top, z1 + over)
    c, d = (x1 + over, top, z0 - over), (x0 - over, top, z0 - over)
    e, f = (x0 + inset, top + rise, -depth / 2), (x1 - inset, top + rise, -depth / 2)
    for face in ((a, b, f, e), (c, d, e, f), (b, c, f), (d, a, e)):
        if len(face) == 3 and name != "hip":  # a gable: wall up to the ridge, under the tiles
            points = np.array(face)
            points[:, 0] -= np.sign(points[:, 0]) * over
            sketch.polygon(points, _LEDGE, inside=inside)
        else:
            sketch.polygon(face, _SLATE, inside=inside)
    if name == "cross gable":
        _cross_gable(sketch, top, min(0.9, half * 0.7), inside)


def _cross_gable(sketch: Sketch, top: float, width: float, inside: tuple[float, float, float]) -> None:
    peak, back = top + 0.85, inside[2]
    sketch.polygon([(-width, top, 0.02), (width, top, 0.02), (0, peak, 0.02)], _LEDGE, inside=inside)
    for sign in (-1, 1):
        eave = sign * (width + 0.08)
        slope = [(eave, top - 0.02, 0.12), (0, peak + 0.03, 0.12), (0, peak + 0.03, back), (eave, top - 0.02, back)]
        sketch.polygon(slope, _SLATE, inside=(0, top - 1, -1))


def _chimneys(sketch: Sketch, bays: float, top: float) -> None:
    x0, x1, z = -bays / 2, bays / 2, -float(DEPTH_BAYS) / 2
    for x in (x0 + 0.15, x1 - 0.4) if bays > 3 else (x1 - 0.4,):
        sketch.box((x, top + 0.3, z - 0.2), (x + 0.28, top + 1.3, z + 0.2), _CHIMNEY)
        sketch.box((x + 0.08, top + 1.3, z - 0.08), (x + 0.2, top + 1.45, z + 0.08), _POT)
