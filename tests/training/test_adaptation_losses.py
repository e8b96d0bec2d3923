"""The losses of the methods against NumPy and SciPy."""

from __future__ import annotations

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from adaptation_toys import RECIPE, image_task, network, scene
from scipy import stats
from sklearn.metrics.pairwise import rbf_kernel

from training.adaptation.cdan import multilinear
from training.adaptation.coral import covariance_distance
from training.adaptation.dacs import class_mask
from training.adaptation.dann import domain_loss
from training.adaptation.domain_heads import discriminator_on_maps, head_on_maps
from training.adaptation.fda import swap_amplitudes
from training.adaptation.infomax import nearest_centres
from training.adaptation.information import diversity, mean_entropy
from training.adaptation.mmd import discrepancy
from training.adaptation.objective import Batch
from training.adaptation.output_space import self_information
from training.adaptation.teacher import Teacher
from training.adaptation.vat import Vat, divergence, unit

RNG = np.random.default_rng(0)


def _softmax(x: np.ndarray) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def _normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def test_entropy_and_diversity() -> None:
    logits = 2 * _normal(3, 4, 5, 6)
    p = _softmax(logits.astype(np.float64)).reshape(-1, 6)
    assert float(mean_entropy(logits)) == pytest.approx(stats.entropy(p, axis=1).mean(), rel=1e-5)
    assert float(diversity(logits)) == pytest.approx(stats.entropy(p.mean(0)), rel=1e-5)


def test_covariance_distance() -> None:
    x, y = _normal(30, 7), 2 * _normal(20, 7) + 1
    difference = np.cov(x.astype(float), rowvar=False) - np.cov(y.astype(float), rowvar=False)
    assert float(covariance_distance(x, y)) == pytest.approx(np.square(difference).sum() / (4 * 49), rel=1e-4)
    assert float(covariance_distance(x, x + 5)) == pytest.approx(0, abs=1e-6)


def test_discrepancy() -> None:
    x, y = _normal(12, 5), _normal(9, 5) + 0.5
    rows = np.concatenate([x, y]).astype(float)
    scale = np.square(rows[:, None] - rows[None]).sum() / (21 * 20)
    kernel = np.mean([rbf_kernel(rows, gamma=1 / (b * scale)) for b in (0.25, 0.5, 1, 2, 4)], axis=0)
    expected = kernel[:12, :12].mean() + kernel[12:, 12:].mean() - 2 * kernel[:12, 12:].mean()
    assert float(discrepancy(x, y)) == pytest.approx(expected, rel=1e-4)
    assert float(discrepancy(x, x)) == pytest.approx(0, abs=1e-6)


def test_domain_loss_weighted_and_on_maps() -> None:
    logits, domains, weights = _normal(4, 2, 3, 1), np.int32([0, 0, 1, 1]), np.float32([0.5, 1.5, 1.2, 0.8])
    wanted = np.broadcast_to(domains[:, None, None, None], logits.shape)
    each = np.log1p(np.exp(-np.where(wanted == 1, logits, -logits)))
    loss, told = domain_loss(logits, domains, weights)
    assert float(loss) == pytest.approx((each * weights[:, None, None, None]).mean(), rel=1e-5)
    assert float(told) == pytest.approx(((logits > 0) == (wanted == 1)).mean())
    assert float(domain_loss(logits, domains)[0]) == pytest.approx(each.mean(), rel=1e-5)


def test_multilinear_map_is_the_outer_product() -> None:
    features, p = _normal(3, 4), _softmax(_normal(3, 5))
    expected = np.stack([np.outer(f, q).ravel() for f, q in zip(features, p, strict=True)])
    np.testing.assert_allclose(multilinear(features, p), expected, rtol=1e-6)
    maps, pixels = _normal(2, 3, 3, 4), _softmax(_normal(2, 6, 6, 5))
    cells = pixels.reshape(2, 3, 2, 3, 2, 5).mean((2, 4))
    found = np.asarray(multilinear(tf.constant(maps), tf.constant(pixels)))
    np.testing.assert_allclose(found[1, 2, 0], np.outer(maps[1, 2, 0], cells[1, 2, 0]).ravel(), rtol=1e-5)


