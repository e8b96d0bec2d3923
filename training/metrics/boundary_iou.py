"""Boundary IoU: Cheng et al., Improving Object-Centric Image Segmentation Evaluation, CVPR 2021 (2103.16562)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from datasets.labels import IGNORE
from training.metrics.confusion import ratio

DISTANCE_RATIO = 0.02
"""Width of the band over the image's diagonal; the paper's for natural images (it takes .005 for Cityscapes)."""


@dataclass(frozen=True, eq=False)
class BoundaryCounts:
    """Pixels of the bands just inside the outlines of each class.

    Attributes:
        intersections: `(classes,)` int64 pixels in the bands of truth and prediction.
        unions: `(classes,)` int64 pixels in either.
    """

    intersections: np.ndarray
    unions: np.ndarray

    @classmethod
    def empty(cls, classes: int) -> BoundaryCounts:
        """Nothing counted yet."""
        return cls(np.zeros(classes, np.int64), np.zeros(classes, np.int64))

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        prediction: np.ndarray,
        classes: int,
        distance_ratio: float = DISTANCE_RATIO,
        ignore: int = IGNORE,
    ) -> BoundaryCounts:
        """Counts of one image of `(height, width)` dense indices.

        Void pixels of the truth belong to no mask, of truth or prediction. As in the paper's program, the border of
        the image is an outline of what touches it.
        """
        distance = max(1, round(distance_ratio * float(np.hypot(*truth.shape))))
        valid = truth != ignore
        counts = cls.empty(classes)
        for index in np.unique(np.concatenate([truth[valid], prediction[valid]])).tolist():
            if 0 <= index < classes:
                true, predicted = (_band((ids == index) & valid, distance) for ids in (truth, prediction))
                counts.intersections[index] = np.count_nonzero(true & predicted)
                counts.unions[index] = np.count_nonzero(true | predicted)
        return counts

    def __add__(self, other: BoundaryCounts) -> BoundaryCounts:
        return BoundaryCounts(self.intersections + other.intersections, self.unions + other.unions)

    @property
    def iou(self) -> np.ndarray:
        """`(classes,)` Boundary IoU; nan for classes that neither occur nor are predicted."""
        return ratio(self.intersections, self.unions)

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that occur or are predicted; nan when none is."""
        iou = self.iou[~np.isnan(self.iou)]
        return float(iou.mean()) if iou.size else float("nan")


def _band(mask: np.ndarray, distance: int) -> np.ndarray:
    """The pixels of a mask within `distance`, by squares, of its outside."""
    inner = ndimage.minimum_filter(mask.view(np.uint8), 2 * distance + 1, mode="constant", cval=0)
    return mask & (inner == 0)
