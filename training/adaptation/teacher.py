"""A mean teacher: a copy of the network that follows it slowly (Tarvainen and Valpola, NIPS 2017, 1703.01780)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from training.adaptation.network import Network

if TYPE_CHECKING:
    from training.adaptation.objective import Batch


class Teacher:
    """The moving average of a network's weights, and its predictions."""

    def __init__(self, network: Network, momentum: float = 0.99) -> None:
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

    def answers(self, batch: Batch, is_sure: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
        """Its classes `(n, ...)` int32 of the batch's target images, and 1.0 where they are believed, else 0.0.

        Args:
            batch: of both domains.
            is_sure: whether to believe classes `(n, ...)` int32 that have these probabilities.
        """
        probabilities = self.predict(batch.of_target(batch.images), batch.of_target(batch.domains))
        labels = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
        return labels, tf.cast(is_sure(labels, tf.reduce_max(probabilities, axis=-1)), tf.float32)

    def follow(self, step: Any) -> None:
        """Move towards the student; faster in the first steps, when the average has nothing to say yet."""
        momentum = tf.minimum(1.0 - 1.0 / (tf.cast(step, tf.float32) + 2.0), self._momentum)
        pairs = zip(self.network.model.trainable_variables, self._student.trainable_variables, strict=True)
        for own, other in pairs:
            own.assign(momentum * own.value + (1.0 - momentum) * other.value)
        pairs = zip(self.network.model.non_trainable_variables, self._student.non_trainable_variables, strict=True)
        for own, other in pairs:  # statistics are averages already
            own.assign(other.value)


def surer_than(threshold: float) -> Callable[[Any, Any], Any]:
    """Believes answers whose probability is above a threshold."""
    return lambda labels, probabilities: probabilities > threshold
