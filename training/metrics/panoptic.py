"""Panoptic quality: Kirillov et al., Panoptic Segmentation, CVPR 2019 (1801.00868)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from datasets.labels import IGNORE
from training.metrics.confusion import ratio
from training.metrics.instance_iou import MANY


@dataclass(frozen=True, eq=False)
class PanopticCounts:
    """Matched and unmatched segments, by class id.

    Attributes:
        iou: `(256,)` float64 sum of the IoU of matched pairs.
        matched: `(256,)` int64 pairs with an IoU above 1/2.
        false: `(256,)` int64 predicted segments without a partner.
        missed: `(256,)` int64 true segments without a partner.
    """

    iou: np.ndarray
    matched: np.ndarray
    false: np.ndarray
    missed: np.ndarray

    @classmethod
    def empty(cls) -> PanopticCounts:
        """Nothing counted yet."""
        return cls(np.zeros(256), *(np.zeros(256, np.int64) for _ in range(3)))

    @classmethod
    def of(
        cls, truth: np.ndarray, prediction: np.ndarray, things: Collection[int], void: int = IGNORE
    ) -> PanopticCounts:
        """Counts of one image.

        Args:
            truth: `(height, width)` integers: class id * 1000 + n for objects, the class id for all else. The plain id
                of a countable class is a group: it is no segment, and predictions of its class inside are forgiven.
            prediction: the same without groups; a plain id of a countable class is one segment.
            things: ids of the countable classes.
            void: of pixels that have no class; predictions more than half inside are forgiven.

        Raises:
            ValueError: the shapes differ.
        """
        if truth.shape != prediction.shape:
            raise ValueError(f"truth and prediction must have one shape, got {truth.shape} and {prediction.shape}")
        true_ids, true_of = np.unique(truth, return_inverse=True)
        ids, id_of = np.unique(prediction, return_inverse=True)
        overlaps = np.zeros((len(true_ids), len(ids)), np.int64)
        np.add.at(overlaps, (true_of.ravel(), id_of.ravel()), 1)
        true_class, its_class = (np.where(found >= MANY, found // MANY, found) for found in (true_ids, ids))
        group = np.isin(true_ids, list(things))
        segment, predicted = (true_ids != void) & ~group, ids != void

        in_void = overlaps[true_ids == void].sum(axis=0)
        areas = overlaps.sum(axis=0)
        unions = overlaps.sum(axis=1)[:, None] + areas - overlaps - in_void
        overlap_ratio = np.where(unions > 0, overlaps / np.maximum(unions, 1), 0.0)
        partners = (overlap_ratio > 0.5) & (true_class[:, None] == its_class) & segment[:, None] & predicted
        in_group = np.where(group[:, None] & (true_class[:, None] == its_class), overlaps, 0).sum(axis=0)
        forgiven = (in_void + in_group) > areas / 2

        counts = cls.empty()
        rows, columns = np.nonzero(partners)
        np.add.at(counts.iou, true_class[rows], overlap_ratio[rows, columns])
        np.add.at(counts.matched, true_class[rows], 1)
        np.add.at(counts.missed, true_class[segment & ~partners.any(axis=1)], 1)
        np.add.at(counts.false, its_class[predicted & ~partners.any(axis=0) & ~forgiven], 1)
        return counts

    def __add__(self, other: PanopticCounts) -> PanopticCounts:
        return PanopticCounts(
            self.iou + other.iou, self.matched + other.matched, self.false + other.false, self.missed + other.missed
        )

    @property
    def quality(self) -> np.ndarray:
        """`(256,)` PQ by class id: segmentation times recognition quality; nan where nothing is or was predicted."""
        return ratio(self.iou, self.matched + 0.5 * self.false + 0.5 * self.missed)

    @property
    def segmentation_quality(self) -> np.ndarray:
        """`(256,)` SQ: mean IoU of the matched pairs; 0 where there are segments but no pair."""
        return np.where(np.isnan(self.quality), np.nan, np.nan_to_num(ratio(self.iou, self.matched)))

    @property
    def recognition_quality(self) -> np.ndarray:
        """`(256,)` RQ: the F1 of the segments."""
        return ratio(self.matched, self.matched + 0.5 * self.false + 0.5 * self.missed)

    def mean_quality(self, classes: Collection[int]) -> float:
        """Mean PQ of these classes, without those that neither occur nor are predicted; nan when none is left."""
        quality = self.quality[list(classes)]
        quality = quality[~np.isnan(quality)]
        return float(quality.mean()) if quality.size else float("nan")
