"""The reality gap in numbers: scores, gap and coverage with intervals.

S, M and T are the scores on the target test images of the network trained on the source only, by a method, and on
the labelled target. Coverage (M - S) / (T - S) is after Ganin et al., JMLR 2016, section 5.2; the relative score
M / T after Hoyer et al., CVPR 2022 (2111.14887).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.metrics.bootstrap import Interval, Scored, interval


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
        relative_interval: its interval.
        coverage: None where the interval of T - S holds 0, so that no gap is shown.
    """

    score: float
    score_interval: Interval
    spread: Interval
    gap: float
    gap_interval: Interval
    relative: float
    relative_interval: Interval
    coverage: Coverage | None


def measure_gap(method: Scored, source_only: Scored, on_target: Scored) -> Gap:
    """Place a method between floor and ceiling.

    The bootstrap is paired: each of its draws takes the same test images for all three. It says how far the numbers
    depend on which images are in the test set; the spread says how far they depend on the seed of training.
    """
    m, s, t = method.value, source_only.value, on_target.value
    drawn_m, drawn_s, drawn_t = method.draws, source_only.draws, on_target.draws
    closable = not interval(drawn_t - drawn_s).holds(0.0)
    return Gap(
        score=m,
        score_interval=method.interval,
        spread=method.spread,
        gap=t - m,
        gap_interval=interval(drawn_t - drawn_m),
        relative=m / t if t else float("nan"),
        relative_interval=interval(_ratios(drawn_m, drawn_t)),
        coverage=Coverage((m - s) / (t - s), interval(_coverages(drawn_m, drawn_s, drawn_t))) if closable else None,
    )


def _coverages(method: np.ndarray, source_only: np.ndarray, on_target: np.ndarray) -> np.ndarray:
    # A few draws may have no gap at all although their middle 95 % does not hold 0; they carry no coverage.
    return _ratios(method - source_only, on_target - source_only)


def _ratios(parts: np.ndarray, wholes: np.ndarray) -> np.ndarray:
    usable = wholes != 0
    return parts[usable] / wholes[usable] if usable.any() else np.array([np.nan])
