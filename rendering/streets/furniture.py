"""Poles, street lights, traffic lights, signs and bollards: metres, standing on y = 0, facing +z."""

from __future__ import annotations

import numpy as np

from rendering.backgrounds import Colour
from rendering.meshes import Mesh
from rendering.streets.sketch import Sketch, linear

RED, BLUE, WHITE, YELLOW = linear(190, 24, 32), linear(24, 66, 150), linear(240, 240, 240), linear(236, 196, 40)
BLACK, GREEN, GREY = linear(24, 24, 26), linear(24, 110, 70), linear(120, 122, 124)


def pole(height: float, radius: float) -> Mesh:
    """A plain post; the material colours it."""
    sketch = Sketch()
    sketch.tube((0, 0, 0), (0, height, 0), (radius, radius * 0.8), sides=7, caps=True)
    sketch.tube((0, 0, 0), (0, min(1.0, height / 4), 0), (radius * 1.5, radius * 1.3), sides=7)
    return sketch.mesh(coloured=False)


def street_light(form: float) -> Mesh:
    """A lamp on a post; its arm reaches towards +z. Form 1 has two arms, 2 a lantern on top."""
    sketch, kind = Sketch(), int(form)
    height = (8.0, 9.0, 4.2)[kind]
    sketch.tube((0, 0, 0), (0, 1.2, 0), (0.11, 0.1), sides=7)
    sketch.tube((0, 1.2, 0), (0, height, 0), (0.075, 0.05), sides=7)
    if kind == 2:
        sketch.box((-0.16, height, -0.16), (0.16, height + 0.42, 0.16), linear(225, 222, 205), taper=-0.3, bottom=True)
        sketch.box((-0.24, height + 0.42, -0.24), (0.24, height + 0.56, 0.24), taper=0.8)
        return sketch.mesh()
    for side in (1, -1) if kind == 1 else (1,):
        sketch.tube((0, height - 0.05, 0), (0, height + 0.35, 0.6 * side), (0.05, 0.045), sides=6)
        sketch.tube((0, height + 0.35, 0.6 * side), (0, height + 0.45, 1.6 * side), (0.045, 0.04), sides=6)
        z0, z1 = sorted((1.4 * side, 2.1 * side))
        sketch.box((-0.13, height + 0.36, z0), (0.13, height + 0.52, z1), linear(205, 206, 204), taper=0.2, bottom=True)
    return sketch.mesh()


def mast(reach: float) -> Mesh:
    """A post of a traffic light with an arm towards -x of so many metres, 0 for none."""
    sketch = Sketch()
    sketch.tube((0, 0, 0), (0, 3.4 if not reach else 5.9, 0), (0.07, 0.06), sides=7, caps=True)
    if reach:
        sketch.tube((0, 5.7, 0), (-reach, 5.9, 0), (0.06, 0.045), sides=6, caps=True)
    return sketch.mesh(coloured=False)


def traffic_light(state: float) -> Mesh:
    """Three lamps in a box with a back plate; it stands on y = 0. State 0 red, 1 amber, 2 green."""
    sketch = Sketch()
    sketch.box((-0.27, -0.08, -0.03), (0.27, 1.06, 0.0), linear(36, 38, 40), bottom=True)
    sketch.box((-0.15, 0, -0.02), (0.15, 0.98, 0.2), linear(30, 32, 34), bottom=True)
    lamps = ((235, 40, 36), (250, 180, 40), (60, 235, 140))
    for k, levels in enumerate(lamps):
        on = k == int(state)
        colour = linear(*levels) if on else linear(*(int(0.22 * level) for level in levels))
        y = 0.82 - 0.32 * k
        turn = np.arange(9) * 2 * np.pi / 9
        ring = np.column_stack([0.105 * np.cos(turn), y + 0.105 * np.sin(turn), np.full(9, 0.206)])
        sketch.polygon(ring, colour, inside=(0, y, 0))
        sketch.box((-0.13, y + 0.09, 0.2), (0.13, y + 0.12, 0.36), linear(24, 26, 28), bottom=True)
    return sketch.mesh()


