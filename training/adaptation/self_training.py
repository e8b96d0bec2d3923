"""A second stage after AdaBN: the network is taught its own answers about target images, mixed with one another.

ClassMix (Olsson et al., WACV 2021, 2007.07936) pastes half of the classes that one unlabelled image is thought to show
into another, with a mean teacher's labels of both. The teacher is believed where it is surer than it usually is of that
class, so that classes of which it is never very sure are learnt, too (Wang et al., FreeMatch, ICLR 2023, 2205.07246).
"""

from __future__ import annotations

from typing import Any, ClassVar

import tensorflow as tf

from training.adaptation.augmentation import AUGMENTATIONS, changed_values, draws_of
from training.adaptation.dacs import class_mask
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task
from training.adaptation.teacher import Teacher
from training.adaptation.views import other_views

_MIXING_STREAM = 2  # of random numbers; see `Objective.random`
_CONFIDENCE_MOMENTUM = 0.95


class SelfTraining(Objective):
    """Label loss on the source plus that on changed target images with the teacher's labels, where it is sure."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        self.teacher = Teacher(network)
        self.confidence = tf.Variable(tf.fill([task.classes], 1.0 / task.classes), trainable=False)
        """How sure the teacher is, on average, of what it takes for each class."""
        self.kept = [self.confidence]

    def losses(self, batch: Batch) -> Losses:
        """The student's losses on the source and on changed target images."""
        assert self.teacher is not None
        labels, sure = self.teacher.answers(batch, self.is_sure)
        # Target images pass as they are only for their statistics, which the views must not touch.
        outputs = self.network(batch.images, batch.domains)
        views, labels, sure = self.views(batch.of_target(batch.images), labels, sure, batch.step)
        seen = self.network(views, batch.of_target(batch.domains), statistics=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=seen.logits)
        label_loss = self.label_loss(batch.of_source(batch.labels), batch.of_source(outputs.logits))
        return Losses(
            {"label_loss": label_loss, "self_training_loss": tf.reduce_mean(sure * losses)},
            watched={"sure": tf.reduce_mean(sure)},
        )

    def is_sure(self, labels: Any, probabilities: Any) -> Any:
        """Whether it is surer of each answer than it has been of answers of that class."""
        classes, values = tf.reshape(labels, [-1]), tf.reshape(probabilities, [-1])
        counts = tf.math.unsorted_segment_sum(tf.ones_like(values), classes, self.classes)
        sums = tf.math.unsorted_segment_sum(values, classes, self.classes)
        means = tf.where(counts > 0, tf.math.divide_no_nan(sums, counts), self.confidence)
        self.confidence.assign(_CONFIDENCE_MOMENTUM * self.confidence + (1.0 - _CONFIDENCE_MOMENTUM) * means)
        return probabilities > tf.gather(self.confidence, labels)

    def views(self, images: Any, labels: Any, sure: Any, step: Any) -> tuple[Any, Any, Any]:
        """What the student is shown of target images: changed, and mixed with one another where they have pixels.

        Args:
            images: `(n, ...)` float32.
            labels: `(n,)` or `(n, height, width)` int32, the teacher's.
            sure: as labels, float32, 1.0 where they are believed.
            step: number of the step.
        """
        if not self.dense:
            return other_views(self, images, labels, sure, step)
        views = changed_values(images, AUGMENTATIONS["photographic"], draws_of(self, step, of_source=False))
        draws = self.random([tf.shape(images)[0], self.classes], step, _MIXING_STREAM)
        others = [tf.roll(values, 1, axis=0) for values in (views, labels, sure)]
        pasted = class_mask(others[1], draws, self.classes, self.ignore)
        return (
            tf.where(pasted[..., None], others[0], views),
            tf.where(pasted, others[1], labels),
            tf.where(pasted, others[2], sure),
        )
