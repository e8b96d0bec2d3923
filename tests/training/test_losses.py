"""Losses against NumPy, SciPy, scikit-learn and Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage
from sklearn.metrics import log_loss

from datasets.errors import UsageError
from datasets.labels import IGNORE
from training.losses.boundary import BoundaryCrossEntropy
from training.losses.catalogue import LOSSES, make_loss
from training.losses.cross_entropy import Focal, MaskedCrossEntropy
from training.losses.dice import DiceCrossEntropy, SoftDice
from training.losses.pixel_loss import PixelLoss

CLASSES = 5
WEIGHTS = [0.5, 2.0, 1.25, 3.0, 7.0]
PIXEL_LOSSES = [name for name, entry in LOSSES.items() if entry.task == "segmentation"]


def _batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of classes 0 to 3 with void among them (class 4 is absent), and random probabilities."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice([0, 1, 2, 3, IGNORE], (2, 6, 5))
    labels = blocks.repeat(4, axis=1).repeat(4, axis=2)
    logits = rng.normal(0, 2, (*labels.shape, CLASSES))
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return labels.astype(np.uint8), probabilities.astype(np.float32)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_cross_entropy_is_scikit_learns_on_the_pixels_that_count(weights: list[float] | None) -> None:
    labels, probabilities = _batch()
    counted = labels != IGNORE
    sample_weight = None if weights is None else np.array(weights)[labels[counted]]
    exact = probabilities[counted].astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    expected = log_loss(labels[counted], exact, labels=range(CLASSES), sample_weight=sample_weight)
    loss = MaskedCrossEntropy(class_weights=weights)
    assert float(loss(labels, probabilities)) == pytest.approx(expected, rel=1e-6)
    assert float(loss(labels[..., None], probabilities)) == pytest.approx(expected, rel=1e-6)
    logits = MaskedCrossEntropy(class_weights=weights, from_logits=True)
    assert float(logits(labels, np.log(probabilities) + 3)) == pytest.approx(expected, rel=1e-5)


def test_plain_cross_entropy_is_keras_own() -> None:
    labels, probabilities = _batch(1)
    keras_own = keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORE)
    assert float(MaskedCrossEntropy()(labels, probabilities)) == pytest.approx(
        float(keras_own(labels, probabilities)), rel=1e-6
    )


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal_is_the_papers_formula(gamma: float) -> None:
    labels, probabilities = _batch(2)
    counted = labels != IGNORE
    true = np.take_along_axis(probabilities[counted].astype(np.float64), labels[counted][:, None].astype(int), 1)[:, 0]
    weights = np.array(WEIGHTS)[labels[counted]]
    expected = np.sum(weights * (1 - true) ** gamma * -np.log(true)) / weights.sum()
    assert float(Focal(gamma, class_weights=WEIGHTS)(labels, probabilities)) == pytest.approx(expected, rel=1e-5)


def test_dice_is_one_minus_the_f1_of_soft_counts_over_classes_that_occur() -> None:
    labels, probabilities = _batch(3)
    counted = labels != IGNORE
    scores = []
    for index in sorted(set(labels[counted].tolist())):
        truth, predicted = labels[counted] == index, probabilities[counted][:, index].astype(np.float64)
        scores.append(2 * predicted[truth].sum() / (truth.sum() + predicted.sum()))
    assert len(scores) == 4
    assert float(SoftDice()(labels, probabilities)) == pytest.approx(1 - np.mean(scores), rel=1e-5)
    both = DiceCrossEntropy()(labels, probabilities)
    assert float(both) == pytest.approx(
        float(SoftDice()(labels, probabilities)) + float(MaskedCrossEntropy()(labels, probabilities)), rel=1e-6
    )


@pytest.mark.parametrize("radius", [0, 1, 3])
def test_boundary_weights_are_those_of_scipy(radius: int) -> None:
    labels, probabilities = _batch(4)
    square = np.ones((3, 3), bool)
    total, weight_sum = 0.0, 0.0
    for ids, predicted in zip(labels, probabilities, strict=True):
        valid = ids != IGNORE
        outline = np.zeros_like(valid)
        for index in range(CLASSES):
            touched = ndimage.binary_dilation(ids == index, square)
            outline |= touched & valid & (ids != index)
        near = ndimage.binary_dilation(outline, square, iterations=radius) if radius else outline
        weights = np.where(valid, 1 + 2.5 * near, 0)
        true = np.take_along_axis(predicted.astype(np.float64), np.minimum(ids, 4)[..., None].astype(int), 2)[..., 0]
        total += np.sum(weights * -np.log(true))
        weight_sum += weights.sum()
    loss = BoundaryCrossEntropy(radius=radius, factor=2.5)
    assert float(loss(labels, probabilities)) == pytest.approx(total / weight_sum, rel=1e-5)


@pytest.mark.parametrize("name", PIXEL_LOSSES)
def test_a_perfect_prediction_costs_nothing_though_classes_are_absent(name: str) -> None:
    labels, _ = _batch(5)
    perfect = np.eye(CLASSES, dtype=np.float32)[np.minimum(labels, CLASSES - 1)]
    assert float(make_loss(name)(labels, perfect)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", PIXEL_LOSSES)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_void_has_no_say_and_a_batch_of_it_costs_0_with_gradient_0(name: str, weights: list[float] | None) -> None:
    labels, probabilities = _batch(6)
    loss = make_loss(name, class_weights=weights)
    changed = np.where((labels == IGNORE)[..., None], np.float32(1 / CLASSES), probabilities)
    assert float(loss(labels, changed)) == float(loss(labels, probabilities))
    void = np.full_like(labels, IGNORE)
    predictions = tf.Variable(probabilities)
    with tf.GradientTape() as tape:
        value = loss(void, predictions)
    assert float(value) == 0
    np.testing.assert_array_equal(tape.gradient(value, predictions), 0)


@pytest.mark.parametrize("name", PIXEL_LOSSES)
def test_an_id_that_is_no_class_is_not_passed_over(name: str) -> None:
    labels, probabilities = _batch(7)
    labels[0, 0, 0] = CLASSES
    assert np.isnan(float(make_loss(name)(labels, probabilities)))


@pytest.mark.parametrize("name", PIXEL_LOSSES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    labels, probabilities = _batch(8)
    loss = make_loss(name, from_logits=True, class_weights=WEIGHTS)
    logits = np.log(probabilities)
    direction = np.random.default_rng(9).normal(size=logits.shape).astype(np.float32)
    given = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = loss(labels, given)
    slope = float(np.sum(np.asarray(tape.gradient(value, given), np.float64) * direction))
    step = 1e-2
    rise = float(loss(labels, logits + step * direction)) - float(loss(labels, logits - step * direction))
    assert rise / (2 * step) == pytest.approx(slope, rel=1e-2)


def test_a_pixel_that_is_surely_wrong_still_teaches() -> None:
    logits = tf.Variable([[[30.0, 0.0]]])
    labels = np.array([[1]])
    slopes = []
    for loss in (MaskedCrossEntropy(), keras.losses.SparseCategoricalCrossentropy()):
        with tf.GradientTape() as tape:
            value = loss(labels, tf.nn.softmax(tf.identity(logits)))
        slopes.append(float(np.abs(tape.gradient(value, logits)).max()))
    assert slopes[0] == pytest.approx(1, rel=1e-4)
    assert slopes[1] == 0  # what Keras does, which is why ours is not built on it


@pytest.fixture
def mixed_precision() -> Iterator[None]:
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    yield
    keras.mixed_precision.set_dtype_policy("float32")


@pytest.mark.usefixtures("mixed_precision")
@pytest.mark.parametrize("name", PIXEL_LOSSES)
def test_losses_stay_float32_under_mixed_precision(name: str) -> None:
    labels, probabilities = _batch(10)
    value = make_loss(name)(labels, tf.cast(probabilities, tf.float16))
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(float(make_loss(name)(labels, probabilities)), rel=1e-3)


@pytest.mark.parametrize("name", list(LOSSES))
def test_losses_survive_saving(name: str) -> None:
    entry = LOSSES[name]
    options = {"class_weights": WEIGHTS, "ignore": 3} if entry.task == "segmentation" else {"maximum": 2.0}
    loss = make_loss(name, entry.task, **options)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


def test_sample_weights_are_refused() -> None:
    labels, probabilities = _batch()
    with pytest.raises(ValueError, match="takes no sample weights; give what shall not count the id 255"):
        MaskedCrossEntropy()(labels, probabilities, np.ones(2))


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: make_loss("psnr"), "no loss 'psnr' for segmentation; there are cross_entropy, focal"),
        (lambda: Focal(0.5), "gamma must be 0 or at least 1"),
        (lambda: BoundaryCrossEntropy(radius=-1), "must not be negative"),
    ],
)
def test_wrong_options_are_refused(make: Callable[[], PixelLoss], said: str) -> None:
    with pytest.raises((UsageError, ValueError), match=said):
        make()


def test_fit_and_hand_give_the_same_loss() -> None:
    labels, _ = _batch(11)
    images = np.random.default_rng(0).normal(size=(*labels.shape, 3)).astype(np.float32)
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(CLASSES, 1, activation="softmax")])
    model.compile(loss=DiceCrossEntropy(class_weights=WEIGHTS))
    told = model.evaluate(images, labels, batch_size=2, verbose=0)
    assert told == pytest.approx(float(DiceCrossEntropy(class_weights=WEIGHTS)(labels, model(images))), rel=1e-6)
