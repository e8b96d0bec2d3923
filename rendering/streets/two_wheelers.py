"""Bicycles and motorcycles: metres, front along +z."""

from __future__ import annotations

import numpy as np

from rendering.backgrounds import Colour
from rendering.meshes import Mesh
from rendering.streets.sketch import Sketch, linear
from rendering.streets.vehicles import DARK, LAMP, RIM, RUBBER, TAIL


def bicycle(part: float) -> Mesh:
    """Part 0 is the painted frame, part 1 wheels, saddle and handlebar."""
    sketch = Sketch()
    rear, front, crank = (0.0, 0.34, -0.52), (0.0, 0.34, 0.52), (0.0, 0.3, -0.08)
    seat, head = (0.0, 0.86, -0.24), (0.0, 0.84, 0.34)
    if part == 0:
        for a, b in ((crank, seat), (crank, head), (seat, head), (rear, seat), (rear, crank), (head, front)):
            sketch.tube(a, b, (0.022, 0.022), sides=4)
        return sketch.mesh()
    for hub in (rear, front):
        _hoop(sketch, hub, 0.34, 0.028, RUBBER)
        for k in range(6):
            turn = k * np.pi / 3
            end = (0.0, hub[1] + 0.32 * np.sin(turn), hub[2] + 0.32 * np.cos(turn))
            sketch.tube(hub, end, (0.008, 0.008), RIM, sides=3)
    sketch.box((-0.08, 0.93, -0.4), (0.08, 1.0, -0.12), DARK, taper=0.2)
    sketch.tube(seat, (0.0, 0.95, -0.26), (0.016, 0.016), RIM, sides=4)
    sketch.tube(head, (0.0, 1.04, 0.3), (0.018, 0.018), RIM, sides=4)
    sketch.tube((-0.28, 1.04, 0.24), (0.28, 1.04, 0.24), (0.018, 0.018), DARK, sides=4)
    sketch.box((-0.12, 0.28, -0.1), (0.12, 0.32, -0.06), DARK, bottom=True)
    sketch.box((-0.03, 0.66, -0.62), (0.03, 0.72, -0.58), TAIL)
    return sketch.mesh()


def motorcycle(part: float) -> Mesh:
    """Part 0 is the painted tank and shields, part 1 all else."""
    sketch = Sketch()
    if part == 0:
        sketch.box((-0.16, 0.72, -0.05), (0.16, 0.98, 0.38), taper=0.3)
        sketch.box((-0.12, 0.68, -0.78), (0.12, 0.84, -0.45), taper=0.3)
        sketch.box((-0.2, 0.8, 0.42), (0.2, 1.14, 0.6), taper=0.4, bottom=True)
        sketch.box((-0.08, 0.56, 0.5), (0.08, 0.64, 0.95), taper=0.2, bottom=True)
        return sketch.mesh()
    for z in (-0.68, 0.72):
        _hoop(sketch, (0.0, 0.31, z), 0.31, 0.075, RUBBER)
        sketch.disc((0.03, 0.31, z), 0.2, 1, RIM, 8)
        sketch.disc((-0.03, 0.31, z), 0.2, -1, RIM, 8)
    sketch.box((-0.15, 0.25, -0.35), (0.15, 0.7, 0.3), DARK, bottom=True)
    sketch.box((-0.13, 0.78, -0.6), (0.13, 0.88, -0.02), RUBBER, taper=0.2)
    sketch.tube((0.09, 0.31, 0.72), (0.09, 1.0, 0.45), (0.03, 0.03), RIM, sides=4)
    sketch.tube((-0.09, 0.31, 0.72), (-0.09, 1.0, 0.45), (0.03, 0.03), RIM, sides=4)
    sketch.tube((-0.36, 1.06, 0.36), (0.36, 1.06, 0.36), (0.02, 0.02), DARK, sides=4)
    sketch.tube((0.16, 0.32, -0.9), (0.16, 0.36, 0.1), (0.06, 0.04), RIM, sides=5, caps=True)
    sketch.box((-0.09, 0.86, 0.58), (0.09, 1.02, 0.63), LAMP)
    sketch.box((-0.1, 0.7, -0.82), (0.1, 0.78, -0.78), linear(180, 20, 20))
    return sketch.mesh()


def _hoop(sketch: Sketch, hub: tuple[float, float, float], radius: float, thick: float, colour: Colour) -> None:
    """A tyre around the x axis as a ring of four sides."""
    steps = 14
    turn = np.arange(steps + 1) * 2 * np.pi / steps
    spokes = np.column_stack([np.zeros(steps + 1), np.sin(turn), np.cos(turn)])
    half = np.array([thick, 0.0, 0.0])
    for k in range(steps):
        a, b = spokes[k], spokes[k + 1]
        middle = np.asarray(hub) + (a + b) / 2 * (radius - thick)
        outer, inner = (
            (a * radius + hub, b * radius + hub),
            (a * (radius - 2 * thick) + hub, b * (radius - 2 * thick) + hub),
        )
        for face in ((outer[0] - half, outer[1] - half, outer[1] + half, outer[0] + half),
                     (outer[0] + half, outer[1] + half, inner[1] + half, inner[0] + half),
                     (outer[0] - half, outer[1] - half, inner[1] - half, inner[0] - half)):  # fmt: skip
            sketch.polygon(face, colour, inside=middle)
