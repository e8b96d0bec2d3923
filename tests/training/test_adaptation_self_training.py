"""Self-training on mixed target images: whom it believes, what it pastes, and what leaves no trace."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from adaptation_toys import RECIPE, scene_task, small_segmenter

from training.adaptation.dacs import class_mask
from training.adaptation.network import Network
from training.adaptation.objective import Batch
from training.adaptation.self_training import SelfTraining
from training.adaptation.two_domains import default_features, with_domains

RNG = np.random.default_rng(0)


def _objective() -> SelfTraining:
    keras.utils.set_random_seed(0)
    model = with_domains(small_segmenter())
    return SelfTraining(Network(model, default_features(model)), scene_task(), RECIPE, 0)


def _batch(count: int = 6) -> Batch:
    task = scene_task()
    images = np.concatenate([task.source.pixels[:count], task.target.pixels[:count]]).astype(np.float32)
    assert task.source.labels is not None
    labels = np.concatenate([task.source.labels[:count], np.full((count, 32, 32), 255)]).astype(np.int32)
    return Batch(tf.constant(images), tf.constant(labels), tf.repeat([0, 1], count), count, tf.constant(3))


def test_an_answer_is_believed_that_is_surer_than_answers_of_its_class_have_been() -> None:
    """A class of which it is never very sure has its best pixels believed, one without pixels keeps its mean."""
    objective = _objective()
    expected = np.full(3, 1 / 3)
    for _ in range(5):
        labels = RNG.integers(0, 2, (4, 8, 8)).astype(np.int32)
        probabilities = np.where(labels == 0, RNG.uniform(0.8, 1.0, labels.shape), RNG.uniform(0.35, 0.5, labels.shape))
        probabilities = probabilities.astype(np.float32)
        believed = np.asarray(objective.is_sure(tf.constant(labels), tf.constant(probabilities)))
        for label in (0, 1):
            expected[label] = 0.95 * expected[label] + 0.05 * probabilities[labels == label].mean()
        np.testing.assert_allclose(objective.confidence, expected, rtol=1e-5)
        np.testing.assert_array_equal(believed, probabilities > expected[labels])
    assert any(kept is objective.confidence for kept in objective.kept)


def test_the_loss_is_that_of_mixed_images_with_the_labels_of_both() -> None:
    """Recomputed from the class mask, with views whose colours are left as they are."""
    objective, batch = _objective(), _batch()
    images = batch.of_target(batch.images)
    labels = tf.constant(RNG.integers(0, 3, (6, 4, 4)).repeat(8, 1).repeat(8, 2), tf.int32)
    sure = tf.constant(RNG.integers(0, 2, (6, 32, 32)), tf.float32)
    views, mixed, weights = (np.asarray(part) for part in objective.views(images, labels, sure, batch.step))
    draws = objective.random([6, 3], batch.step, 2)
    pasted = np.asarray(class_mask(np.roll(labels, 1, 0), draws, 3, 255))
    assert 0.2 < pasted.mean() < 0.9
    np.testing.assert_array_equal(mixed, np.where(pasted, np.roll(labels, 1, 0), labels))
    np.testing.assert_array_equal(weights, np.where(pasted, np.roll(sure, 1, 0), sure))
    # Light and colours of a view are its own, what it shows is not: bright stays bright beside dark.
    for index in range(6):
        for region, shown in ((pasted[index], images[index - 1]), (~pasted[index], images[index])):
            told = np.corrcoef(views[index][region].mean(-1), np.asarray(shown)[region].mean(-1))[0, 1]
            assert told > 0.7, index


def test_views_leave_no_trace_in_the_statistics() -> None:
    """One step moves the moving statistics as a pass over the images as they are does."""
    objective, batch, other = _objective(), _batch(), _objective()
    objective.losses(batch)
    other.network(batch.images, batch.domains)
    pairs = zip(
        objective.network.model.non_trainable_variables, other.network.model.non_trainable_variables, strict=True
    )
    moved = 0.0
    for left, right in pairs:
        if "seed" not in left.path:
            np.testing.assert_allclose(left, right, rtol=1e-6)
            moved += float(np.abs(np.asarray(left)).sum())
    assert moved > 1


def test_a_teacher_that_is_sure_of_one_class_pulls_views_there() -> None:
    objective, batch = _objective(), _batch()
    logits = objective.teacher.network.model.get_layer("scores")
    kernel, bias = logits.get_weights()
    logits.set_weights([0 * kernel, 0 * bias])
    assert float(objective.losses(batch).watched["sure"]) == 0, "what is as sure as ever is not believed"
    logits.set_weights([0 * kernel, np.float32([0, 9, 0])])
    found = objective.losses(batch)
    assert float(found.watched["sure"]) == 1
    assert float(found.network["self_training_loss"]) > 0.5
