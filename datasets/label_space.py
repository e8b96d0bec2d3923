"""What a label space is: which id means which class, by name.

A space is a table. Ids are those found in stored pixels or class fields; `index_table` gives the dense numbering
0, 1, 2 ... that a network is trained on. Ids that a space does not list are refused when data are written.
"""

from __future__ import annotations

from collections.abc import Iterable
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
        ignored: ids other than `IGNORE` that stored pixels may carry without being a class (a set's own void).
    """

    name: str
    classes: tuple[LabelClass, ...]
    source: str
    ignored: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        listed = (*self.ids, *self.ignored)
        wrong = [value for value in listed if not 0 <= value < IGNORE or listed.count(value) > 1]
        if wrong:
            raise ValueError(f"label space {self.name!r}: ids must be distinct and 0..{IGNORE - 1}, got {wrong}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Class names by dense index."""
        return tuple(entry.name for entry in self.classes)

    @cached_property
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

    def unknown_ids(self, ids: Iterable[int]) -> tuple[int, ...]:
        """Those of the ids that are neither a class nor to be ignored."""
        return tuple(index for index in ids if index not in self._allowed)

    @cached_property
    def _allowed(self) -> frozenset[int]:
        return frozenset((*self.ids, *self.ignored, IGNORE))
