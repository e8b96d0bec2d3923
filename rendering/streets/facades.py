"""Pictures of house fronts: four windows by four floors that repeat, and rows of shops or doors."""

from __future__ import annotations

import numpy as np

from rendering.streets.pictures import as_picture, wall_colours

_CELL = 64
_BAYS = 4

_WINDOWS = (  # width and height as shares of a cell, panes across and down, frame level
    (0.38, 0.56, 2, 2, 235), (0.52, 0.5, 3, 2, 225), (0.3, 0.62, 1, 3, 240), (0.74, 0.5, 4, 1, 90),
    (0.9, 0.72, 3, 2, 120), (0.44, 0.68, 2, 3, 70), (0.62, 0.42, 2, 1, 230), (0.34, 0.5, 1, 2, 200),
)  # fmt: skip
_SIGNS = ((150, 24, 30), (24, 60, 130), (20, 90, 60), (225, 190, 40), (240, 240, 236), (40, 40, 44), (200, 90, 30),
          (90, 40, 100), (30, 130, 150), (230, 225, 205))  # fmt: skip


def facade(variant: int, generator: np.random.Generator) -> np.ndarray:
    """`(256, 256, 4)`: windows in a wall, four by four."""
    side = _CELL * _BAYS
    colours = wall_colours(variant, side, side, generator, courses=80)
    width, height, across, down, level = _WINDOWS[variant * 5 % len(_WINDOWS)]
    sill, band = variant % 3 != 1, variant % 4 == 2
    trim = np.array([224, 218, 206]) * (0.75 + 0.25 * (variant % 2))
    for row in range(_BAYS):
        if band:
            colours[row * _CELL : row * _CELL + 4] = trim * 0.9
        for column in range(_BAYS):
            x0, z0 = int((column + 0.5 - width / 2) * _CELL), int((row + 0.5 - height / 2) * _CELL)
            w, h = int(width * _CELL), int(height * _CELL)
            if variant % 5 in (1, 2):  # a surround
                colours[z0 - 4 : z0 + h + 3, x0 - 4 : x0 + w + 4] = trim
            colours[z0 : z0 + h, x0 : x0 + w] = _pane(h, w, across, down, level, generator)
            colours[max(z0 - 2, 0) : z0 + 1, x0 : x0 + w] *= 0.45  # the shadow under the lintel
            if sill:
                colours[z0 + h : z0 + h + 3, max(x0 - 3, 0) : x0 + w + 3] = trim
                colours[z0 + h + 3 : z0 + h + 7, max(x0 - 2, 0) : x0 + w + 2] *= 0.82
    return as_picture(colours)


def ground_floor(variant: int, generator: np.random.Generator) -> np.ndarray:
    """`(64, 256, 4)`: four bays of shops, or of doors and windows for odd variants."""
    side = _CELL * _BAYS
    colours = wall_colours(variant // 2, _CELL, side, generator, courses=20)
    if variant % 2:
        for column in range(_BAYS):
            left = column * _CELL
            if (column + variant // 2) % 3 == 0:
                door = np.array(_SIGNS[int(generator.integers(len(_SIGNS)))]) * 0.8
                colours[10:, left + 18 : left + 44] = (215, 210, 200)
                colours[14:, left + 21 : left + 41] = door
                colours[18:34, left + 25 : left + 37] *= 0.6
                colours[8:13, left + 18 : left + 44] = _pane(5, 26, 2, 1, 220, generator)
            else:
                colours[16:48, left + 14 : left + 50] = _pane(32, 36, 2, 2, 230, generator)
                colours[48:51, left + 11 : left + 53] = (212, 206, 194)
        return as_picture(colours)
    for shop in range(2):
        left, width = shop * 2 * _CELL, 2 * _CELL
        paint = np.array(_SIGNS[int(generator.integers(len(_SIGNS)))], np.float64)
        frame = paint * generator.uniform(0.5, 1.0)
        colours[4:, left + 3 : left + width - 3] = frame
        colours[5:17, left + 4 : left + width - 4] = paint
        _lettering(colours[7:15, left + 14 : left + width - 14], paint, generator)
        colours[17:19, left : left + width] *= 0.4
        entry = int(generator.integers(8, 96))
        for x0, x1 in ((8, entry), (entry + 4, entry + 26), (entry + 30, width - 8)):
            if x1 - x0 > 10:
                foot = 62 if x0 == entry + 4 else 55
                colours[20:foot, left + x0 : left + x1] = _display(foot - 20, x1 - x0, generator)
    return as_picture(colours)


def _pane(height: int, width: int, across: int, down: int, level: int, generator: np.random.Generator) -> np.ndarray:
    """Glass with what is behind or mirrored in it, and its bars."""
    base = generator.choice([28, 45, 60, 85, 130]) * np.array([0.92, 1.0, 1.08])
    glass = np.broadcast_to(base, (height, width, 3)).copy()
    glass *= np.linspace(generator.uniform(0.8, 1.6), 0.8, height)[:, None, None]
    if generator.random() < 0.35:  # a blind or a curtain
        drawn = generator.random()
        cloth = generator.choice([150, 190, 215])
        if drawn < 0.5:
            glass[: int(height * generator.uniform(0.2, 0.9))] = cloth * np.array([1.0, 0.98, 0.92])
        else:
            edge = int(width * generator.uniform(0.12, 0.3))
            glass[:, :edge] = glass[:, -edge:] = cloth * np.array([1.0, 0.96, 0.9])
    for k in range(across + 1):
        x = min(k * (width - 1) // across, width - 2)
        glass[:, x : x + 2] = level
    for k in range(down + 1):
        z = min(k * (height - 1) // down, height - 2)
        glass[z : z + 2] = level
    return glass


def _display(height: int, width: int, generator: np.random.Generator) -> np.ndarray:
    """A shop window: dark, with goods and lamps behind it."""
    glass = generator.uniform(20, 70) * np.ones((height, width, 3)) * np.array([1.0, 1.0, 1.03])
    for _ in range(max(2, width // 5)):
        x, w = int(generator.integers(0, width)), int(generator.integers(2, 7))
        z, h = int(generator.integers(height // 3, height)), int(generator.integers(3, 14))
        goods = generator.uniform(40, 210, 3)
        glass[z : z + h, x : x + w] = 0.35 * goods + 0.5 * goods.mean()
    glass[:3] += generator.uniform(0, 90)
    glass += 40 * (np.add.outer(np.arange(height), np.arange(width)) % 61 < 9)[:, :, None]
    glass[:, :1] = glass[:, -1:] = 80
    return glass


def _lettering(area: np.ndarray, paint: np.ndarray, generator: np.random.Generator) -> None:
    """Blocks that read as letters from afar."""
    ink = np.array([245.0, 242.0, 230.0]) if paint.mean() < 130 else np.array([30.0, 30.0, 40.0])
    x = int(generator.integers(0, 24))
    while x < area.shape[1] - 6 and x < 90:
        w = int(generator.integers(2, 6))
        area[:, x : x + w] = ink
        if generator.random() < 0.6:
            area[2:5, x + 1 : x + w - 1] = paint
        x += w + (6 if generator.random() < 0.12 else 1)
