"""The second stage after DANN: other views of an image, what leaves no trace in the statistics, and the network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from adaptation_toys import RECIPE, image_task, network, scene_task, small_segmenter, squares

from training.adaptation.augmentation import AUGMENTATIONS, Ranges, changed_values
from training.adaptation.domain_batch_normalization import DomainBatchNormalization
from training.adaptation.network import Network
from training.adaptation.objective import Batch
from training.adaptation.refine import Refine
from training.adaptation.two_domains import default_features, with_domains
from training.adaptation.views import other_views
from training.networks import coloured_digits

STEP = tf.constant(7)


def _refine(seed: int = 0, dense: bool = False, **recipe: Any) -> Refine:
    changed = replace(RECIPE, **recipe)
    if dense:
        model = with_domains(small_segmenter())
        return Refine(Network(model, default_features(model)), scene_task(), changed, seed)
    return Refine(network(), image_task(), changed, seed)


def test_views_keep_labels_and_weights_and_depend_on_seed_and_step_alone() -> None:
    images = tf.constant(squares(16, 0, True).pixels, tf.float32)
    labels, weights = tf.range(16), tf.linspace(0.0, 1.0, 16)
    seen, same, kept = other_views(_refine(), images, labels, weights, STEP)
    again, _, _ = other_views(_refine(), images, labels, weights, STEP)
    np.testing.assert_array_equal(seen, again)
    np.testing.assert_array_equal(same, labels)
    np.testing.assert_array_equal(kept, weights)
    assert seen.shape == images.shape
    for objective, step in ((_refine(seed=1), STEP), (_refine(), tf.constant(8))):
        other, _, _ = other_views(objective, images, labels, weights, step)
        assert np.abs(np.asarray(seen) - np.asarray(other)).max(axis=(1, 2, 3)).min() > 10


def test_the_square_is_still_in_its_corner() -> None:
    """Turned, zoomed and shifted a little: brightest where it was, as long as no colour is changed."""
    given = squares(64, 0, False)
    nothing = tf.ones(64)
    seen, _, _ = other_views(_refine(), tf.constant(given.pixels, tf.float32), tf.constant(given.labels), nothing, STEP)
    quarters = np.asarray(seen).mean(axis=3).reshape(64, 2, 10, 2, 10).mean(axis=(2, 4)).reshape(64, 4)
    np.testing.assert_array_equal(quarters.argmax(axis=1), given.labels)


def test_views_of_scenes_move_labels_with_the_image_and_what_comes_in_has_no_weight() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (8, 4, 4)).repeat(8, axis=1).repeat(8, axis=2).astype(np.int32)
    images = np.repeat(80.0 * labels[..., None], 3, axis=3).astype(np.float32)
    seen, moved, weights = other_views(
        _refine(dense=True), tf.constant(images), tf.constant(labels), tf.ones(labels.shape), STEP
    )
    moved, weights = np.asarray(moved), np.asarray(weights)
    inside = weights > 0
    assert set(np.unique(weights)) == {0.0, 1.0}
    assert 0.02 < 1 - inside.mean() < 0.3
    assert (moved != labels)[inside].mean() > 0.05
    told = np.abs(np.asarray(seen).mean(axis=3) / 80 - moved)[inside]
    # Half-way values at the edges, which one pixel in three of these small squares is near to, and noise of 10.
    assert np.median(told) < 0.12
    assert (told < 0.5).mean() > 0.9


def test_points_become_noisy_and_nothing_else() -> None:
    objective = _refine()
    objective.value_range = 4.0
    points = tf.constant(np.random.default_rng(0).normal(size=(500, 3)), tf.float32)
    seen, _, _ = other_views(objective, points, tf.zeros(500, tf.int32), tf.ones(500), STEP)
    noise = np.asarray(seen - points)
    assert 0.15 < noise.std() < 0.17


def test_source_images_are_blended_with_target_images_and_never_lose() -> None:
    source, target = np.full((64, 20, 20, 3), 200.0, np.float32), np.full((64, 20, 20, 3), 100.0, np.float32)
    labels, domains = tf.zeros(128, tf.int32), tf.repeat([0, 1], 64)
    batch = Batch(tf.constant(np.concatenate([source, target])), labels, domains, 64, STEP)
    changed = np.asarray(_refine().prepare(batch).images)
    np.testing.assert_array_equal(changed[64:], target)
    share = (200 - changed[:64, 0, 0, 0]) / 100
    assert share.min() >= 0
    assert 0.5 < share.max() <= 0.6
    assert 0.2 < share.mean() < 0.4
    assert np.ptp(changed[:64], axis=(1, 2, 3)).max() < 1e-3


def test_the_teacher_is_believed_only_where_it_is_sure() -> None:
    """A teacher that knows nothing teaches nothing; one that is sure of class 2 pulls views there."""
    objective = _refine()
    task = image_task()
    images = np.concatenate([task.source.pixels[:16], task.target.pixels[:16]]).astype(np.float32)
    assert task.source.labels is not None
    labels = tf.concat([tf.constant(task.source.labels[:16], tf.int32), tf.fill([16], -1)], 0)
    batch = Batch(tf.constant(images), labels, tf.repeat([0, 1], 16), 16, tf.constant(RECIPE.steps // 2))
    logits = objective.teacher.network.model.get_layer("label_logits")
    kernel, bias = logits.get_weights()
    logits.set_weights([0 * kernel, 0 * bias])
    unsure = objective.losses(batch)
    assert float(unsure.watched["sure"]) == 0
    assert float(unsure.network["self_training_loss"]) == 0
    logits.set_weights([0 * kernel, np.float32([0, 0, 9, 0])])
    sure = objective.losses(batch)
    assert float(sure.watched["sure"]) == 1
    assert float(sure.network["self_training_loss"]) > 0.5


def test_a_pass_without_statistics_is_normalised_by_its_batch_and_leaves_no_trace() -> None:
    made = network()
    normalising = [layer for layer in made.model.layers if isinstance(layer, DomainBatchNormalization)]
    images, domains = squares(16, 0, True).pixels.astype(np.float32), np.ones(16, np.int32)
    before = made.model.get_weights()
    silent = made(images, domains, dropout=False, statistics=False)
    for old, new in zip(before, made.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert {layer.momentum for layer in normalising} == {0.9}
    np.testing.assert_array_equal(silent.logits, made(images, domains, dropout=False).logits)
    assert any((old != new).any() for old, new in zip(before, made.model.get_weights(), strict=True))


class _Apart:
    """Draws low for red, the middle for green, high for blue; of chances, 0, 0.5 and 1."""

    def uniform(self, change: int, shape: Any, bounds: tuple[float, float]) -> Any:
        low, high = bounds
        if int(shape[-1]) == 1:
            return tf.fill(shape, (low + high) / 2)
        return tf.zeros(shape) + tf.constant([low, (low + high) / 2, high])

    def normal(self, change: int, shape: Any) -> Any:
        return tf.zeros(shape)


def test_contrast_apart_turns_channels_about_middle_grey() -> None:
    values = np.random.default_rng(0).uniform(0.3, 0.7, (2, 4, 5, 3)).astype(np.float32)
    ranges = Ranges(contrast=(0.5, 1.5), apart=True, inverted=0.4)
    found = np.asarray(changed_values(tf.constant(255 * values), ranges, _Apart())) / 255
    np.testing.assert_allclose(found, 0.5 + (values - 0.5) * np.float32([-0.5, 1.0, 1.5]), atol=1e-5)
    assert AUGMENTATIONS["polarity"].apart


def test_coloured_digits_see_no_light_and_are_aligned_at_the_convolutions() -> None:
    model = coloured_digits.build((28, 28), 10)
    # 5*5*3*32 + 3*3*32*48 + 3*3*48*64, dense 1024*128 + 128*100 + 100 + 100*10 + 10, scales and shifts, statistics.
    weights = 2400 + 13824 + 27648 + 131072 + 12800 + 100 + 1000 + 10
    channels = 32 + 48 + 64 + 128
    assert model.count_params() == weights + 2 * channels + 2 * 2 * channels
    assert model.get_layer(coloured_digits.FEATURES).output.shape == (None, 4 * 4 * 64)
    images = np.random.default_rng(0).uniform(0, 255, (4, 28, 28, 3)).astype(np.float32)
    domain = np.zeros(4, np.int32)
    plain = model({"image": images, "domain": domain}, training=False)["label"]
    lit = images * np.float32([0.4, 0.6, 0.9]) + np.float32([9, 20, 3])
    changed = model({"image": lit, "domain": domain}, training=False)["label"]
    np.testing.assert_allclose(plain, changed, atol=0.02 * np.abs(plain).max())
