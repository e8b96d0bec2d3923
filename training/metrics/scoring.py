"""What networks are scored by: functions of statistics that are added up over images.

An accuracy is a function of hits and images, a mean IoU one of the confusion. Statistics are kept an image, so that
any choice of images can be scored again: that is what the bootstrap does (`bootstrap.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from datasets.labels import IGNORE, LABEL_SPACES
from training.metrics.confusion import ratio
from training.metrics.conventions import CONVENTIONS, Convention, convention_of

ACCURACY = "accuracy"
"""The convention of studies that classify images."""


class Score(Protocol):
    """What runs are scored by.

    Attributes:
        title: as a sentence uses it: `mean IoU`.
    """

    @property
    def title(self) -> str:
        """As a sentence uses it: `mean IoU`."""
        ...

    def of(self, sums: np.ndarray) -> np.ndarray:
        """`(...)` scores of `(..., numbers)` sums of statistics."""
        ...

    def by_class(self, sums: np.ndarray) -> np.ndarray:
        """`(..., classes)` scores of each class; nan for a class that the score cannot speak of."""
        ...


@dataclass(frozen=True)
class Accuracy:
    """The share of images that are classified right; of a class, its recall. Statistics: hits, then images, a class."""

    classes: int

    title = "accuracy"

    def statistics(self, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """`(images, 2 classes)` uint8 of `(images,)` dense classes."""
        of_class = truth[:, None] == np.arange(self.classes)
        return np.concatenate([of_class & (predicted == truth)[:, None], of_class], axis=1).astype(np.uint8)

    def of(self, sums: np.ndarray) -> np.ndarray:
        """Hits by images."""
        hits, images = sums[..., : self.classes], sums[..., self.classes :]
        return ratio(hits.sum(axis=-1), images.sum(axis=-1))

    def by_class(self, sums: np.ndarray) -> np.ndarray:
        """Hits by images of each class."""
        return ratio(sums[..., : self.classes], sums[..., self.classes :])


@dataclass(frozen=True)
class MeanIou:
    """The mean IoU of a named convention; of a class, its IoU. Statistics: the confusion of an image, flattened."""

    convention: Convention

    title = "mean IoU"

    @property
    def classes(self) -> int:
        """Number of classes of the label space."""
        return len(LABEL_SPACES[self.convention.space])

    def statistics(self, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """`(images, classes (classes + 1))` int64 of `(images, height, width)` uint8 dense classes, 255 void."""
        width = self.classes + 1
        counted = truth != IGNORE
        if counted.any() and truth[counted].max() >= self.classes:
            raise ValueError(f"true classes must be 0 to {self.classes - 1} or 255, got {truth[counted].max()}")
        # A study counts billions of pixels: 16 bits take a fifth of the time of `Confusion.of`. Void is a row of its
        # own behind the classes, and what is no class goes to void's column.
        rows = np.minimum(truth, self.classes).astype(np.uint16) * width
        cells = rows + np.minimum(predicted, self.classes)
        counts = [np.bincount(image.ravel(), minlength=width * width) for image in cells]
        return np.stack(counts)[:, : self.classes * width].astype(np.int64)

    def confusions(self, sums: np.ndarray) -> np.ndarray:
        """`(..., classes, classes + 1)`, as `Confusion.matrix`."""
        return sums.reshape(*sums.shape[:-1], self.classes, self.classes + 1)

    def of(self, sums: np.ndarray) -> np.ndarray:
        """As `Convention.mean_iou` takes it of one confusion."""
        iou = self.by_class(sums)[..., list(self.convention.classes)]
        present = np.maximum((~np.isnan(iou)).sum(axis=-1), 1)
        counts = len(self.convention.classes) if self.convention.absent_is_zero else present
        return np.asarray(np.nan_to_num(iou).sum(axis=-1) / counts)

    def by_class(self, sums: np.ndarray) -> np.ndarray:
        """Intersection over union of each class."""
        matrices = self.confusions(sums)
        hits = np.diagonal(matrices, axis1=-2, axis2=-1).astype(np.float64)
        union = matrices.sum(axis=-1) + matrices[..., :-1].sum(axis=-2) - hits
        return ratio(hits, union)


def score_of(convention: str, classes: int) -> Accuracy | MeanIou:
    """The score that a study's `convention` names: `accuracy`, or a convention of the mean IoU."""
    if convention == ACCURACY:
        return Accuracy(classes)
    return MeanIou(CONVENTIONS[convention] if convention in CONVENTIONS else convention_of(convention))
