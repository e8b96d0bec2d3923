"""Conventions, boundary IoU, calibration, panoptic and instance scores of cases done by hand, and the Keras metric."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from scipy import ndimage
from sklearn.calibration import calibration_curve
from sklearn.metrics import jaccard_score

from datasets.errors import UsageError
from datasets.labels import IGNORE, LABEL_SPACES
from training.metrics.average_precision import InstanceMatches, PredictedInstance
from training.metrics.boundary_iou import BoundaryCounts
from training.metrics.calibration import Calibration
from training.metrics.confusion import Confusion
from training.metrics.conventions import CITYSCAPES_CATEGORIES, CONVENTIONS, convention_of
from training.metrics.instance_iou import InstanceConfusion
from training.metrics.keras_metric import SegmentationScores
from training.metrics.panoptic import PanopticCounts


def _maps(seed: int, classes: int, shape: tuple[int, int] = (40, 50)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    small = rng.choice([*range(classes), IGNORE], (shape[0] // 5, shape[1] // 5))
    truth = small.repeat(5, axis=0).repeat(5, axis=1)
    prediction = np.roll(np.where(truth == IGNORE, 0, truth), (1, 2), (0, 1))
    return truth, prediction


# --- conventions ----------------------------------------------------------------------------------------------------


def test_the_two_readings_of_16_classes_differ_as_they_should() -> None:
    names = LABEL_SPACES["cityscapes19"].names
    truck, car, road = (names.index(name) for name in ("truck", "car", "road"))
    truth = np.full(100, road)
    truth[:20], truth[20:30] = car, truck
    wide = np.where(np.arange(100) < 10, truck, truth)  # half the cars are taken for trucks
    b = CONVENTIONS["16B"].mean_iou(Confusion.of(truth, wide, 19))
    assert b == pytest.approx((10 / 20 + 1) / 16)
    space = LABEL_SPACES["synthia16"].names
    to_16 = np.array([space.index(name) if name in space else IGNORE for name in names])
    a = CONVENTIONS["16A"].mean_iou(Confusion.of(to_16[truth], to_16[wide], 16))
    assert a == pytest.approx((10 / 20 + 1) / 2)


def test_13_classes_are_the_16_without_wall_fence_and_pole() -> None:
    truth, prediction = _maps(0, 16)
    confusion = Confusion.of(truth, prediction, 16)
    names = LABEL_SPACES["synthia16"].names
    kept = [confusion.iou[i] for i, name in enumerate(names) if name not in ("wall", "fence", "pole")]
    assert len(kept) == 13
    assert CONVENTIONS["13"].mean_iou(confusion) == pytest.approx(np.mean(kept))
    assert [names[i] for i in CONVENTIONS["13"].classes] == list(LABEL_SPACES["synthia13"].names)


def test_every_space_has_a_convention_and_a_wrong_matrix_is_refused() -> None:
    assert convention_of("camvid11") is CONVENTIONS["camvid11"]
    assert convention_of("cityscapes19").name == "19"
    assert convention_of("pets_trimap").name == "pets_trimap"
    truth, prediction = _maps(1, 3)
    confusion = Confusion.of(truth, prediction, 3)
    assert convention_of("pets_trimap").mean_iou(confusion) == confusion.mean_iou
    assert np.isnan(convention_of("pets_trimap").mean_iou(Confusion.empty(3)))
    with pytest.raises(UsageError, match="'19' wants a confusion of the 19 classes of 'cityscapes19', got 3"):
        CONVENTIONS["19"].mean_iou(confusion)


def test_categories_hold_every_evaluated_class_once() -> None:
    assert sorted(index for group in CITYSCAPES_CATEGORIES.values() for index in group) == list(range(19))


def test_grouped_confusion_is_that_of_grouped_maps() -> None:
    truth, prediction = _maps(2, 6)
    groups = [(0, 3), (1,), (5,)]
    table = np.array([0, 1, IGNORE, 0, IGNORE, 2])
    grouped_truth = np.where(truth == IGNORE, IGNORE, table[np.minimum(truth, 5)])
    expected = Confusion.of(grouped_truth, table[prediction], 3)
    np.testing.assert_array_equal(Confusion.of(truth, prediction, 6).grouped(groups).matrix, expected.matrix)


def test_several_ids_can_be_ignored() -> None:
    truth = np.array([0, 1, 7, 255, 1])
    assert Confusion.of(truth, np.array([0, 1, 1, 1, 0]), 2, ignore=(7, 255)).matrix.tolist() == [[1, 0, 0], [1, 1, 0]]


# --- boundary IoU ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("distance_ratio, distance", [(0.001, 1), (0.02, 1), (0.05, 3), (0.1, 6)])
def test_boundary_iou_is_that_of_repeated_erosion(distance_ratio: float, distance: int) -> None:
    truth, prediction = _maps(3, 4)
    assert max(1, round(distance_ratio * np.hypot(*truth.shape))) == distance
    valid = truth != IGNORE
    for index, value in enumerate(BoundaryCounts.of(truth, prediction, 5, distance_ratio).iou):
        bands = []
        for ids in (truth, prediction):
            mask = (ids == index) & valid
            bands.append(mask & ~ndimage.binary_erosion(mask, np.ones((3, 3)), iterations=distance))
        union = (bands[0] | bands[1]).sum()
        expected = (bands[0] & bands[1]).sum() / union if union else np.nan
        assert value == pytest.approx(expected, nan_ok=True)


def test_boundary_iou_tells_outlines_where_iou_does_not_and_reaches_iou_for_wide_bands() -> None:
    truth = np.zeros((60, 60), int)
    truth[10:50, 10:50] = 1
    shifted = np.roll(truth, 2, axis=1)
    assert BoundaryCounts.of(truth, truth, 2).mean_iou == 1
    plain = Confusion.of(truth, shifted, 2).iou[1]
    narrow, wide = (BoundaryCounts.of(truth, shifted, 2, r).iou[1] for r in (0.02, 1.0))
    assert narrow < 0.5 < plain == pytest.approx(wide)


# --- calibration ----------------------------------------------------------------------------------------------------


def test_calibration_is_scikit_learns_curve() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (70, 60, 4))
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    truth = np.where(rng.random((70, 60)) < 0.5, probabilities.argmax(-1), rng.integers(0, 4, (70, 60)))
    truth[rng.random((70, 60)) < 0.1] = IGNORE
    counted = truth != IGNORE
    hits, confidence = (probabilities.argmax(-1) == truth)[counted], probabilities.max(-1)[counted]
    right, sure = calibration_curve(hits, confidence, n_bins=15)
    weights = np.histogram(confidence, np.linspace(0, 1, 16))[0]
    expected = np.sum(weights[weights > 0] / weights.sum() * np.abs(right - sure))
    halves = Calibration.of(truth[:30], probabilities[:30]) + Calibration.of(truth[30:], probabilities[30:])
    assert halves.expected_error == pytest.approx(expected, rel=1e-12)
    assert halves.maximum_error == pytest.approx(np.abs(right - sure).max(), rel=1e-12)
    np.testing.assert_allclose(halves.accuracy[halves.counts > 0], right, rtol=1e-12)
    np.testing.assert_allclose(halves.confidence[halves.counts > 0], sure, rtol=1e-12)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    probabilities = np.array([[0.5, 0.5], [0.75, 0.25], [0.25, 0.75], [1.0, 0.0]])
    assert Calibration.of(np.zeros(4, int), probabilities, bins=4).counts.tolist() == [0, 1, 2, 1]


def test_calibration_of_nothing_is_nan_and_of_sure_and_right_is_0() -> None:
    nothing = Calibration.of(np.full(3, IGNORE), np.ones((3, 2)) / 2)
    assert np.isnan([nothing.expected_error, nothing.maximum_error]).all()
    assert Calibration.of(np.array([0, 1]), np.eye(2)).expected_error == 0


# --- objects --------------------------------------------------------------------------------------------------------


def _two_cars() -> np.ndarray:
    instances = np.full((40, 60), 7)
    instances[5:25, 5:25] = 26000  # 400 pixels
    instances[5:15, 40:50] = 26001  # 100 pixels
    return instances


def test_every_object_counts_alike_in_iiou() -> None:
    instances = _two_cars()
    truth = np.where(instances == 7, 0, 1)
    prediction = np.where(instances == 26000, 1, 0)  # the small one is missed
    counts = InstanceConfusion.of(truth, prediction, instances, np.array([np.nan, 250.0]))
    assert counts.confusion.iou[1] == pytest.approx(400 / 500)
    assert counts.iiou[1] == pytest.approx(0.5)
    assert np.isnan(counts.iiou[0])
    assert counts.weighted.sum() == pytest.approx(2 * 250)


def test_instance_ap_of_a_case_done_by_hand() -> None:
    instances = _two_cars()
    sure = PredictedInstance(instances == 26000, 26, 0.9)
    false = PredictedInstance(np.roll(instances == 26001, 20, axis=0), 26, 0.8)
    late = PredictedInstance(instances == 26001, 26, 0.7)
    matches = InstanceMatches((26, 24))
    matches.add(instances, [false, late, sure], void=(0,))
    table = matches.table()
    # Precision and recall (1, 0), (1, 1/2), (1/2, 1/2), (2/3, 1), each for half the way to its neighbours.
    np.testing.assert_allclose(table[0], 1 * 0.25 + 1 * 0.25 + 0.5 * 0.25 + 2 / 3 * 0.25)
    assert np.isnan(table[1]).all()
    assert matches.scores()["ap"] == pytest.approx(table[0, 0])
    nothing = InstanceMatches((26,))
    nothing.add(instances, [], void=())
    assert nothing.scores()["ap"] == 0


def test_predictions_on_groups_void_and_small_objects_are_forgiven() -> None:
    instances = _two_cars()
    instances[30:38, 0:30] = 26  # a group
    instances[30:38, 40:60] = 0
    instances[18:22, 40:50] = 26002  # 40 pixels
    right = [PredictedInstance(instances == value, 26, 0.5) for value in (26000, 26001)]
    forgiven = [PredictedInstance(instances == value, 26, 0.9) for value in (26, 0, 26002)]
    matches = InstanceMatches((26,))
    matches.add(instances, right + forgiven, void=(0,))
    assert matches.scores()["ap"] == pytest.approx(1)


def test_a_match_must_exceed_the_overlap() -> None:
    half = _two_cars() == 26000
    half[15:25] = False
    matches = InstanceMatches((26,))
    matches.add(np.where(_two_cars() == 26001, 7, _two_cars()), [PredictedInstance(half, 26, 0.5)], void=())
    assert matches.table()[0, 0] == 0  # an IoU of exactly one half


def test_predictions_in_groups_and_void_are_forgiven_in_panoptic_quality() -> None:
    truth = _two_cars()
    truth[30:38, 0:30], truth[30:38, 40:60] = 26, IGNORE
    prediction = _two_cars()
    prediction[30:38, 0:6], prediction[30:38, 6:12], prediction[30:38, 45:55] = 26002, 26003, 26004
    counts = PanopticCounts.of(truth, prediction, things=(26,))
    assert (counts.matched[26], counts.false[26], counts.missed[26]) == (2, 0, 0)
    prediction[24:38, 6:12] = 26003  # now two fifths of it lie on the road and on the first car
    counts = PanopticCounts.of(truth, prediction, things=(26,))
    assert (counts.matched[26], counts.false[26], counts.missed[26]) == (2, 0, 0)
    prediction[30:34, 6:12] = 7  # and now more than half
    assert PanopticCounts.of(truth, prediction, things=(26,)).false[26] == 1


def test_panoptic_quality_of_a_case_done_by_hand() -> None:
    truth = _two_cars()
    prediction = truth.copy()
    prediction[5:25, 20:25] = 7  # three quarters of the first car
    prediction[5:15, 40:50] = 7  # the second is missed
    prediction[30:35, 0:10] = 26009  # one that is not there
    counts = PanopticCounts.of(truth, prediction, things=(26,))
    assert counts.quality[26] == pytest.approx(0.75 / (1 + 0.5 + 0.5))
    road = 40 * 60 - 500
    assert counts.quality[7] == pytest.approx((road - 50) / (road + 200))
    assert counts.mean_quality((7, 26)) == pytest.approx((counts.quality[7] + counts.quality[26]) / 2)
    assert np.isnan(counts.quality[11])
    assert PanopticCounts.of(truth, truth, (26,)).mean_quality((7, 26)) == 1


# --- the Keras metric -----------------------------------------------------------------------------------------------


def _network(classes: int) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(classes, 3, padding="same"),
                              keras.layers.Softmax()])  # fmt: skip
    model.compile(
        optimizer=keras.optimizers.SGD(0.0), loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORE),
        metrics=[SegmentationScores(classes)],
    )  # fmt: skip
    return model


def test_fit_evaluate_and_hand_agree_and_nothing_is_carried_over(tmp_path: Path) -> None:
    classes = 4
    images = np.random.default_rng(0).normal(size=(7, 20, 30, 3)).astype(np.float32)
    truth = np.stack([_maps(seed, classes - 1, (20, 30))[0] for seed in range(7)])
    model = _network(classes)
    history = model.fit(images, truth, batch_size=3, epochs=2, validation_data=(images, truth), verbose=0).history
    prediction = np.argmax(model.predict(images, verbose=0), axis=-1)
    by_hand = Confusion.of(truth, prediction, classes)
    assert np.isnan(by_hand.iou).sum() == 0
    for name, value in (("mean_iou", by_hand.mean_iou), ("accuracy", by_hand.accuracy)):
        for told in (history[name], history[f"val_{name}"]):
            np.testing.assert_allclose(told, value, rtol=1e-6)  # in both epochs
    told = model.evaluate(images, truth, batch_size=2, verbose=0, return_dict=True)
    again = model.evaluate(images, truth, batch_size=2, verbose=0, return_dict=True)
    assert told == again
    assert told["mean_iou"] == pytest.approx(by_hand.mean_iou, rel=1e-6)


def test_metric_counts_in_int64_as_confusion_does() -> None:
    truth, prediction = _maps(5, 3)
    metric = SegmentationScores(4)
    for rows in (slice(0, 20), slice(20, 40)):
        metric.update_state(truth[rows], np.eye(4)[prediction[rows]])
    assert metric.matrix.dtype == "int64"
    np.testing.assert_array_equal(metric.confusion().matrix, Confusion.of(truth, prediction, 4).matrix)
    assert float(metric.result()["mean_iou"]) == pytest.approx(
        jaccard_score(truth[truth != IGNORE], prediction[truth != IGNORE], average="macro"), rel=1e-6
    )
    metric.matrix.assign(np.asarray(metric.matrix) + 2**40)
    metric.update_state(truth, np.eye(4)[prediction])
    assert int(np.asarray(metric.matrix).min()) >= 2**40
    metric.reset_state()
    assert np.isnan(float(metric.result()["mean_iou"]))
    metric.update_state(truth, np.eye(4)[prediction])
    np.testing.assert_array_equal(metric.confusion().matrix, Confusion.of(truth, prediction, 4).matrix)


def test_metric_names_ids_that_are_no_class_and_survives_saving() -> None:
    metric = SegmentationScores(2, ignore=9)
    metric.update_state(np.array([[0, 1, 5, 9, -1]]), np.eye(2)[[[0, 1, 0, 0, 0]]])
    with pytest.raises(ValueError, match="2 true ids are neither 0 to 1 nor 9"):
        metric.confusion()
    assert float(metric.result()["accuracy"]) == 1
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert (again.classes, again.ignore, again.name) == (2, 9, "scores")
    with pytest.raises(ValueError, match="takes no sample weights"):
        metric.update_state(np.zeros((1, 2)), np.zeros((1, 2, 2)), np.ones(1))
