"""Label spaces: which id means which class, by name.

A space is a table. Ids are those found in stored pixels or class fields; `index_table` gives the dense numbering
0, 1, 2 ... that a network is trained on. Ids that a space does not list are refused when data are written.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import cached_property

import numpy as np

IGNORE = 255
"""The pixel id and the dense index of what is not to be learnt or scored."""


@dataclass(frozen=True)
class LabelClass:
    """One class: the id in stored data, its name, the colour it is shown in (R, G, B)."""

    id: int
    name: str
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class LabelSpace:
    """A named table of classes.

    Attributes:
        name: what manifests and options call it.
        classes: in the order of the dense index.
        source: where the table comes from.
    """

    name: str
    classes: tuple[LabelClass, ...]
    source: str

    @property
    def names(self) -> tuple[str, ...]:
        """Class names by dense index."""
        return tuple(entry.name for entry in self.classes)

    @property
    def ids(self) -> tuple[int, ...]:
        """Stored ids by dense index."""
        return tuple(entry.id for entry in self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    @cached_property
    def index_table(self) -> np.ndarray:
        """`(256,)` uint8: the dense index of each stored id, `IGNORE` for ids that are no class."""
        table = np.full(256, IGNORE, np.uint8)
        for index, entry in enumerate(self.classes):
            table[entry.id] = index
        return table

    @cached_property
    def colour_table(self) -> np.ndarray:
        """`(256, 3)` uint8: the colour of each stored id; mid grey for ids that are no class."""
        table = np.full((256, 3), 128, np.uint8)
        for entry in self.classes:
            table[entry.id] = entry.colour
        return table

    def unknown_ids(self, counts: np.ndarray) -> tuple[int, ...]:
        """Ids other than `IGNORE` that occur in `counts`, `(256,)` pixels an id, without being in the table."""
        present = set(np.flatnonzero(counts).tolist())
        return tuple(sorted(present - set(self.ids) - {IGNORE}))


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
        _space("digit_pixels", "0 is background, d + 1 a pixel of digit d", (0, "background", (20, 20, 24)),
               *((i + 1, word, _palette(10)[i]) for i, word in enumerate(_DIGIT_WORDS))),
    )
}  # fmt: skip
"""Every label space by name."""
