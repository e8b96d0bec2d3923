"""Which examples of which data set play a part in a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.dataset import Dataset
from datasets.key_index import INDEX_NAME, places
from training.inputs.records import Selection, open_records

WATCH_SEED = 0
"""Of what is held out: one part for all rows, because curves of several seeds must be comparable."""


@dataclass(frozen=True)
class Part:
    """A split of a data set, or those of its examples that `select` picks by their keys."""

    dataset: Dataset
    split: str
    select: Selection | None = None

    @property
    def count(self) -> int:
        """How many examples there are."""
        return len(open_records(self.dataset, self.split, self.select))


def last_keys(dataset: Dataset, split: str, share: float) -> Selection:
    """The last share of a split in the order of its keys, at least one: of frames of a video, the end of the last one.

    In stored order the frames are shuffled; a random choice would hold out neighbours of what is learnt from.
    """
    keys = sorted(place.key for place in places(dataset.directory / INDEX_NAME) if place.split == split)
    dataset.split(split)  # refuses an unknown one
    chosen = {key.encode() for key in keys[len(keys) - max(1, round(share * len(keys))) :]}
    return lambda asked: np.array([key in chosen for key in asked], bool)
