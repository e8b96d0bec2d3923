"""What a recipe changes in a batch: which images, which labels, and nothing else."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from adaptation_toys import RECIPE, accuracy, network, run, scene_task, small_segmenter, squares

from datasets.errors import UsageError
from training.adaptation.augmentation import AUGMENTATIONS, Ranges, augmented, changed_values
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Objective
from training.adaptation.task import Images, Recipe, Task
from training.adaptation.two_domains import default_features, with_domains
from training.losses.class_weights import root_median_frequency

SIZE = (6, 8)


def _batch(step: int = 3, count: int = 32) -> Batch:
    """Half of it of the source; every pixel's colour tells its label."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, (count, *SIZE))
    images = np.repeat((40.0 * labels + 20)[..., None], 3, axis=3)
    domains = np.repeat([0, 1], count // 2)
    return Batch(tf.constant(images, tf.float32), tf.constant(labels, tf.int32), domains, count // 2, tf.constant(step))


def _objective(seed: int = 0, **recipe: Any) -> Objective:
    model = with_domains(small_segmenter())
    return Objective(Network(model, default_features(model)), scene_task(), replace(RECIPE, **recipe), seed)


def test_without_augmentation_the_batch_is_the_same_object() -> None:
    batch = _batch()
    assert augmented(_objective(), batch) is batch


def test_a_mirror_turns_image_and_labels_of_half_of_both_domains() -> None:
    batch = _batch()
    changed = augmented(_objective(mirror=True), batch)
    before, after = np.asarray(batch.labels), np.asarray(changed.labels)
    np.testing.assert_array_equal(np.asarray(changed.images)[..., 1], 40.0 * after + 20)
    turned = [bool((a == b[:, ::-1]).all()) for a, b in zip(after, before, strict=True)]
    kept = [bool((a == b).all()) for a, b in zip(after, before, strict=True)]
    assert all(one != other for one, other in zip(turned, kept, strict=True))
    for domain in (turned[:16], turned[16:]):
        assert 3 <= sum(domain) <= 13


def test_values_change_on_the_source_alone_and_labels_stay() -> None:
    batch = _batch()
    changed = augmented(_objective(augmentation="photographic"), batch)
    before, after = np.asarray(batch.images), np.asarray(changed.images)
    np.testing.assert_array_equal(after[16:], before[16:])
    assert (np.abs(after[:16] - before[:16]).max(axis=(1, 2, 3)) > 1).all()
    np.testing.assert_array_equal(changed.labels, batch.labels)


def test_draws_depend_on_seed_and_step_alone() -> None:
    first, again = (augmented(_objective(augmentation="photographic", mirror=True), _batch()) for _ in range(2))
    np.testing.assert_array_equal(first.images, again.images)
    for other in (
        augmented(_objective(seed=1, augmentation="photographic", mirror=True), _batch()),
        augmented(_objective(augmentation="photographic", mirror=True), _batch(step=4)),
    ):
        assert np.abs(np.asarray(first.images) - np.asarray(other.images)).max() > 10


class _Middle:
    """Draws the middle of every range."""

    def uniform(self, change: int, shape: Any, bounds: tuple[float, float]) -> Any:
        return tf.fill(shape, sum(bounds) / 2)

    def normal(self, change: int, shape: Any) -> Any:
        return tf.ones(shape)


@pytest.mark.parametrize(
    "ranges, expected",
    [
        (Ranges(gamma=(math.log(2), math.log(2))), lambda x, m: x**2),
        (Ranges(contrast=(0.5, 0.5)), lambda x, m: m + (x - m) / 2),
        (Ranges(brightness=(1.5, 1.5)), lambda x, m: x + m / 2),
        (Ranges(contrast=(0.5, 0.5), inverted=0.6), lambda x, m: m - (x - m) / 2),
        (Ranges(saturation=(0, 0)), lambda x, m: (x @ np.float32([0.299, 0.587, 0.114]))[..., None] + 0 * x),
        (Ranges(tint=(0.9, 0.9)), lambda x, m: 0.9 * x),
        (Ranges(offset=(0.1, 0.1)), lambda x, m: x + 0.1),
        (Ranges(noise=(0.02, 0.02)), lambda x, m: x + 0.02),
    ],
)
def test_each_change_is_its_formula(ranges: Ranges, expected: Any) -> None:
    values = np.random.default_rng(0).uniform(0.25, 0.6, (3, *SIZE, 3)).astype(np.float32)
    found = changed_values(tf.constant(255 * values), ranges, _Middle())
    mean = values.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, 255 * expected(values, mean), atol=2e-3)


def test_softness_is_a_three_by_three_mean() -> None:
    point = np.zeros((1, 5, 5, 3), np.float32)
    point[0, 2, 2] = 90
    found = np.asarray(changed_values(tf.constant(point), Ranges(softness=(1, 1)), _Middle()))
    np.testing.assert_allclose(found[0, 1:4, 1:4], 10, atol=1e-4)
    assert found.sum() == pytest.approx(270, abs=1e-2)


def test_the_table_has_every_name_that_a_recipe_may_have() -> None:
    for name in AUGMENTATIONS:
        Recipe(augmentation=name)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="augmentation must be one of none, photographic, polarity, got 'strong'"):
        Recipe(augmentation="strong")  # type: ignore[arg-type]


