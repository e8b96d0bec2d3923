"""The reality gap in numbers: scores, gap and coverage with intervals.

S, M and T are the accuracies on the target test images of the network trained on the source only, by a method, and
on the labelled target. Coverage (M - S) / (T - S) is after Ganin et al., JMLR 2016, section 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DRAWS = 1000
_TAILS = (2.5, 97.5)


@dataclass(frozen=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether the value lies inside, ends included."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Coverage:
    """The share of the gap that a method closes, (M - S) / (T - S), with its interval over test images."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class Gap:
    """Where a method stands between source only and trained on target.

    Attributes:
        score: M, mean over seeds.
        score_interval: its interval over test images.
        spread: M of the worst and of the best seed.
        gap: T - M.
        gap_interval: its interval.
        relative: M / T.
        coverage: None where the interval of T - S holds 0, so that no gap is shown.
    """

    score: float
    score_interval: Interval
    spread: Interval
    gap: float
    gap_interval: Interval
    relative: float
    coverage: Coverage | None


def measure_gap(method: np.ndarray, source_only: np.ndarray, on_target: np.ndarray, seed: int = 0) -> Gap:
    """Place a method between floor and ceiling.

    The bootstrap is paired: each of its draws takes the same test images for all three. It says how far the numbers
    depend on which images are in the test set; the spread says how far they depend on the seed of training.

    Args:
        method: `(seeds, images)` bool: whether the run of each seed classified each test image right.
        source_only: the same for source only; the number of seeds may differ, the images may not.
        on_target: the same for trained on target.
        seed: of the bootstrap.
    """
    rates = [hits.mean(axis=0) for hits in (method, source_only, on_target)]
    images = rates[0].shape[0]
    if any(rate.shape != (images,) for rate in rates):
        raise ValueError(f"the runs must be scored on the same images, got {[rate.shape[0] for rate in rates]}")
    chosen = np.random.default_rng(seed).integers(0, images, (DRAWS, images))
    drawn_m, drawn_s, drawn_t = (rate[chosen].mean(axis=1) for rate in rates)
    m, s, t = (float(rate.mean()) for rate in rates)
    by_seed = method.mean(axis=1)
    closable = not interval(drawn_t - drawn_s).holds(0.0)
    return Gap(
        score=m,
        score_interval=interval(drawn_m),
        spread=Interval(float(by_seed.min()), float(by_seed.max())),
        gap=t - m,
        gap_interval=interval(drawn_t - drawn_m),
        relative=m / t if t else float("nan"),
        coverage=Coverage((m - s) / (t - s), interval(_coverages(drawn_m, drawn_s, drawn_t))) if closable else None,
    )


def interval(draws: np.ndarray) -> Interval:
    """The middle 95 % of bootstrap draws."""
    low, high = np.percentile(draws, _TAILS)
    return Interval(float(low), float(high))


def _coverages(method: np.ndarray, source_only: np.ndarray, on_target: np.ndarray) -> np.ndarray:
    # A few draws may have no gap at all although their middle 95 % does not hold 0; they carry no coverage.
    usable = on_target != source_only
    return (method - source_only)[usable] / (on_target - source_only)[usable]
