"""Self-training with a mean teacher: ClassMix for pixels (DACS), noise and shifts for images.

DACS: Tranheden et al., WACV 2021 (2007.08702). Half of the classes of a source image are pasted into a target image,
which carries the source's labels there and the teacher's elsewhere. Images with one class have nothing to paste: the
student sees them shifted and noisy and must agree with the teacher where that is sure (French et al., ICLR 2018,
1706.05208; Sohn et al., NeurIPS 2020, 2001.07685).
"""

from __future__ import annotations

from typing import Any, ClassVar

import tensorflow as tf

from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task
from training.adaptation.teacher import Teacher, surer_than

_SURE = 0.968
_NOISE = 0.02  # standard deviation over the range of values
_SHIFT_PIXELS = 2


class Dacs(Objective):
    """Label loss on the source plus that on mixed images, weighted by the share of which the teacher is sure."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        self.teacher = Teacher(network)

    def losses(self, batch: Batch) -> Losses:
        """The student's losses on the source and on mixed or perturbed target images."""
        target = batch.of_target(batch.images)
        assert self.teacher is not None
        labels, sure = self.teacher.answers(batch, surer_than(_SURE))
        if self.dense:
            return self._mixed(batch, target, labels, sure)
        seen = perturbed(self, target, batch.step)
        outputs = self.network(tf.concat([batch.of_source(batch.images), seen], 0), batch.domains)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=batch.of_target(outputs.logits))
        label_loss = self.label_loss(batch.labels, outputs.logits)
        return Losses(
            {"label_loss": label_loss, "self_training_loss": tf.reduce_mean(sure * losses)},
            watched={"sure": tf.reduce_mean(sure)},
        )

    def _mixed(self, batch: Batch, target: Any, labels: Any, sure: Any) -> Losses:
        source_labels = batch.of_source(batch.labels)
        draws = self.random([batch.source, self.classes], batch.step, 2)
        pasted = class_mask(source_labels, draws, self.classes, self.ignore)
        images = tf.where(pasted[..., None], batch.of_source(batch.images), target)
        labels = tf.where(pasted, source_labels, labels)
        # The share is taken an image; pasted pixels are the source's and count in full, as in the authors' code.
        share = tf.reduce_mean(sure, axis=(1, 2), keepdims=True)
        weights = tf.where(pasted, tf.ones_like(sure), share * tf.ones_like(sure))
        outputs = self.network(tf.concat([batch.of_source(batch.images), images], 0), batch.domains)
        logits = batch.of_target(outputs.logits)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        label_loss = self.label_loss(source_labels, batch.of_source(outputs.logits))
        return Losses(
            {"label_loss": label_loss, "self_training_loss": tf.reduce_mean(weights * losses)},
            watched={"sure": tf.reduce_mean(sure)},
        )


def class_mask(labels: Any, draws: Any, classes: int, ignore: int) -> Any:
    """ClassMix (Olsson et al., WACV 2021): pixels of half of the classes, rounded up, that an image holds.

    Args:
        labels: `(n, height, width)` int32.
        draws: `(n, classes)` random numbers between 0 and 1.
        classes: how many there are.
        ignore: the id of pixels without a class, which are never taken.

    Returns:
        `(n, height, width)` bool.
    """
    present = tf.reduce_any(tf.one_hot(labels, classes, on_value=True, off_value=False, dtype=tf.bool), axis=(1, 2))
    counts = tf.reduce_sum(tf.cast(present, tf.int32), axis=1, keepdims=True)
    order = tf.argsort(tf.argsort(tf.where(present, draws, 2.0), axis=1), axis=1)
    chosen = tf.logical_and(present, order < (counts + 1) // 2)
    known = tf.logical_and(labels != ignore, tf.logical_and(labels >= 0, labels < classes))
    return tf.logical_and(known, tf.gather(chosen, tf.clip_by_value(labels, 0, classes - 1), batch_dims=1))


def perturbed(objective: Objective, images: Any, step: Any) -> Any:
    """The images with noise, and shifted by up to two pixels where they have places."""
    noise = objective.random(tf.shape(images), step, 3, tf.random.stateless_normal)
    images = images + _NOISE * objective.value_range * noise
    if len(images.shape) != 4:
        return images
    height, width = images.shape[1], images.shape[2]
    reach = _SHIFT_PIXELS
    framed = tf.pad(images, [[0, 0], [reach, reach], [reach, reach], [0, 0]], mode="REFLECT")
    offset = tf.cast(tf.floor(objective.random([2], step, 4) * (2 * reach + 1)), tf.int32)
    return framed[:, offset[0] : offset[0] + height, offset[1] : offset[1] + width]
