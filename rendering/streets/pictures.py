"""Pictures that surfaces of a street wear: grounds, walls, leaves, fences and skies, painted with numpy."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from rendering.streets.sketch import linear
from rendering.textures import NoiseTexture

_SIDE = 256
Rgb = tuple[float, float, float]


def cloud(seed: int, patches: int = 4, octaves: int = 5, size_px: int = _SIDE) -> np.ndarray:
    """`(size, size)` noise from 0 to 1 that repeats without a seam."""
    grey = NoiseTexture(((255, 255, 255), (0, 0, 0)), patches, octaves, size_px, seed).build()
    return 1.0 - grey[:, :, 0] / 255.0


def as_picture(colours: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """`(height, width, 4)` uint8 from sRGB levels 0 to 255."""
    opaque = np.full(colours.shape[:2], 255.0) if alpha is None else alpha * 255.0
    return np.concatenate([colours, opaque[:, :, None]], axis=2).clip(0, 255).astype(np.uint8)


def asphalt(variant: int, generator: np.random.Generator) -> np.ndarray:
    """Grey with grains, darker patches and cracks; near white, to be tinted."""
    grey = 215 + 40 * (cloud(variant, 3, 3) - 0.5) + generator.normal(0, 12, (_SIDE, _SIDE))
    for _ in range(2 + variant % 3):  # mended places
        x, z = generator.integers(0, _SIDE - 70, 2)
        w, h = generator.integers(18, 70, 2)
        grey[z : z + h, x : x + w] -= generator.uniform(4, 22)
    ridge = np.abs(cloud(variant + 77, 3, 4) - 0.5)
    grey -= 34 * (ridge < 0.004) * (variant % 2)
    return as_picture(grey[:, :, None] * np.array([1.0, 1.0, 1.0]))


def slabs(variant: int, generator: np.random.Generator) -> np.ndarray:
    """Paving in rows of slabs."""
    across = (4, 6, 8, 3)[variant % 4]
    shade = generator.uniform(0.84, 1.0, (across * 2, across))
    step = _SIDE // across
    rows, columns = np.arange(_SIDE) * across * 2 // _SIDE, np.arange(_SIDE)
    shifted = (columns[None] + (rows[:, None] % 2) * step // 2) % _SIDE
    grey = 235 * shade[rows[:, None], shifted * across // _SIDE]
    joint = (np.arange(_SIDE)[:, None] % (step / 2) < 1.6) | (shifted % step < 1.6)
    grey = np.where(joint, grey * 0.72, grey) + generator.normal(0, 8, grey.shape) - 30 * cloud(variant + 5)
    return as_picture(grey[:, :, None] * np.array([1.0, 0.98, 0.95]))


def grass(variant: int, generator: np.random.Generator) -> np.ndarray:
    """Blades and bare spots."""
    share = cloud(variant + 30, 6, 5)[:, :, None]
    base = (1 - share) * np.array([96, 124, 58]) + share * np.array([142, 148, 86])
    speckle = generator.normal(0, 16, (_SIDE, _SIDE, 1))
    leaves = (generator.random((_SIDE, _SIDE, 1)) < 0.012) * (variant % 2) * np.array([60, 10, -20])
    return as_picture(base + speckle + leaves)


def masonry(variant: int, generator: np.random.Generator) -> np.ndarray:
    """Bricks or stones of a garden wall; a repetition is two metres."""
    return as_picture(wall_colours(variant, _SIDE, _SIDE, generator, courses=26 if variant % 2 else 10))


def wall_colours(
    variant: int, height: int, width: int, generator: np.random.Generator, courses: int = 22
) -> np.ndarray:
    """`(height, width, 3)` sRGB levels of brick, stone or plaster."""
    kind = WALLS[variant % len(WALLS)]
    base = np.array(kind[1], np.float64) * np.ones((height, width, 1))
    dirt = cloud(variant + 9, 3, 5)[: height % 257, : width % 257]
    dirt = np.resize(dirt, (height, width))
    if kind[0] in ("brick", "stone"):
        rows = np.arange(height) * courses // height
        brick = max(4, int(2.4 * height / courses))
        columns = (np.arange(width)[None] + (rows[:, None] % 2) * brick // 2) // brick
        shade = generator.normal(1.0, 0.09, (courses + 1, width // brick + 3))
        base *= shade[rows[:, None], columns][:, :, None]
        joints = (np.arange(height) * courses % height < courses)[:, None] | (
            (np.arange(width)[None] + (rows[:, None] % 2) * brick // 2) % brick == 0
        )
        base = np.where(joints[:, :, None], 0.72 * base + 0.28 * np.array([190, 184, 172]), base)
    base = base * (1.05 - 0.22 * dirt[:, :, None]) + generator.normal(0, 3.5, (height, width, 1))
    return base


WALLS: tuple[tuple[str, Rgb], ...] = (
    ("brick", (138, 84, 64)), ("plaster", (222, 212, 190)), ("brick", (186, 160, 118)), ("stone", (176, 164, 140)),
    ("plaster", (236, 232, 224)), ("brick", (112, 70, 58)), ("concrete", (168, 166, 160)), ("plaster", (206, 178, 136)),
    ("stone", (132, 124, 112)), ("plaster", (188, 196, 190)), ("brick", (160, 108, 80)), ("concrete", (142, 140, 138)),
)  # fmt: skip
"""Kinds and sRGB levels of walls."""


def leaves(variant: int, generator: np.random.Generator) -> np.ndarray:
    """A bunch of leaves on a card; the rest are holes."""
    size = 96
    z, x = np.mgrid[0:size, 0:size] + 0.5
    alpha, shade = np.zeros((size, size)), np.zeros((size, size))
    for _ in range(150):
        radius, angle = 0.44 * size * np.sqrt(generator.random()), generator.uniform(0, 2 * np.pi)
        centre = size / 2 + radius * np.array([np.cos(angle), np.sin(angle)])
        turn = generator.uniform(0, np.pi)
        u = (x - centre[0]) * np.cos(turn) + (z - centre[1]) * np.sin(turn)
        v = -(x - centre[0]) * np.sin(turn) + (z - centre[1]) * np.cos(turn)
        leaf = (u / 7.0) ** 2 + (v / 4.0) ** 2 < 1
        alpha[leaf], shade[leaf] = 1, generator.uniform(0.45, 1.0)
    middle = slice(size // 2 - 6, size // 2 + 6)
    alpha[middle, middle], shade[middle, middle] = 1, 0.6  # what crowns have at their core
    return as_picture(255 * shade[:, :, None] * np.ones(3), alpha)


def branches(variant: int, generator: np.random.Generator) -> np.ndarray:
    """A bare bough that forks from the lower edge upwards; the rest are holes."""
    size = 128
    picture = Image.new("LA", (size, size), (150, 0))
    pen = ImageDraw.Draw(picture)

    def grow(x: float, y: float, angle: float, length: float, depth: int) -> None:
        end = x + length * np.sin(angle), y - length * np.cos(angle)
        pen.line([(x, y), end], (int(generator.integers(120, 256)), 255), width=max(2, depth - 1))
        for _ in range(3 if depth > 1 else 0):
            share = generator.uniform(0.45, 1.0)
            start = x + share * (end[0] - x), y + share * (end[1] - y)
            grow(*start, angle + generator.normal(0, 0.55), length * generator.uniform(0.55, 0.85), depth - 1)

    for lean in (-0.45, 0.0, 0.4):
        grow(size / 2, size - 1.0, lean, size * 0.3, 5)
    grey, alpha = (np.asarray(band, np.float64) for band in picture.split())
    return as_picture(grey[:, :, None] * np.ones(3), alpha / 255)


def foliage(variant: int, generator: np.random.Generator) -> np.ndarray:
    """A closed hedge of light and shadow."""
    fine = cloud(variant + 50, 16, 4)
    grey = 60 + 195 * (0.35 * cloud(variant + 51, 4, 3) + 0.65 * fine) + generator.normal(0, 22, (_SIDE, _SIDE))
    return as_picture(grey[:, :, None] * np.ones(3))


def railing(variant: int, generator: np.random.Generator) -> np.ndarray:
    """A fence: bars with holes, wire, or planks without holes. One repetition each way."""
    size = 128
    z, x = np.mgrid[0:size, 0:size]
    kind = variant % 3
    if kind == 0:  # iron bars under a rail
        solid = (x % 16 < 6) | (z % 128 < 8) | (z % 128 > 118) | ((z > 100) & (z < 106))
        grey = np.full((size, size), 235.0)
    elif kind == 1:  # planks
        solid = np.ones((size, size), bool)
        grey = 235 * generator.uniform(0.75, 1.0, 16)[x // 8] - 90 * (x % 8 == 0) + generator.normal(0, 8, (size, size))
    else:  # guard rail with posts
        solid = (z % 128 < 16) | ((z > 58) & (z < 72)) | (x % 64 < 8) | (x % 11 < 3)
        grey = np.full((size, size), 245.0)
    return as_picture(grey[:, :, None] * np.ones(3), solid.astype(float))


def sky(variant: int, generator: np.random.Generator) -> np.ndarray:
    """From the top of the frame to below the horizon: clear, scattered clouds, overcast, dusk or haze by turns."""
    height, width = 256, 384
    kind = SKIES[variant % len(SKIES)]
    top, low = np.array(kind[1], np.float64), np.array(kind[2], np.float64)
    share = np.linspace(0, 1, height)[:, None, None].clip(0, 0.62) / 0.62
    base = top + (low - top) * share**0.8
    wide = np.hstack([cloud(variant + 200, 3, 6, height)] * 2)[:, :width]
    stretched = wide[(np.linspace(0, 1, height) ** 0.6 * (height - 1)).astype(int)]
    cover = ((stretched - (1 - kind[3])) * kind[4]).clip(0, 1)[:, :, None]
    shade = 0.86 + 0.28 * np.roll(stretched, 9, axis=0)[:, :, None]
    colours = base * (1 - cover) + cover * np.array(kind[5]) * shade
    return as_picture(colours + generator.normal(0, 1.5, (height, width, 1)))


def horizon(variant: int) -> Rgb:
    """Linear R, G, B of a sky where it meets the ground, its clouds and what is between them."""
    _, _, low, cover, hardness, clouds = SKIES[variant % len(SKIES)]
    share = min(cover * hardness, 1.0) / 2
    return linear(*((1 - share) * level + share * white for level, white in zip(low, clouds, strict=True)))


SKIES: tuple[tuple[str, Rgb, Rgb, float, float, Rgb], ...] = (
    ("sun", (92, 140, 205), (200, 220, 240), 0.0, 1.0, (255, 255, 255)),
    ("overcast", (205, 210, 216), (236, 238, 240), 0.6, 1.6, (228, 230, 234)),
    ("sun", (112, 160, 220), (215, 230, 245), 0.42, 3.0, (250, 250, 252)),
    ("dusk", (88, 104, 124), (170, 168, 160), 0.75, 1.8, (110, 116, 124)),
    ("haze", (214, 220, 226), (235, 238, 240), 0.3, 0.8, (240, 242, 244)),
    ("overcast", (170, 178, 188), (222, 226, 228), 0.75, 2.2, (176, 182, 190)),
    ("sun", (150, 188, 232), (240, 246, 252), 0.5, 1.8, (255, 255, 255)),
    ("dusk", (120, 132, 160), (232, 190, 150), 0.4, 2.0, (140, 130, 140)),
    ("haze", (250, 252, 255), (255, 255, 255), 0.0, 1.0, (255, 255, 255)),
    ("overcast", (246, 248, 250), (255, 255, 255), 0.4, 1.0, (250, 250, 252)),
)  # fmt: skip
"""Weather, levels at the top and at the horizon, share of clouds, hardness of their edges, their levels."""