def test_polarity_lets_bright_squares_teach_dark_ones() -> None:
    """The target is the negative of the source; without the change source only finds every corner but the right one."""
    learnt, watch, test = (squares(160, seed, False) for seed in (0, 2, 9))
    negative = Images(255 - test.pixels, test.labels)
    task = Task(learnt, learnt.without_labels(), watch, watch, 4)
    recipe = replace(RECIPE, steps=120, batch=32, watch_every=60, batch_norm="joint")
    plain, taught = (
        accuracy(run("source_only", task, 0, replace(recipe, augmentation=name)), negative)
        for name in ("none", "polarity")
    )
    assert plain < 0.4
    assert taught > 0.9


# --- class weights --------------------------------------------------------------------------------------------------


def test_weights_are_roots_of_median_frequency_over_the_images_with_the_class() -> None:
    maps = np.full((2, 4, 5), 255, np.uint8)
    maps[0, :2], maps[0, 2:] = 0, 1  # 10 and 10 of 20 pixels
    maps[1, 0], maps[1, 1:] = 2, 0  # 5 of 20, and 15 more of class 0
    frequency = np.array([25 / 40, 10 / 20, 5 / 20])
    expected = [*np.sqrt(0.5 / frequency), 0.1]
    np.testing.assert_allclose(root_median_frequency([maps[:1], maps[1:]], 4), expected)


def test_the_loss_is_the_weighted_mean_over_labelled_pixels() -> None:
    task = scene_task()
    objective = _objective(class_weights="root_median_frequency")
    assert task.source.labels is not None
    weights = root_median_frequency([task.source.labels], 3)
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(2, 4, 4, 3)).astype(np.float32)
    labels = rng.integers(0, 3, (2, 4, 4)).astype(np.int32)
    labels[0, :2] = 255
    log_shares = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    known = labels != 255
    losses = -np.take_along_axis(log_shares, np.where(known, labels, 0)[..., None], -1)[..., 0]
    expected = np.average(losses[known], weights=weights[labels[known]])
    assert float(objective.label_loss(labels, logits)) == pytest.approx(expected, rel=1e-5)
    assert float(objective.label_loss(np.full_like(labels, 255), logits)) == 0.0


def test_images_with_one_class_are_not_weighed() -> None:
    task = Task(*(squares(20, seed, False) for seed in range(4)), 4)
    labels, logits = np.int32([0, 1, 1, 3]), np.random.default_rng(2).normal(size=(4, 4)).astype(np.float32)
    plain, weighed = (
        Objective(network(), task, replace(RECIPE, class_weights=kind), 0).label_loss(labels, logits)
        for kind in ("none", "root_median_frequency")
    )
    assert float(plain) == float(weighed)
