"""Whether a network is as sure as it is right: Guo et al., On Calibration of Modern Neural Networks, ICML 2017."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.labels import IGNORE
from training.metrics.confusion import ratio

BINS = 15


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predictions in bins of equal width by their confidence, the highest probability.

    Attributes:
        counts: `(bins,)` int64 predictions.
        hits: `(bins,)` int64 of them that were right.
        confidences: `(bins,)` float64 sums of their confidences.
    """

    counts: np.ndarray
    hits: np.ndarray
    confidences: np.ndarray

    @classmethod
    def empty(cls, bins: int = BINS) -> Calibration:
        """Nothing counted yet."""
        return cls(np.zeros(bins, np.int64), np.zeros(bins, np.int64), np.zeros(bins))

    @classmethod
    def of(cls, truth: np.ndarray, probabilities: np.ndarray, bins: int = BINS, ignore: int = IGNORE) -> Calibration:
        """Counts of dense indices `(...)` and probabilities `(..., classes)`; where the truth is `ignore` none."""
        return cls.of_confidences(truth, probabilities.argmax(axis=-1), probabilities.max(axis=-1), bins, ignore)

    @classmethod
    def of_confidences(
        cls, truth: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, bins: int = BINS, ignore: int = IGNORE
    ) -> Calibration:
        """Counts of dense indices, predicted ones and the probabilities of those, all `(...)`."""
        counted = truth != ignore
        chosen = confidence[counted].astype(np.float64)
        # Bins are open below and closed above, as in the paper.
        which = np.clip(np.ceil(chosen * bins).astype(np.int64) - 1, 0, bins - 1)
        right = (predicted == truth)[counted]
        return cls(
            np.bincount(which, minlength=bins).astype(np.int64),
            np.bincount(which[right], minlength=bins).astype(np.int64),
            np.bincount(which, chosen, bins),
        )

    def __add__(self, other: Calibration) -> Calibration:
        return Calibration(self.counts + other.counts, self.hits + other.hits, self.confidences + other.confidences)

    @property
    def accuracy(self) -> np.ndarray:
        """`(bins,)` share of right predictions; nan where there are none."""
        return ratio(self.hits, self.counts)

    @property
    def confidence(self) -> np.ndarray:
        """`(bins,)` mean confidence; nan where there are none."""
        return ratio(self.confidences, self.counts)

    @property
    def expected_error(self) -> float:
        """ECE: the gap between accuracy and confidence, averaged over predictions; nan when there are none."""
        return float(ratio(np.abs(self.hits - self.confidences).sum(), self.counts.sum()))

    @property
    def maximum_error(self) -> float:
        """MCE: the largest gap of a bin; nan when there are no predictions."""
        gaps = np.abs(self.accuracy - self.confidence)[self.counts > 0]
        return float(gaps.max()) if gaps.size else float("nan")
