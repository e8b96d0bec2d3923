"""A mean teacher: a copy of the network that follows it slowly (Tarvainen and Valpola, NIPS 2017, 1703.01780)."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from training.adaptation.network import Network
from training.adaptation.objective import Batch, Objective
from training.adaptation.task import Recipe, Task

_MOMENTUM = 0.99


class Teacher:
    """The moving average of a network's weights, and its predictions."""

    def __init__(self, network: Network, momentum: float) -> None:
        self._momentum = momentum
        self._student = network.model
        model = keras.models.clone_model(network.model)
        model.set_weights(network.model.get_weights())
        self.network = Network(model, network.features, network.batch_norm, network.head)

    @property
    def variables(self) -> list[Any]:
        """What a resumed run needs of it."""
        return list(self.network.model.variables)

    def copy_student(self) -> None:
        """Begin as the student is."""
        self.network.model.set_weights(self._student.get_weights())

    def predict(self, images: Any, domains: Any) -> Any:
        """`(n, ..., classes)` probabilities in evaluation mode, through which no gradient flows."""
        return tf.stop_gradient(tf.nn.softmax(self.network(images, domains, training=False).logits))

    def follow(self, step: Any) -> None:
        """Move towards the student; faster in the first steps, when the average has nothing to say yet."""
        momentum = tf.minimum(1.0 - 1.0 / (tf.cast(step, tf.float32) + 2.0), self._momentum)
        pairs = zip(self.network.model.trainable_variables, self._student.trainable_variables, strict=True)
        for own, other in pairs:
            own.assign(momentum * own.value + (1.0 - momentum) * other.value)
        pairs = zip(self.network.model.non_trainable_variables, self._student.non_trainable_variables, strict=True)
        for own, other in pairs:  # statistics are averages already
            own.assign(other.value)


class Taught(Objective):
    """A method with a teacher, whose answers about target images the network learns.

    Attributes:
        threshold: probability above which the teacher is sure.
    """

    threshold = 0.9

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        self.teacher = Teacher(network, _MOMENTUM)
        self.kept = self.teacher.variables

    def begin(self, task: Task) -> None:
        """The teacher begins as the student is, whatever weights that was given."""
        self.teacher.copy_student()

    def answers(self, batch: Batch) -> tuple[Any, Any]:
        """The teacher's classes `(n, ...)` int32 of the batch's target images, and 1.0 where it is sure, else 0.0."""
        probabilities = self.teacher.predict(batch.of_target(batch.images), batch.of_target(batch.domains))
        labels = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
        return labels, tf.cast(self.is_sure(labels, tf.reduce_max(probabilities, axis=-1)), tf.float32)

    def is_sure(self, labels: Any, probabilities: Any) -> Any:
        """Whether answers `(n, ...)` int32 with these probabilities are believed."""
        return probabilities > self.threshold

    def after_step(self, step: Any) -> None:
        """The teacher follows."""
        self.teacher.follow(step)
