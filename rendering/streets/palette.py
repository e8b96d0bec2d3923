"""Colours of painted things, from what is seen in streets."""

from __future__ import annotations

from rendering.backgrounds import Colour
from rendering.randomisation import Dice
from rendering.streets.factors import spread
from rendering.streets.sketch import linear

_CARS = ((150, 154, 158), (60, 64, 70), (24, 25, 28), (205, 208, 210), (235, 236, 236), (36, 52, 92), (130, 24, 28),
         (96, 100, 104), (30, 64, 48), (180, 182, 180), (54, 78, 128), (176, 150, 110), (40, 42, 46))  # fmt: skip
_BUSES = ((186, 28, 34), (220, 222, 224), (30, 86, 150), (232, 180, 40), (40, 110, 80), (240, 240, 236))
_LORRIES = ((228, 230, 230), (190, 40, 40), (40, 80, 150), (230, 190, 60), (110, 114, 118), (50, 110, 80))
_CLOTHES = ((30, 32, 36), (60, 66, 84), (150, 40, 44), (120, 122, 124), (210, 208, 200), (70, 84, 62), (40, 76, 130),
            (186, 150, 96), (90, 60, 50), (220, 214, 90), (24, 26, 30), (130, 96, 120))  # fmt: skip
_ROOFS = ((96, 90, 88), (128, 88, 72), (112, 102, 96), (84, 86, 92), (138, 100, 82), (100, 82, 74))
_POLES = ((110, 114, 116), (56, 60, 62), (150, 152, 150), (40, 70, 56), (30, 32, 34), (176, 178, 176))
_FENCES = ((40, 44, 44), (150, 118, 84), (120, 124, 124), (54, 88, 64), (206, 206, 200), (96, 74, 54), (34, 36, 38))
_LEAVES = (
    (96, 120, 62),
    (116, 136, 76),
    (78, 102, 58),
    (146, 150, 92),
    (140, 132, 90),
    (160, 132, 84),
    (92, 114, 84),
    (164, 160, 140),
    (186, 184, 170),
    (128, 124, 108),
    (70, 92, 40),
)
_TWIGS = ((120, 108, 96), (84, 74, 66), (150, 138, 122), (178, 168, 154), (104, 98, 84))
_STEMS = ((92, 80, 68), (72, 64, 56), (116, 104, 88))
_ROADS = ((104, 104, 106), (88, 89, 92), (120, 118, 116), (96, 96, 96), (134, 132, 130))
_PAVINGS = (
    (150, 146, 140),
    (132, 130, 128),
    (164, 156, 144),
    (142, 128, 118),
    (120, 120, 120),
    (98, 96, 94),
    (84, 86, 88),
    (108, 98, 92),
    (72, 72, 74),
)

PALETTES = {"car": _CARS, "bus": _BUSES, "lorry": _LORRIES, "clothes": _CLOTHES, "roof": _ROOFS, "pole": _POLES,
            "fence": _FENCES, "leaves": _LEAVES, "twigs": _TWIGS, "stem": _STEMS, "road": _ROADS,
            "paving": _PAVINGS}  # fmt: skip
"""sRGB levels of each kind; the first is the typical one."""


def draw_colour(name: str, dice: Dice, factor: float) -> Colour:
    """A colour near one of a palette; the typical one where the factor is fixed. Draws three numbers."""
    table = PALETTES[name]
    chosen, light, warm = dice.one_of(table), spread(dice, (0.72, 1.3), factor), spread(dice, (-0.08, 0.08), factor)
    red, green, blue = linear(*(chosen if factor else table[0]))
    return min(red * light * (1 + warm), 1.0), min(green * light, 1.0), min(blue * light * (1 - warm), 1.0)
