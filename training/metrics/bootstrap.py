"""Scores with intervals: the bootstrap over test images, paired between runs.

A draw takes each test image some number of times, so that its sums of statistics are one product of matrices. The same
draws serve every run: differences between runs are paired by image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.metrics.scoring import Score

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


def interval(draws: np.ndarray) -> Interval:
    """The middle 95 % of bootstrap draws."""
    low, high = np.percentile(draws, _TAILS)
    return Interval(float(low), float(high))


def draw_images(images: int, seed: int = 0) -> np.ndarray:
    """`(1000, images)` float64: how often each bootstrap draw takes each image; a row sums to `images`."""
    drawn = np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), DRAWS)
    return drawn.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Scored:
    """The score of one entry's runs, and what it becomes in each bootstrap draw.

    Attributes:
        seeds: of training, one a run.
        by_seed: `(seeds,)` the scores.
        drawn: `(1000, seeds)` the scores of each draw of test images.
    """

    seeds: tuple[int, ...]
    by_seed: np.ndarray
    drawn: np.ndarray

    @property
    def value(self) -> float:
        """Mean over the seeds."""
        return float(self.by_seed.mean())

    @property
    def draws(self) -> np.ndarray:
        """`(1000,)` mean over the seeds of each draw."""
        return np.asarray(self.drawn.mean(axis=1))

    @property
    def interval(self) -> Interval:
        """Of the mean over seeds, over the choice of test images."""
        return interval(self.draws)

    @property
    def spread(self) -> Interval:
        """The worst and the best seed."""
        return Interval(float(self.by_seed.min()), float(self.by_seed.max()))

    def only(self, seeds: tuple[int, ...]) -> Scored:
        """Of some of the seeds."""
        places = [self.seeds.index(seed) for seed in seeds]
        return Scored(seeds, self.by_seed[places], self.drawn[:, places])


def scored(statistics: np.ndarray, seeds: tuple[int, ...], score: Score, draws: np.ndarray) -> Scored:
    """Score runs and each bootstrap draw of their images.

    Args:
        statistics: `(seeds, images, numbers)`, whole numbers; float64 sums are exact to 2^53.
        seeds: of the runs.
        score: what they are scored by.
        draws: `(draws, images)` by `draw_images`, the same for all runs that are to be held against each other.

    Raises:
        ValueError: the runs were scored on another number of images than were drawn from.
    """
    if statistics.shape[1] != draws.shape[1]:
        raise ValueError(f"the runs must be scored on the same images, got {statistics.shape[1]} and {draws.shape[1]}")
    drawn = [score.of(draws @ run.astype(np.float64)) for run in statistics]
    return Scored(seeds, score.of(statistics.sum(axis=1, dtype=np.int64)), np.stack(drawn, axis=1))


@dataclass(frozen=True)
class Difference:
    """One score minus another, over the seeds that both have, with its interval over the same test images."""

    value: float
    interval: Interval

    @property
    def differs(self) -> bool:
        """Whether the interval leaves 0 out."""
        return not self.interval.holds(0.0)


def difference(one: Scored, other: Scored) -> Difference:
    """`one - other`. Runs of the same seed begin alike: where both have some of the same seeds, only those count."""
    one, other = on_common_seeds(one, other)
    return Difference(one.value - other.value, interval(one.draws - other.draws))


def on_common_seeds(one: Scored, other: Scored) -> tuple[Scored, Scored]:
    """Both over the seeds that both have; unchanged where they have none in common."""
    common = tuple(seed for seed in one.seeds if seed in other.seeds)
    return (one.only(common), other.only(common)) if common else (one, other)