def sign(form: float) -> Mesh:
    """The face of a sign around the origin: discs, triangles, plates and panels by number."""
    sketch, kind = Sketch(), int(form) % 10
    if kind in (0, 1, 2):  # order: red ring, blue disc, no entry
        _plate(sketch, 24, 0.3, 0.0, (RED, BLUE, RED)[kind])
        if kind == 0:
            _plate(sketch, 24, 0.22, 0.006, WHITE)
            _panel(sketch, (-0.1, -0.1), (0.1, 0.1), 0.012, BLACK)
        else:
            _panel(sketch, (-0.2, -0.05) if kind == 2 else (-0.05, -0.18), (0.2, 0.05) if kind == 2 else (0.05, 0.18),
                   0.006, WHITE)  # fmt: skip
    elif kind in (3, 4):  # warning, give way
        turn = 90.0 if kind == 3 else -90.0
        _plate(sketch, 3, 0.42, 0.0, RED, turn)
        _plate(sketch, 3, 0.28, 0.006, WHITE, turn)
        if kind == 3:
            _panel(sketch, (-0.03, -0.1), (0.03, 0.1), 0.012, BLACK)
    elif kind == 5:  # stop
        _plate(sketch, 8, 0.34, 0.0, RED, 22.5)
        _panel(sketch, (-0.22, -0.06), (0.22, 0.06), 0.006, WHITE)
    elif kind == 6:  # parking
        _panel(sketch, (-0.3, -0.3), (0.3, 0.3), 0.0, BLUE)
        _panel(sketch, (-0.09, -0.2), (-0.02, 0.2), 0.006, WHITE)
        _panel(sketch, (-0.02, 0.02), (0.13, 0.2), 0.006, WHITE)
    else:  # directions and adverts
        size, colour = ((0.75, 0.4), (0.5, 0.85), (1.3, 0.55))[kind - 7], (GREEN, BLUE, WHITE)[kind - 7]
        x, y = size
        _panel(sketch, (-x, -y), (x, y), 0.0, colour)
        ink = WHITE if kind < 9 else BLACK
        for row in np.arange(y - 0.2, -y, -0.26).tolist():
            _panel(sketch, (-x * 0.8, row - 0.05), (x * (0.2 + 0.55 * abs(np.sin(9 * row))), row + 0.05), 0.006, ink)
    return sketch.mesh()


def bollard(form: float) -> Mesh:
    """A short post, or the lit plate of an island."""
    sketch = Sketch()
    if int(form) == 0:
        sketch.tube((0, 0, 0), (0, 0.95, 0), (0.075, 0.065), sides=7, caps=True)
        sketch.tube((0, 0.7, 0), (0, 0.82, 0), (0.085, 0.085), WHITE, sides=7)
    else:
        sketch.box((-0.16, 0, -0.12), (0.16, 1.0, 0.12), YELLOW, taper=0.1)
        sketch.box((-0.14, 0.5, -0.13), (0.14, 0.8, 0.13), WHITE)
    return sketch.mesh()


def _plate(sketch: Sketch, corners: int, radius: float, front: float, colour: Colour, turn_deg: float = 0.0) -> None:
    turn = np.arange(corners) * 2 * np.pi / corners + np.radians(turn_deg)
    ring = np.column_stack([radius * np.cos(turn), radius * np.sin(turn), np.full(corners, 0.02 + front)])
    sketch.polygon(ring, colour, inside=(0, 0, -1))
    if not front:
        sketch.polygon(ring - (0, 0, 0.03), GREY, inside=(0, 0, 1))


def _panel(sketch: Sketch, low: tuple[float, float], high: tuple[float, float], front: float, colour: Colour) -> None:
    z = 0.02 + front
    ring = np.array([(low[0], low[1], z), (high[0], low[1], z), (high[0], high[1], z), (low[0], high[1], z)])
    sketch.polygon(ring, colour, inside=(0, 0, -1))
    if not front:
        sketch.polygon(ring - (0, 0, 0.03), GREY, inside=(0, 0, 1))
