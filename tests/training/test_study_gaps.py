from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from training.metrics.bootstrap import Scored, draw_images, scored
from training.metrics.scoring import Accuracy
from training.study.gaps import measure_gap


def _hits(rate: float, images: int, seeds: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((seeds, images)) < rate


def _scored(hits: np.ndarray, draws_seed: int = 0) -> Scored:
    """Runs that recognise the images of `hits` `(seeds, images)`, all of one class."""
    truth = np.zeros(hits.shape[1], np.int64)
    score = Accuracy(2)
    statistics = np.stack([score.statistics(truth, np.where(run, 0, 1)) for run in hits])
    return scored(statistics, tuple(range(len(hits))), score, draw_images(hits.shape[1], draws_seed))


def test_point_values_by_hand() -> None:
    floor = np.array([[1, 0, 0, 0, 0, 0, 0, 1, 0, 0]] * 2, bool)
    method = np.array([[1, 1, 1, 1, 0, 0, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1, 0, 1, 0, 0]], bool)
    ceiling = np.ones((1, 10), bool)
    gap = measure_gap(_scored(method), _scored(floor), _scored(ceiling))
    assert gap.score == pytest.approx(0.6)
    assert (gap.spread.low, gap.spread.high) == pytest.approx((0.5, 0.7))
    assert gap.gap == pytest.approx(0.4)
    assert gap.relative == pytest.approx(0.6)
    assert gap.coverage is not None
    assert gap.coverage.value == pytest.approx((0.6 - 0.2) / (1.0 - 0.2))


def test_floor_covers_nothing_and_ceiling_everything_in_every_draw() -> None:
    floor, ceiling = _scored(_hits(0.4, 300, 3, 0)), _scored(_hits(0.95, 300, 3, 1))
    for method, expected in ((floor, 0.0), (ceiling, 1.0)):
        gap = measure_gap(method, floor, ceiling)
        assert gap.coverage is not None
        interval = gap.coverage.interval
        assert (gap.coverage.value, interval.low, interval.high) == pytest.approx((expected,) * 3)


def test_a_method_half_way_on_every_image_covers_half_in_every_draw() -> None:
    """One seed of the method is the floor and one the ceiling: 50 % whatever images are drawn."""
    floor, ceiling = _hits(0.4, 300, 1, 0), _hits(0.95, 300, 1, 1)
    gap = measure_gap(_scored(np.concatenate([floor, ceiling])), _scored(floor), _scored(ceiling))
    assert gap.coverage is not None
    interval = gap.coverage.interval
    assert (gap.coverage.value, interval.low, interval.high) == pytest.approx((0.5,) * 3)


def test_interval_of_a_score_is_the_binomials() -> None:
    hits = _hits(0.7, 900, 1, 2)
    gap = measure_gap(_scored(hits), _scored(_hits(0.2, 900, 1, 3)), _scored(np.ones((1, 900), bool)))
    low, high = stats.binomtest(int(hits.sum()), 900).proportion_ci(method="wilson")
    assert (gap.score_interval.low, gap.score_interval.high) == pytest.approx((low, high), abs=0.005)


def test_pairing_makes_the_interval_of_a_difference_that_of_the_images_that_differ() -> None:
    """A method that is the ceiling but for 10 images: their gap must not carry the spread of the other 890."""
    ceiling = _hits(0.6, 900, 1, 4)
    method = ceiling.copy()
    method[0, np.flatnonzero(ceiling[0])[:10]] = False
    gap = measure_gap(_scored(method), _scored(np.zeros((1, 900), bool)), _scored(ceiling))
    spread = np.sqrt(10) / 900
    assert gap.gap == pytest.approx(10 / 900)
    assert gap.gap_interval.low == pytest.approx(gap.gap - 1.96 * spread, abs=0.0015)
    assert gap.gap_interval.high == pytest.approx(gap.gap + 1.96 * spread, abs=0.0015)


def test_relative_scores_and_coverage_where_nothing_is_right_do_not_divide_by_nothing() -> None:
    nothing, some = _scored(np.zeros((1, 40), bool)), _scored(_hits(0.5, 40, 1, 8))
    gap = measure_gap(some, nothing, nothing)
    assert np.isnan(gap.relative)
    assert np.isnan(gap.relative_interval.low)
    assert gap.coverage is None


def test_coverage_is_undefined_where_floor_and_ceiling_cannot_be_told_apart() -> None:
    floor, ceiling = _scored(_hits(0.80, 200, 1, 5)), _scored(_hits(0.81, 200, 1, 6))
    assert measure_gap(_scored(_hits(0.8, 200, 1, 7)), floor, ceiling).coverage is None
    assert measure_gap(floor, floor, floor).coverage is None


def test_a_seed_gives_the_same_intervals_and_runs_must_share_their_images() -> None:
    hits = (_hits(0.5, 50, 2, 0), _hits(0.3, 50, 2, 1), _hits(0.9, 50, 3, 2))
    first, again, other = (measure_gap(*(_scored(run, seed) for run in hits)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    with pytest.raises(ValueError, match="same images, got 40 and 50"):
        scored(np.zeros((1, 40, 4)), (0,), Accuracy(2), draw_images(50))
    json.dumps(asdict(first))
