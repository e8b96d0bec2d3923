"""Every label space by name.

What a space is stands in `datasets.label_space`, the tables of street scenes in `datasets.label_tables`, the ways from
one space to another in `datasets.label_lookups`.
"""

from __future__ import annotations

import colorsys

from datasets.label_space import IGNORE, LabelClass, LabelSpace
from datasets.label_tables import STREET_SPACES

__all__ = ["IGNORE", "LABEL_SPACES", "LabelClass", "LabelSpace"]


def _space(name: str, source: str, *rows: tuple[int, str, tuple[int, int, int]]) -> LabelSpace:
    return LabelSpace(name, tuple(LabelClass(*row) for row in rows), source)


def _palette(count: int) -> tuple[tuple[int, int, int], ...]:
    """Distinct colours for spaces whose source defines none: hues a golden angle apart, light and dark in turn."""
    colours = []
    for index in range(count):
        red, green, blue = colorsys.hsv_to_rgb(index * 0.381966 % 1, 0.75, (0.95, 0.65)[index % 2])
        colours.append((round(255 * red), round(255 * green), round(255 * blue)))
    return tuple(colours)


_DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_PET_BREEDS = (
    "Abyssinian", "american_bulldog", "american_pit_bull_terrier", "basset_hound", "beagle", "Bengal", "Birman",
    "Bombay", "boxer", "British_Shorthair", "chihuahua", "Egyptian_Mau", "english_cocker_spaniel", "english_setter",
    "german_shorthaired", "great_pyrenees", "havanese", "japanese_chin", "keeshond", "leonberger", "Maine_Coon",
    "miniature_pinscher", "newfoundland", "Persian", "pomeranian", "pug", "Ragdoll", "Russian_Blue", "saint_bernard",
    "samoyed", "scottish_terrier", "shiba_inu", "Siamese", "Sphynx", "staffordshire_bull_terrier", "wheaten_terrier",
    "yorkshire_terrier",
)  # fmt: skip

_THINGS = (
    "box", "cylinder", "cone", "ball", "ring", "cup", "bowl", "bottle", "person", "cat", "dog", "animal", "car",
    "truck", "bus", "train", "bicycle", "vehicle", "vehicle part", "building", "road", "tree", "plant", "street light",
    "traffic light", "traffic sign", "traffic cone", "barrier", "hydrant", "bin", "furniture", "rock", "clutter",
)  # fmt: skip

_PETS_SOURCE = "Parkhi et al., Cats and Dogs, CVPR 2012, annotations/README and list.txt"

LABEL_SPACES: dict[str, LabelSpace] = {
    space.name: space
    for space in (
        _space("pets_trimap", _PETS_SOURCE, (1, "pet", (230, 126, 34)), (2, "background", (44, 62, 80)),
               (3, "border", (236, 240, 241))),
        _space("pets_species", _PETS_SOURCE, (0, "cat", (230, 126, 34)), (1, "dog", (41, 128, 185))),
        _space("pets_breed", _PETS_SOURCE,
               *((i, name, _palette(37)[i]) for i, name in enumerate(_PET_BREEDS))),
        _space("digits", "the ten digits", *((i, str(i), _palette(10)[i]) for i in range(10))),
        *STREET_SPACES,
        _space("things", "this project: what its rendered scenes show; 0 is all that is no object",
               (0, "background", (20, 20, 24)),
               *((i, name, _palette(len(_THINGS) + 1)[i]) for i, name in enumerate(_THINGS, 1))),
        _space("digit_pixels", "0 is background, d + 1 a pixel of digit d", (0, "background", (20, 20, 24)),
               *((i + 1, word, _palette(10)[i]) for i, word in enumerate(_DIGIT_WORDS))),
    )
}  # fmt: skip
"""Every label space by name."""
