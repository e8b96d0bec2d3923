"""Cars, vans, lorries and buses: metres, front along +z, wheels on y = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rendering.meshes import Mesh
from rendering.streets.sketch import Sketch, linear

GLASS, RUBBER, DARK = linear(34, 42, 48), linear(28, 28, 30), linear(40, 40, 42)
RIM, LAMP, TAIL, PLATE = linear(150, 152, 156), linear(232, 236, 238), linear(150, 18, 20), linear(226, 222, 190)


@dataclass(frozen=True)
class CarForm:
    """A car's outline in metres: z of the windscreen's and rear window's feet and tops, y of bonnet, belt and boot."""

    length: float
    width: float
    height: float
    bonnet: float
    belt: float
    boot: float
    screen: tuple[float, float]
    rear: tuple[float, float]
    wheel: float = 0.31


CARS: tuple[CarForm, ...] = (
    CarForm(3.8, 1.66, 1.46, 0.86, 0.93, 0.93, (1.0, 0.28), (-1.72, -1.45)),  # small hatchback
    CarForm(4.5, 1.76, 1.43, 0.82, 0.92, 0.98, (0.98, 0.22), (-1.62, -0.98)),  # saloon
    CarForm(4.65, 1.78, 1.48, 0.84, 0.93, 0.95, (1.0, 0.25), (-2.2, -1.85)),  # estate
    CarForm(4.4, 1.84, 1.72, 1.02, 1.1, 1.08, (1.05, 0.42), (-2.0, -1.75), 0.36),  # off-roader
    CarForm(4.3, 1.78, 1.64, 0.92, 1.0, 1.0, (1.35, 0.38), (-2.02, -1.8)),  # people carrier
    CarForm(4.9, 1.92, 2.0, 1.1, 1.14, 1.14, (1.75, 1.05), (-2.38, -2.3), 0.34),  # van
    CarForm(4.2, 1.74, 1.36, 0.78, 0.88, 0.94, (0.8, 0.0), (-1.75, -0.85)),  # coupe
)
"""Kinds of cars."""


def car(variant: float, part: float) -> Mesh:
    """Part 0 is what the paint covers, part 1 all else in its own colours."""
    form = CARS[int(variant)]
    sketch = Sketch()
    (_paintwork if part == 0 else _fittings)(sketch, form)
    return sketch.mesh()


def _paintwork(sketch: Sketch, form: CarForm) -> None:
    half, width = form.length / 2, form.width / 2
    sketch.prism(
        [(-half + 0.05, 0.22), (half - 0.06, 0.22), (half, 0.5), (half - 0.12, form.bonnet - 0.1),
         (form.screen[0], form.bonnet + 0.04), (form.rear[0], form.belt), (-half + 0.04, form.boot - 0.06),
         (-half, 0.5)],
        width, bevel=0.07,
    )  # fmt: skip
    top, foot = width - 0.2, width - 0.07
    roof = form.height
    sketch.box((-top, roof - 0.06, form.rear[1] - 0.04), (top, roof, form.screen[1] + 0.04), taper=0.06)
    corners = (form.screen, form.rear)
    for side in (-1, 1):
        for (z0, z1), thick in zip(corners, (0.09, 0.16), strict=True):
            _pillar(sketch, side, (foot, z0), (top, z1), form.belt - 0.02, roof - 0.05, thick)
        middle = (form.screen[1] + form.rear[1]) / 2 + 0.1
        _pillar(sketch, side, (foot, middle), (top, middle), form.belt - 0.02, roof - 0.05, 0.08)
        if form.height > 1.9:  # a van has no windows behind the doors
            z0, z1 = form.rear[0] + 0.05, middle
            inside = (0.0, form.belt, (z0 + z1) / 2)
            sketch.polygon([(side * (foot + 0.012), form.belt, z0), (side * (foot + 0.012), form.belt, z1),
                            (side * (top + 0.012), roof - 0.04, z1), (side * (top + 0.012), roof - 0.04, z0)],
                           inside=inside)  # fmt: skip


def _pillar(
    sketch: Sketch, side: int, foot: tuple[float, float], top: tuple[float, float], low: float, high: float,
    thick: float,
) -> None:  # fmt: skip
    x0, x1 = side * (foot[0] + 0.012), side * (top[0] + 0.012)
    points = [(x0, low, foot[1] - thick / 2), (x0, low, foot[1] + thick / 2),
              (x1, high, top[1] + thick / 2), (x1, high, top[1] - thick / 2)]  # fmt: skip
    sketch.polygon(points, inside=(0.0, low, (foot[1] + top[1]) / 2))


