from __future__ import annotations

import numpy as np
import pytest
from study_folders import SPACE, corrupted, streets

from datasets.labels import IGNORE
from training.metrics.bootstrap import difference, draw_images, scored
from training.metrics.confusion import Confusion
from training.metrics.conventions import CONVENTIONS
from training.metrics.scoring import Accuracy, MeanIou, score_of


@pytest.mark.parametrize("name", ["camvid11", "19", "16B", "13"])
def test_statistics_of_images_are_the_confusions_and_their_score_the_conventions(name: str) -> None:
    score = MeanIou(CONVENTIONS[name])
    rng = np.random.default_rng(1)
    truth = rng.integers(0, score.classes, (5, 9, 7)).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.2] = IGNORE
    truth[4] = IGNORE
    predicted = rng.integers(0, score.classes - 3, truth.shape).astype(np.uint8)
    predicted[rng.random(truth.shape) < 0.1] = IGNORE
    statistics = score.statistics(truth, predicted)
    expected = [Confusion.of(*pair, score.classes) for pair in zip(truth, predicted, strict=True)]
    np.testing.assert_array_equal(score.confusions(statistics), [one.matrix for one in expected])
    total = sum(expected, Confusion.empty(score.classes))
    assert score.of(statistics.sum(axis=0)) == pytest.approx(score.convention.mean_iou(total), abs=1e-14)
    np.testing.assert_allclose(score.by_class(statistics.sum(axis=0)), total.iou)


def test_a_class_that_the_space_lacks_is_refused() -> None:
    truth = np.full((1, 2, 2), 11, np.uint8)
    with pytest.raises(ValueError, match="true classes must be 0 to 10 or 255, got 11"):
        score_of("camvid11", 11).statistics(truth, truth)


def test_an_accuracy_is_the_share_of_hits_and_of_a_class_its_recall() -> None:
    truth, predicted = np.array([0, 0, 0, 2, 2]), np.array([0, 1, 0, 2, 0])
    score = score_of("accuracy", 3)
    assert score == Accuracy(3)
    sums = score.statistics(truth, predicted).sum(axis=0, dtype=np.int64)
    assert score.of(sums) == pytest.approx(0.6)
    np.testing.assert_allclose(score.by_class(sums), [2 / 3, np.nan, 0.5])


def test_drawn_scores_are_those_of_the_images_drawn_one_by_one() -> None:
    labels = streets(12, 20, 30)
    answers = np.stack([corrupted(labels, 0.7, seed) for seed in (0, 1)])
    score = score_of("camvid11", len(SPACE))
    draws = draw_images(12, seed=3)
    assert set(draws.sum(axis=1)) == {12.0}
    found = scored(np.stack([score.statistics(labels, run) for run in answers]), (0, 1), score, draws)
    for draw in (0, 1, 999):
        chosen = np.repeat(np.arange(12), draws[draw].astype(int))
        for run, answer in enumerate(answers):
            matrix = Confusion.of(labels[chosen], answer[chosen], len(SPACE))
            assert found.drawn[draw, run] == pytest.approx(CONVENTIONS["camvid11"].mean_iou(matrix), abs=1e-12)
    np.testing.assert_allclose(found.draws, found.drawn.mean(axis=1))
    assert found.value == pytest.approx(found.by_seed.mean())
    assert (found.spread.low, found.spread.high) == (found.by_seed.min(), found.by_seed.max())


def test_differences_are_taken_over_the_seeds_that_both_have() -> None:
    score, truth = Accuracy(2), np.zeros(4, np.int64)
    hits = {0: 4, 1: 2, 2: 0}

    def runs(*seeds: int):  # type: ignore[no-untyped-def]
        answers = [np.where(np.arange(4) < hits[seed], 0, 1) for seed in seeds]
        statistics = np.stack([score.statistics(truth, answer) for answer in answers])
        return scored(statistics, seeds, score, draw_images(4))

    assert difference(runs(0, 1, 2), runs(1)).value == 0.0
    assert difference(runs(0, 1), runs(1, 2)).value == 0.0
    assert difference(runs(0), runs(1, 2)).value == pytest.approx(0.75)
    assert not difference(runs(0, 1), runs(1, 0)).differs
