"""iIoU, in which every object counts alike, however large: Cordts et al., The Cityscapes Dataset, CVPR 2016."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from datasets.labels import IGNORE
from training.metrics.confusion import Confusion, ratio

MANY = 1000
"""In an instance map an object is class id * 1000 + n; smaller numbers are classes, of groups among others."""

CITYSCAPES_MEAN_SIZES: Mapping[str, float] = {
    "person": 3462.4756337644, "rider": 3930.4788056518, "car": 12794.0202738185, "truck": 27855.1264367816,
    "bus": 35732.1511111111, "train": 67583.7075812274, "motorcycle": 6298.7200839748, "bicycle": 4672.3249222261,
}  # fmt: skip
"""Mean pixels of an object in the training split, at 2048x1024: cityscapesScripts, evalPixelLevelSemanticLabeling."""


@dataclass(frozen=True, eq=False)
class InstanceConfusion:
    """A confusion matrix, and another in which each pixel of an object weighs mean size / size of its object.

    Attributes:
        confusion: plain counts.
        weighted: `(classes, classes + 1)` float64, of the pixels of objects alone.
        countable: `(classes,)` bool: the classes that have objects.
    """

    confusion: Confusion
    weighted: np.ndarray
    countable: np.ndarray

    @classmethod
    def empty(cls, mean_sizes: np.ndarray) -> InstanceConfusion:
        """Nothing counted yet; `mean_sizes` as in `of`."""
        classes = len(mean_sizes)
        return cls(Confusion.empty(classes), np.zeros((classes, classes + 1)), ~np.isnan(mean_sizes))

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        prediction: np.ndarray,
        instances: np.ndarray,
        mean_sizes: np.ndarray,
        ignore: int = IGNORE,
    ) -> InstanceConfusion:
        """Counts of one image.

        Args:
            truth: `(height, width)` dense indices.
            prediction: the same, or void.
            instances: `(height, width)` class id * 1000 + n of each object; what is below 1000 is no single object.
            mean_sizes: `(classes,)` mean pixels of the objects of each class; nan for classes that have none.
            ignore: the true id that does not count.
        """
        classes = len(mean_sizes)
        total = replace(cls.empty(mean_sizes), confusion=Confusion.of(truth, prediction, classes, ignore))
        objects = (instances >= MANY) & (truth != ignore)
        ids, which = np.unique(instances[objects], return_inverse=True)
        rows, columns = truth[objects].astype(np.int64), prediction[objects].astype(np.int64)
        columns = np.where((columns >= 0) & (columns < classes), columns, classes)
        weights = (mean_sizes[rows] / np.bincount(which, minlength=len(ids))[which]) if ids.size else np.zeros(0)
        np.add.at(total.weighted, (rows, columns), np.nan_to_num(weights))
        return total

    def __add__(self, other: InstanceConfusion) -> InstanceConfusion:
        return InstanceConfusion(self.confusion + other.confusion, self.weighted + other.weighted, self.countable)

    @property
    def iiou(self) -> np.ndarray:
        """`(classes,)` iIoU; nan for classes without objects."""
        whole = self.weighted.sum(axis=1) + self.confusion.false_positives
        return np.where(self.countable, ratio(np.diagonal(self.weighted), whole), np.nan)

    def group_iiou(self, groups: Sequence[Sequence[int]]) -> np.ndarray:
        """`(groups,)` iIoU of groups of classes; nan for those that have a class without objects."""
        false = self.confusion.grouped(groups).false_positives
        hits = np.array([self.weighted[np.ix_(group, group)].sum() for group in groups])
        whole = np.array([self.weighted[list(group)].sum() for group in groups]) + false
        return np.where([self.countable[list(group)].all() for group in groups], ratio(hits, whole), np.nan)
