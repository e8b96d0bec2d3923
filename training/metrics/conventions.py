"""The conventions by which a mean IoU is taken, by name: two that differ in name differ in number.

`16A` and `16B` are the two readings of "16 classes of SYNTHIA" that the literature mixes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from datasets.errors import UsageError
from datasets.label_tables import CITYSCAPES_LABELS, SYNTHIA13_TRAIN_IDS, SYNTHIA16_TRAIN_IDS
from datasets.labels import IGNORE, LABEL_SPACES
from training.metrics.confusion import Confusion


@dataclass(frozen=True)
class Convention:
    """One way to a mean IoU.

    Attributes:
        name: what scores carry.
        space: the label space of truth and prediction.
        classes: dense indices whose IoU is averaged.
        absent_is_zero: a class that neither occurs nor is predicted counts as 0 and does not leave the mean.
        about: one line for lists.
    """

    name: str
    space: str
    classes: tuple[int, ...]
    absent_is_zero: bool
    about: str

    def mean_iou(self, confusion: Confusion) -> float:
        """The mean of the chosen classes; nan when there is nothing to average.

        Raises:
            UsageError: the confusion has another number of classes than the label space.
        """
        expected = len(LABEL_SPACES[self.space])
        if confusion.classes != expected:
            raise UsageError(
                f"convention {self.name!r} wants a confusion of the {expected} classes of {self.space!r}, "
                f"got {confusion.classes}"
            )
        iou = confusion.iou[list(self.classes)]
        if self.absent_is_zero:
            return float(np.nan_to_num(iou).mean())
        iou = iou[~np.isnan(iou)]
        return float(iou.mean()) if iou.size else float("nan")


_POSITIONS_OF_13 = tuple(SYNTHIA16_TRAIN_IDS.index(train_id) for train_id in SYNTHIA13_TRAIN_IDS)

CONVENTIONS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention("19", "cityscapes19", tuple(range(19)), False, "the 19 evaluated classes of Cityscapes"),
        Convention("16A", "synthia16", tuple(range(16)), False,
                   "16 outputs; truth of terrain, truck and train is void"),
        Convention("16B", "cityscapes19", SYNTHIA16_TRAIN_IDS, True,
                   "19 outputs; the sum over the 16 classes of SYNTHIA over 16, false hits on the others count"),
        Convention("13", "synthia16", _POSITIONS_OF_13, False,
                   "16 outputs; the mean leaves out wall, fence and pole"),
        Convention("camvid11", "camvid11", tuple(range(11)), False, "the 11 classes of CamVid as SegNet groups them"),
    )
}  # fmt: skip
"""The conventions by name."""


def convention_of(space: str) -> Convention:
    """The convention for a label space: the one that averages all its classes, under the space's name if unnamed."""
    classes = tuple(range(len(LABEL_SPACES[space])))
    for convention in CONVENTIONS.values():
        if convention.space == space and convention.classes == classes:
            return convention
    return Convention(space, space, classes, False, f"every class of {space}")


CITYSCAPES_CATEGORIES: Mapping[str, tuple[int, ...]] = {
    entry.name: tuple(row.train_id for row in CITYSCAPES_LABELS if row.category == entry.id and row.train_id != IGNORE)
    for entry in LABEL_SPACES["cityscapes_categories"].classes
}
"""The trainIds of each category."""


def category_iou(confusion: Confusion, categories: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """IoU of each category: a class taken for another of its category is no fault.

    Args:
        confusion: of classes.
        categories: dense indices of the classes of each.
    """
    iou = confusion.grouped(list(categories.values())).iou
    return dict(zip(categories, iou.tolist(), strict=True))
