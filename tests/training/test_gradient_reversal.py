from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.adaptation.gradient_reversal import GradientReversal
from training.adaptation.schedules import AnnealedRate, reversal_strength


def _formula(progress: float) -> float:
    return 2 / (1 + np.exp(-10 * progress)) - 1


@pytest.mark.parametrize("progress", [0.0, 0.01, 0.1, 0.35, 0.5, 1.0])
def test_strength_follows_the_paper(progress: float) -> None:
    assert float(reversal_strength(progress)) == pytest.approx(_formula(progress), abs=1e-6)


def test_annealed_rate_follows_the_paper() -> None:
    rate = AnnealedRate(0.01, 200)
    for step in (0, 1, 50, 200):
        assert float(rate(step)) == pytest.approx(0.01 / (1 + 10 * step / 200) ** 0.75, rel=1e-6)
    assert AnnealedRate.from_config(rate.get_config()).get_config() == rate.get_config()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_forward_is_exact_and_backward_is_minus_lambda(dtype: str) -> None:
    layer = GradientReversal(10, maximum=0.7, dtype=dtype)
    x = tf.Variable(tf.cast(np.random.default_rng(0).normal(size=(5, 4)) * 1e3, dtype))
    weights = tf.cast(np.random.default_rng(1).normal(size=(5, 4)), dtype)
    layer(x)
    layer.step.assign(4)
    with tf.GradientTape() as tape:
        y = layer(x)
        loss = tf.reduce_sum(y * weights)
    np.testing.assert_array_equal(tf.cast(y, tf.float32), tf.cast(x, tf.float32))
    expected = -0.7 * _formula(0.4) * tf.cast(weights, tf.float32).numpy()
    tolerance = 1e-6 if dtype == "float32" else 1e-2
    np.testing.assert_allclose(tf.cast(tape.gradient(loss, x), tf.float32), expected, rtol=tolerance)


def test_gradient_agrees_with_numerical_differences_of_the_identity() -> None:
    """The layer's gradient must be -lambda times that of the same loss without the layer, found numerically."""
    layer = GradientReversal(4)
    x = np.random.default_rng(3).normal(size=(1, 6)).astype(np.float32)
    layer(x)
    layer.step.assign(1)

    def loss(values: np.ndarray) -> float:
        return float(np.sum(np.sin(values.astype(np.float64)) ** 2))

    eye = np.eye(6)
    numeric = np.array([(loss(x + 1e-5 * row) - loss(x - 1e-5 * row)) / 2e-5 for row in eye])
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(tf.sin(layer(variable)) ** 2)
    np.testing.assert_allclose(tape.gradient(value, variable)[0], -_formula(0.25) * numeric, atol=1e-5)


def test_steps_are_counted_in_training_only_inside_a_graph_too() -> None:
    layer = GradientReversal(8)
    x = tf.ones((1, 2))
    layer(x)
    call = tf.function(lambda training: layer(x, training=training))
    seen = []
    for _ in range(10):
        seen.append(float(layer.strength))
        call(True)
        call(False)
    np.testing.assert_allclose(seen, [_formula(min(step / 8, 1)) for step in range(10)], atol=1e-6)


def test_saved_layer_goes_on_where_it_stopped(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), GradientReversal(9, maximum=0.4)])
    for _ in range(5):
        model(np.ones((1, 3)), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[-1]
    assert float(loaded.strength) == pytest.approx(0.4 * _formula(5 / 9), abs=1e-6)