@pytest.mark.parametrize("beta", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("sides", [(20, 20), (15, 24)])
def test_amplitudes_are_swapped_in_the_window_alone(beta: float, sides: tuple[int, int]) -> None:
    """Against NumPy's transform, shifted so that the window is a rectangle in the middle."""
    images, styles = (RNG.uniform(0, 255, (2, *sides, 3)).astype(np.float32) for _ in range(2))
    found = np.asarray(swap_amplitudes(images, styles, beta))
    reach = int(beta * min(sides))
    for index in np.ndindex(2, 3):
        plane, other = (np.fft.fftshift(np.fft.fft2(x[index[0], ..., index[1]])) for x in (images, styles))
        y, x = sides[0] // 2, sides[1] // 2
        window = (slice(y - reach, y + reach + 1), slice(x - reach, x + reach + 1))
        amplitude = np.abs(plane)
        amplitude[window] = np.abs(other)[window]
        expected = np.fft.ifft2(np.fft.ifftshift(amplitude * np.exp(1j * np.angle(plane)))).real
        np.testing.assert_allclose(found[index[0], ..., index[1]], expected, atol=1e-2)
    same = np.asarray(swap_amplitudes(images, images, beta))
    np.testing.assert_allclose(same, images, atol=1e-2)


def test_class_mix_takes_half_of_the_classes_that_an_image_holds() -> None:
    labels = scene(6, 0, False).labels.astype(np.int32)  # type: ignore[union-attr]
    labels[0] = 2
    labels[1] = 255
    draws = RNG.random((6, 4)).astype(np.float32)
    mask = np.asarray(class_mask(labels, draws, 4, 255))
    assert not mask[labels == 255].any()
    for image, chosen, draw in zip(labels, mask, draws, strict=True):
        present = [c for c in range(4) if (image == c).any()]
        wanted = sorted(present, key=lambda c: draw[c])[: (len(present) + 1) // 2]
        np.testing.assert_array_equal(chosen, np.isin(image, wanted))


def test_nearest_centre_by_angle() -> None:
    features, logits = _normal(20, 6), 3 * _normal(20, 4)
    rows = features / np.linalg.norm(features, axis=1, keepdims=True)
    centres = _softmax(logits).T @ rows
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    np.testing.assert_array_equal(nearest_centres(features, logits), (rows @ centres.T).argmax(1))


def test_advent_sees_weighted_self_information() -> None:
    p = _softmax(_normal(5, 4)).astype(np.float32)
    np.testing.assert_allclose(self_information(p), -p * np.log(p) / np.log(4), rtol=1e-4)
    assert float(np.sum(self_information(np.full((1, 4), 0.25, np.float32)))) == pytest.approx(1)


def test_divergence_is_kullbacks() -> None:
    p, q = _softmax(_normal(3, 4)), _softmax(_normal(3, 4))
    np.testing.assert_allclose(divergence(np.log(p), np.log(q)), stats.entropy(p, q, axis=1), rtol=1e-4)
    np.testing.assert_allclose(np.square(np.asarray(unit(5 * _normal(3, 4, 5)))).mean((1, 2)), 1, rtol=1e-5)


def test_the_virtual_adversary_finds_a_direction_that_changes_more_than_chance() -> None:
    keras.utils.set_random_seed(0)
    task = image_task()
    objective = Vat(network(), task, RECIPE, 0)
    images = task.source.pixels[:16].astype(np.float32)
    batch = Batch(tf.constant(images), None, tf.repeat([0, 1], 8), 8, tf.constant(0))
    found = float(tf.reduce_mean(objective.divergences(batch)))
    clean = tf.nn.log_softmax(objective.network(images, batch.domains, dropout=False).logits)
    by_chance = []
    for _ in range(8):
        moved = images + 0.03 * 255 * np.asarray(unit(_normal(*images.shape)))
        by_chance.append(
            float(
                tf.reduce_mean(
                    divergence(clean, tf.nn.log_softmax(objective.network(moved, batch.domains, dropout=False).logits))
                )
            )
        )
    assert found > 3 * max(by_chance)


def test_a_teacher_is_the_moving_average_of_its_student() -> None:
    student = network()
    teacher = Teacher(student, 0.8)
    expected = [np.array(v) for v in student.model.trainable_variables]
    for step in range(12):
        for variable in student.model.trainable_variables:
            variable.assign_add(np.full(variable.shape, 0.1 * (step + 1), np.float32))
        teacher.follow(tf.constant(step))
        momentum = min(1 - 1 / (step + 2), 0.8)
        expected = [
            momentum * old + (1 - momentum) * np.array(v)
            for old, v in zip(expected, student.model.trainable_variables, strict=True)
        ]
    for old, own in zip(expected, teacher.network.model.trainable_variables, strict=True):
        np.testing.assert_allclose(own, old, rtol=1e-4)


def test_heads_on_maps_have_the_weights_of_their_papers() -> None:
    """The book's head on pool5 has 1,331,122 with two logits, of which one is left out; AdaptSegNet's five layers."""
    features = keras.Input((7, 7, 512))
    assert keras.Model(features, head_on_maps(features)).count_params() == 1_331_122 - 17
    maps = keras.Input((64, 64, 19))
    sizes = [19, 64, 128, 256, 512, 1]
    expected = sum(16 * a * b + b for a, b in itertools.pairwise(sizes))
    discriminator = keras.Model(maps, discriminator_on_maps(maps))
    assert discriminator.count_params() == expected
    assert discriminator.output_shape == (None, 2, 2, 1)
