from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from training.adaptation.adabn import recompute_statistics
from training.adaptation.domain_batch_normalization import DomainBatchNormalization
from training.networks import digits

RNG = np.random.default_rng(0)
EPSILON = 1e-3


def _standardised(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    axes = tuple(range(by.ndim - 1))
    return (values - by.mean(axes)) / np.sqrt(by.var(axes) + EPSILON)


@pytest.mark.parametrize("places", [(), (7,), (5, 6)])
def test_training_normalises_each_domain_by_its_own_images_of_the_batch(places: tuple[int, ...]) -> None:
    x = RNG.normal(3, 2, (8, *places, 4)).astype(np.float32)
    domain = np.array([0, 1, 1, 0, 0, 1, 0, 0], np.int32)
    x[domain == 1] = x[domain == 1] * 5 - 20
    y = np.asarray(DomainBatchNormalization(2)(x, domain, training=True))
    for d in (0, 1):
        np.testing.assert_allclose(y[domain == d], _standardised(x[domain == d], x[domain == d]), atol=2e-5)


def test_moving_statistics_follow_numpy_and_an_absent_domain_keeps_its_own() -> None:
    layer = DomainBatchNormalization(2, momentum=0.8)
    mean, variance = np.zeros((2, 3)), np.ones((2, 3))
    for step in range(6):
        x = RNG.normal(step, 1 + step, (10, 4, 3)).astype(np.float32)
        domain = np.full(10, 0) if step % 2 else RNG.permutation([0] * 6 + [1] * 4)
        layer(x, domain.astype(np.int32), training=True)
        for d in set(domain.tolist()):
            part = x[domain == d].reshape(-1, 3).astype(np.float64)
            mean[d] = 0.8 * mean[d] + 0.2 * part.mean(0)
            variance[d] = 0.8 * variance[d] + 0.2 * part.var(0)
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-5)
    x = RNG.normal(size=(3, 4, 3)).astype(np.float32)
    expected = (x - mean[1]) / np.sqrt(variance[1] + EPSILON)
    np.testing.assert_allclose(layer(x, np.ones(3, np.int32)), expected, rtol=1e-4, atol=1e-6)


def test_with_one_domain_it_is_kerass_batch_normalisation_gradients_included() -> None:
    import tensorflow as tf

    x = RNG.normal(1, 3, (6, 5, 5, 4)).astype(np.float32)
    weights = RNG.normal(size=x.shape).astype(np.float32)
    results = []
    for layer, arguments in (
        (DomainBatchNormalization(2, momentum=0.9), (np.zeros(6, np.int32),)),
        (keras.layers.BatchNormalization(momentum=0.9), ()),
    ):
        variable = tf.Variable(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(variable, *arguments, training=True) * weights)
        results.append((loss, *tape.gradient(loss, [variable, layer.gamma, layer.beta])))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_recomputed_statistics_are_those_of_all_images_layer_after_layer() -> None:
    keras.utils.set_random_seed(0)
    model = digits.build((32, 32), 10)
    images = RNG.integers(0, 256, (37, 32, 32, 3)).astype(np.uint8)
    layers = [layer for layer in model.layers if isinstance(layer, DomainBatchNormalization)]
    before = [np.array(layer.moving_mean[0]) for layer in layers]
    recompute_statistics(model, images, 1, batch=10)
    domain = np.ones(37, np.int32)
    for layer, untouched in zip(layers, before, strict=True):
        inputs, outputs = keras.Model(model.input, [layer.input[0], layer.output])({"image": images, "domain": domain})
        seen = np.asarray(inputs, np.float64).reshape(-1, inputs.shape[-1])
        np.testing.assert_allclose(layer.moving_mean[1], seen.mean(0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(layer.moving_variance[1], seen.var(0), rtol=1e-4, atol=1e-6)
        normalised = np.asarray(outputs, np.float64).reshape(-1, inputs.shape[-1])
        np.testing.assert_allclose(normalised.mean(0), 0, atol=1e-4)
        np.testing.assert_array_equal(layer.moving_mean[0], untouched)


def test_saved_layer_keeps_the_statistics_of_each_domain(tmp_path: Path) -> None:
    image, domain = keras.Input((4,)), keras.Input((), dtype="int32")
    model = keras.Model([image, domain], DomainBatchNormalization(3, momentum=0.5)(image, domain))
    x, which = RNG.normal(size=(9, 4)).astype(np.float32), np.arange(9, dtype=np.int32) % 3
    model([x, which], training=True)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")([x, which]), model([x, which]))
