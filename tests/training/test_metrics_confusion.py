from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score

from datasets.labels import IGNORE
from training.metrics.confusion import Confusion

CLASSES = 5


def _pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    truth = rng.choice([0, 1, 2, 3, IGNORE], (40, 30))
    prediction = np.where(rng.random((40, 30)) < 0.6, truth, rng.integers(0, 4, (40, 30)))
    return truth, np.where(prediction == IGNORE, 0, prediction)


def test_scores_are_those_of_scikit_learn() -> None:
    truth, prediction = _pair()
    counted = truth != IGNORE
    confusion = Confusion.of(truth, prediction, CLASSES)
    t, p = truth[counted], prediction[counted]
    np.testing.assert_array_equal(confusion.matrix[:, :-1], confusion_matrix(t, p, labels=range(CLASSES)))
    assert confusion.accuracy == accuracy_score(t, p)
    np.testing.assert_allclose(confusion.iou[:4], jaccard_score(t, p, labels=range(4), average=None), rtol=1e-12)
    assert confusion.mean_iou == pytest.approx(jaccard_score(t, p, labels=range(4), average="macro"), rel=1e-12)


def test_absent_class_is_nan_and_leaves_the_mean() -> None:
    confusion = Confusion.of(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert np.isnan(confusion.iou[2])
    assert np.isnan(confusion.recall[2])
    assert confusion.mean_iou == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_a_class_only_predicted_scores_0() -> None:
    confusion = Confusion.of(np.array([0, 0]), np.array([0, 2]), 3)
    assert confusion.iou[2] == 0.0
    assert confusion.mean_iou == pytest.approx((1 / 2 + 0) / 2)


def test_void_prediction_on_a_counted_pixel_is_a_miss() -> None:
    confusion = Confusion.of(np.array([1, 1, 1, IGNORE]), np.array([1, IGNORE, -1, 0]), 2)
    np.testing.assert_array_equal(confusion.matrix, [[0, 0, 0], [0, 1, 2]])
    assert confusion.accuracy == pytest.approx(1 / 3)
    assert confusion.iou[1] == pytest.approx(1 / 3)


def test_nothing_counted_is_nan_without_a_warning() -> None:
    confusion = Confusion.of(np.array([IGNORE]), np.array([0]), 2)
    assert np.isnan([confusion.accuracy, confusion.mean_iou]).all()


def test_true_id_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1 or 255, got 0 to 7"):
        Confusion.of(np.array([0, 7]), np.array([0, 0]), 2)


@settings(max_examples=50, deadline=None)
@given(arrays(np.int64, (2, 60), elements=st.integers(0, CLASSES - 1)), st.integers(0, 60))
def test_parts_add_up_to_the_whole(pair: np.ndarray, cut: int) -> None:
    truth, prediction = pair
    parts = Confusion.of(truth[:cut], prediction[:cut], CLASSES) + Confusion.of(truth[cut:], prediction[cut:], CLASSES)
    np.testing.assert_array_equal(parts.matrix, Confusion.of(truth, prediction, CLASSES).matrix)
    assert parts.matrix.sum() == 60
    assert parts.matrix.dtype == np.int64


def test_counts_of_confusion_do_not_wrap_in_small_integers() -> None:
    truth = np.zeros((600, 600), np.uint8)
    assert Confusion.of(truth, truth, 2).matrix[0, 0] == 360_000
