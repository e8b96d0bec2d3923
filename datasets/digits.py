"""Handwritten digits: the 1,797 real 8x8 images that scikit-learn carries (UCI, Alpaydin and Kaynak 1998).

A small, honest, real set that needs no download: 43 people wrote, the images are 4x4 block counts of 32x32 bitmaps.
"""

from __future__ import annotations

import gzip
import hashlib
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from datasets.errors import BadSample, UsageError
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, read_each

BUNDLED = "scikit-learn"
"""The word that stands for the file inside the installed scikit-learn."""

_SIDE = 8
_MAX_COUNT = 16
_SHARES = {"adapt": 0.5, "validation": 0.1, "test": 0.4}


@dataclass(frozen=True)
class Digits:
    """The set, split once by a seeded rule that keeps the shares of the ten classes.

    Attributes:
        root: `scikit-learn` for the bundled file, or a path to `digits.csv.gz`.
        split_seed: of the split.
        splits: which to give. `adapt` is for adaptation without labels (they are stored for the on-target ceiling),
            `validation` for watching, `test` for the one final score.
    """

    root: Path = Path(BUNDLED)
    splits: tuple[str, ...] = ("adapt", "validation", "test")
    split_seed: int = 0

    name = "digits"
    version = "1.0.0"
    about = "1,797 handwritten digits, 8x8 grey, from 43 writers (UCI Optical Recognition of Handwritten Digits)."
    licence = "CC BY 4.0 (UCI); distributed with scikit-learn."
    schema = Schema.of(Column("image", (_SIDE, _SIDE, 1)), Column("label", label_space="digits"))

    def __post_init__(self) -> None:
        unknown = set(self.splits) - set(_SHARES)
        if unknown:
            raise UsageError(f"digits has no split {sorted(unknown)}; there are {', '.join(_SHARES)}")

    def plan(self) -> Plan:
        """Every row of the table, assigned to its split."""
        split_of = _stratified_splits(self._table[:, -1], self.split_seed, _SHARES)
        items = tuple(
            Item(f"digit_{row:04}", split, f"row {row}", 200, {"row": row})
            for row, split in enumerate(split_of)
            if split in self.splits
        )
        fingerprint = hashlib.sha256(self._table.tobytes()).hexdigest()
        names = {split: f"{split}, seeded stratified split" for split in _SHARES}
        return Plan(items, names, fingerprint, {}, {"split_seed": self.split_seed, "splits": list(self.splits)})

    def open_reader(self) -> AbstractContextManager[Reader]:
        """Reading needs nothing to be held open."""
        return nullcontext(read_each(self.read))

    def read(self, item: Item) -> Sample:
        """One row as an image; counts 0..16 become levels 0..255.

        Raises:
            BadSample: a count or class is out of range.
        """
        row = self._table[item.facts["row"]]
        counts, label = row[:-1], int(row[-1])
        if counts.min() < 0 or counts.max() > _MAX_COUNT or not 0 <= label <= 9:
            raise BadSample(f"counts must be 0..{_MAX_COUNT} and the class 0..9, got {counts.max()} and {label}")
        image = np.round(counts * (255 / _MAX_COUNT)).astype(np.uint8).reshape(_SIDE, _SIDE, 1)
        return Sample(key=item.key, file_name=item.file, image=image, label=label)

    @cached_property
    def _table(self) -> np.ndarray:
        path = bundled_path() if str(self.root) == BUNDLED else self.root
        try:
            with gzip.open(path, "rt") as file, warnings.catch_warnings():
                warnings.simplefilter("error")  # an empty table is only warned of
                table = np.loadtxt(file, delimiter=",", dtype=np.int64)
        except (OSError, ValueError, UserWarning) as error:
            raise UsageError(f"{path} is not the table of digits (digits.csv.gz): {error}") from None
        if table.ndim != 2 or table.shape[1] != _SIDE * _SIDE + 1:
            raise UsageError(f"{path} must have {_SIDE * _SIDE + 1} numbers a line, got {table.shape}")
        return table


def bundled_path() -> Path:
    """Where the installed scikit-learn keeps the table; scikit-learn itself is not imported."""
    from importlib.util import find_spec

    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise UsageError("scikit-learn is not installed; name a path to digits.csv.gz instead")
    return Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"


def _stratified_splits(labels: np.ndarray, seed: int, shares: dict[str, float]) -> list[str]:
    """A split name for each row; within each class a seeded permutation is cut at the cumulative shares."""
    generator = np.random.default_rng(seed)
    split_of = np.empty(len(labels), object)
    names = list(shares)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        cuts = np.round(np.cumsum(list(shares.values()))[:-1] * len(rows)).astype(int)
        for name, part in zip(names, np.split(rows, cuts), strict=True):
            split_of[part] = name
    return list(split_of)