def _fittings(sketch: Sketch, form: CarForm) -> None:
    half, width = form.length / 2, form.width / 2
    top, foot, roof = width - 0.2, width - 0.07, form.height - 0.03
    ring = [[(-x, y, rear), (x, y, rear), (x, y, front), (-x, y, front)]
            for x, y, rear, front in ((foot, form.belt - 0.03, form.rear[0], form.screen[0]),
                                      (top, roof, form.rear[1], form.screen[1]))]  # fmt: skip
    sketch.loft(ring, GLASS, (False, False))
    sketch.box((-width + 0.12, 0.16, -half + 0.2), (width - 0.12, 0.34, half - 0.2), RUBBER, bottom=True)
    for z, sign in ((half, 1), (-half, -1)):
        low, deep = 0.24, 0.06
        sketch.box((-width + 0.1, low, min(z, z - sign * deep) + 0.02 * sign),
                   (width - 0.1, low + 0.12, max(z, z - sign * deep) + 0.02 * sign), DARK)  # fmt: skip
        lamp, y = (LAMP, 0.6) if sign > 0 else (TAIL, 0.68)
        for side in (-1, 1):
            x0, x1 = sorted((side * (width - 0.06), side * (width - 0.4 if sign > 0 else width - 0.3)))
            sketch.box((x0, y, z - sign * 0.12 - 0.02), (x1, y + 0.15, z - sign * 0.12 + 0.12 * sign + 0.02), lamp)
        sketch.box((-0.26, 0.5, z - 0.025), (0.26, 0.61, z + 0.025), PLATE)
    sketch.box((-0.35, 0.62, half - 0.06), (0.35, 0.72, half + 0.005), DARK)
    for side in (-1, 1):
        sketch.box(*_sorted((side * (width - 0.02), form.belt, form.screen[0] - 0.3),
                            (side * (width + 0.14), form.belt + 0.12, form.screen[0] - 0.2)), DARK)  # fmt: skip
        for z in (half - 0.8, -half + 0.78):
            sketch.disc((side * (width + 0.004), form.wheel + 0.06, z), form.wheel + 0.06, side, DARK, 10)
            wheel(sketch, side * (width + 0.01), z, form.wheel, side)


