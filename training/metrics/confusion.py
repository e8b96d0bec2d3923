"""The confusion matrix, and every score that is read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datasets.labels import IGNORE


@dataclass(frozen=True, eq=False)
class Confusion:
    """How often each class was predicted for each class.

    A prediction that is no class (void) on a pixel that counts belongs to no class's column but stays in the matrix:
    it is a miss of the true class. A class that neither occurs nor is predicted has the score nan and leaves means.

    Attributes:
        matrix: `(classes, classes + 1)` int64 counts, true class by predicted class; the last column is void.
    """

    matrix: np.ndarray

    @classmethod
    def empty(cls, classes: int) -> Confusion:
        """Nothing counted yet."""
        return cls(np.zeros((classes, classes + 1), np.int64))

    @classmethod
    def of(
        cls, truth: np.ndarray, prediction: np.ndarray, classes: int, ignore: int | Sequence[int] = IGNORE
    ) -> Confusion:
        """Counts of two integer arrays of one shape; places where the truth is `ignore`, or one of it, do not count.

        Raises:
            ValueError: the shapes differ, or a true id is neither a class nor `ignore`.
        """
        if truth.shape != prediction.shape:
            raise ValueError(f"truth and prediction must have one shape, got {truth.shape} and {prediction.shape}")
        counted = truth != ignore if isinstance(ignore, int) else ~np.isin(truth, ignore)
        rows = truth[counted].astype(np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= classes):
            raise ValueError(
                f"true ids must be 0 to {classes - 1} or {ignore}, got {rows.min()} to {rows.max()}; "
                "map them to dense indices first"
            )
        columns = prediction[counted].astype(np.int64)
        columns = np.where((columns >= 0) & (columns < classes), columns, classes)
        counts = np.bincount(rows * (classes + 1) + columns, minlength=classes * (classes + 1))
        return cls(counts.reshape(classes, classes + 1).astype(np.int64))

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.matrix)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.matrix + other.matrix)

    @cached_property
    def _hits(self) -> np.ndarray:
        return np.diagonal(self.matrix).astype(np.float64)

    @property
    def accuracy(self) -> float:
        """Share of what counts that was predicted right; nan when nothing counts."""
        return float(ratio(self._hits.sum(), self.matrix.sum()))

    @property
    def recall(self) -> np.ndarray:
        """`(classes,)` share of each class that was predicted right; nan for classes that do not occur."""
        return ratio(self._hits, self.matrix.sum(axis=1))

    @property
    def iou(self) -> np.ndarray:
        """`(classes,)` intersection over union of each class."""
        predicted = self.matrix[:, :-1].sum(axis=0)
        return ratio(self._hits, self.matrix.sum(axis=1) + predicted - self._hits)

    @property
    def false_positives(self) -> np.ndarray:
        """`(classes,)` how often each class was predicted for another one that counts."""
        return self.matrix[:, :-1].sum(axis=0) - np.diagonal(self.matrix)

    def grouped(self, groups: Sequence[Sequence[int]]) -> Confusion:
        """The confusion of groups of classes; a true class of no group does not count, predicted ones are void.

        Args:
            groups: the dense indices of the classes of each group.
        """
        columns = [self.matrix[:, list(group)].sum(axis=1) for group in groups]
        columns.append(self.matrix.sum(axis=1) - sum(columns))
        by_prediction = np.stack(columns, axis=1)
        return Confusion(np.stack([by_prediction[list(group)].sum(axis=0) for group in groups]))

    @property
    def mean_iou(self) -> float:
        """Mean of `iou` over the classes that occur or are predicted; nan when none is."""
        iou = self.iou[~np.isnan(self.iou)]
        return float(iou.mean()) if iou.size else float("nan")


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`part / whole`, nan where the whole is 0."""
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