def _sorted(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[list[float], list[float]]:
    return np.minimum(a, b).tolist(), np.maximum(a, b).tolist()


def wheel(sketch: Sketch, x: float, z: float, radius: float, side: int, wide: float = 0.18) -> None:
    """A tyre with its rim, whose outer face lies at x."""
    inner = x - side * wide
    sketch.tube((x, radius, z), (inner, radius, z), (radius, radius), RUBBER, sides=12)
    sketch.disc((x, radius, z), radius, side, RUBBER, 12)
    sketch.disc((x + 0.008 * side, radius, z), radius * 0.62, side, RIM, 8)
    sketch.disc((x + 0.014 * side, radius, z), radius * 0.2, side, DARK, 6)


def lorry(variant: float, part: float) -> Mesh:
    """Part 0 is the painted cab, part 1 fittings, part 2 what it carries. Variant 0 a box, 1 long, 2 a flat bed."""
    kind, sketch = int(variant), Sketch()
    long = (6.2, 8.8, 6.0)[kind]
    front, rear, width = long / 2, -long / 2, 1.2
    cab = front - 1.7
    if part == 0:
        sketch.prism([(cab, 0.5), (front, 0.5), (front, 1.45), (front - 0.28, 2.5), (cab, 2.55)], width, bevel=0.06)
    elif part == 2:
        if kind == 2:
            sketch.box((-width, 0.95, rear), (width, 1.1, cab - 0.1), bottom=True)
            for low, high in (((-width, 1.1, rear), (-width + 0.06, 1.6, cab - 0.1)),
                              ((width - 0.06, 1.1, rear), (width, 1.6, cab - 0.1)),
                              ((-width, 1.1, rear), (width, 1.6, rear + 0.06))):  # fmt: skip
                sketch.box(low, high)
        else:
            sketch.box((-width - 0.05, 0.95, rear), (width + 0.05, 3.3 + 0.3 * kind, cab - 0.15), bottom=True)
    else:
        sketch.polygon([(-1.05, 1.5, front - 0.005), (1.05, 1.5, front - 0.005), (1.0, 2.35, front - 0.23),
                        (-1.0, 2.35, front - 0.23)], GLASS, inside=(0, 1.5, cab))  # fmt: skip
        for side in (-1, 1):
            x = side * (width + 0.008)
            sketch.polygon([(x, 1.5, cab + 0.5), (x, 1.5, front - 0.2), (x, 2.3, front - 0.4), (x, 2.3, cab + 0.5)],
                           GLASS, inside=(0, 1.9, cab))  # fmt: skip
            sketch.box(*_sorted((side * (width + 0.05), 1.6, front - 0.1), (side * (width + 0.28), 2.1, front - 0.02)),
                       DARK)  # fmt: skip
            sketch.box(*_sorted((side * 0.75, 0.7, front - 0.02), (side * 1.1, 0.9, front + 0.02)), LAMP)
            sketch.box(*_sorted((side * 0.75, 0.72, rear - 0.03), (side * 1.15, 0.9, rear + 0.02)), TAIL)
            for z in [front - 1.0, rear + 1.2] + ([rear + 2.3] if kind == 1 else []):
                wheel(sketch, side * (width - 0.02), z, 0.48, side, 0.3)
        sketch.box((-width, 0.4, front - 0.3), (width, 0.7, front + 0.03), DARK, bottom=True)
        sketch.box((-0.5, 0.6, rear + 0.05), (0.5, 0.98, cab), RUBBER, bottom=True)
        sketch.box((-1.1, 0.5, rear), (1.1, 0.62, rear + 0.08), DARK, bottom=True)
    return sketch.mesh()


def bus(variant: float, part: float) -> Mesh:
    """Part 0 is the painted body, part 1 all else. Variant 0 has one deck, 1 has two."""
    decks, sketch = 1 + int(variant), Sketch()
    half, width, height = (5.6, 1.25, 3.0) if decks == 1 else (5.2, 1.25, 4.3)
    if part == 0:
        sketch.prism([(-half, 0.35), (half - 0.05, 0.35), (half, 1.0), (half - 0.12, height), (-half, height)],
                     width, bevel=0.08)  # fmt: skip
        return sketch.mesh()
    rows = [(1.25, 2.35)] if decks == 1 else [(1.2, 2.05), (2.75, 3.65)]
    for low, high in rows:
        for side in (-1, 1):
            x = side * (width + 0.01)
            for k in range(7):
                z = -half + 0.5 + k * (2 * half - 1.2) / 7
                end = z + (2 * half - 1.2) / 7 - 0.12
                floor = 0.45 if side > 0 and k in (3, 6) and low < 2 else low  # doors
                sketch.polygon([(x, floor, z), (x, floor, end), (x, high, end), (x, high, z)], GLASS, inside=(0, 1, z))
        sketch.box((-1.12, low - 0.05, half - 0.3), (1.12, high + 0.1, half + 0.005), GLASS)
        sketch.box((-1.0, low + 0.1, -half - 0.015), (1.0, high, -half + 0.1), GLASS)
    sketch.box((-0.8, rows[0][1] + 0.16, half - 0.1), (0.8, rows[0][1] + 0.45, half + 0.01), linear(30, 30, 20))
    sketch.box((-0.6, rows[0][1] + 0.22, half + 0.005), (0.5, rows[0][1] + 0.38, half + 0.02), linear(235, 190, 60))
    sketch.box((-width + 0.1, 0.2, -half + 0.2), (width - 0.1, 0.4, half - 0.2), RUBBER, bottom=True)
    for side in (-1, 1):
        sketch.box(*_sorted((side * 0.8, 0.6, half - 0.06), (side * 1.15, 0.8, half + 0.02)), LAMP)
        sketch.box(*_sorted((side * 0.95, 0.7, -half - 0.02), (side * 1.15, 1.1, -half + 0.02)), TAIL)
        for z in (half - 2.3, -half + 2.6):
            sketch.disc((side * (width + 0.004), 0.55, z), 0.55, side, DARK, 10)
            wheel(sketch, side * (width + 0.01), z, 0.48, side, 0.28)
    return sketch.mesh()
