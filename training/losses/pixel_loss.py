"""What losses of label maps have in common: class ids, void pixels, float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from datasets.labels import IGNORE

_LEAST_PROBABILITY = 1e-30
"""Keras stops at 1e-7 and with it the gradient, so that a pixel that is surely wrong is never learnt."""


class PixelLoss(keras.losses.Loss):
    """A loss of class probabilities `(n, ..., classes)` against ids `(n, ...)` or `(n, ..., 1)`, one number a batch.

    Pixels whose id is `ignore` count for nothing, and a batch of nothing else gives 0. An id that is neither a class
    nor `ignore` makes the loss nan. All is computed in float32. Sample weights are refused: a mean over pixels that
    count cannot be put together from means over images.

    Args:
        from_logits: the predictions are logits; a network of ours ends in probabilities.
        ignore: the id that is no class.
        class_weights: a factor on each class's pixels, by dense index; None is 1 for all.
        name: of the loss.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore: int = IGNORE,
        class_weights: Sequence[float] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype="float32")
        self.from_logits = from_logits
        self.ignore = ignore
        self.class_weights = None if class_weights is None else [float(weight) for weight in class_weights]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of a batch.

        Raises:
            ValueError: sample weights were given.
        """
        if sample_weight is not None:
            raise ValueError(f"{self.name} takes no sample weights; give what shall not count the id {self.ignore}")
        return super().__call__(y_true, y_pred)

    def labels_of(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Ids `(n, ...)` int32 and where they count, bool."""
        labels = ops.cast(y_true, "int32")
        if len(labels.shape) == len(y_pred.shape):
            labels = ops.squeeze(labels, -1)
        return labels, ops.not_equal(labels, self.ignore)

    def log_probabilities(self, labels: Any, valid: Any, y_pred: Any) -> Any:
        """The logarithm of the probability of each pixel's class; 0 where void, nan where the id is no class."""
        classes = y_pred.shape[-1]
        chosen = ops.one_hot(labels, classes, dtype="float32")
        if self.from_logits:
            logarithms = ops.sum(chosen * ops.log_softmax(y_pred), axis=-1)
        else:
            logarithms = ops.log(ops.maximum(ops.sum(chosen * y_pred, axis=-1), _LEAST_PROBABILITY))
        logarithms = ops.where(valid, logarithms, 0.0)
        wrong = ops.logical_and(valid, ops.logical_or(labels < 0, labels >= classes))
        return ops.where(wrong, float("nan"), logarithms)

    def probabilities(self, y_pred: Any) -> Any:
        """The predictions as probabilities."""
        return ops.softmax(y_pred) if self.from_logits else y_pred

    def weights_of(self, labels: Any, valid: Any) -> Any:
        """How much each pixel counts: the weight of its class, 0 where void."""
        counted = ops.cast(valid, "float32")
        if self.class_weights is None:
            return counted
        table = ops.convert_to_tensor(self.class_weights, dtype="float32")
        return counted * ops.take(table, ops.clip(labels, 0, len(self.class_weights) - 1))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            "name": self.name,
            "from_logits": self.from_logits,
            "ignore": self.ignore,
            "class_weights": self.class_weights,
        }


def weighted_mean(values: Any, weights: Any) -> Any:
    """Sum of values times weights over the sum of weights; 0 where that is 0."""
    total = ops.sum(weights)
    return ops.sum(values * weights) / ops.where(total > 0, total, 1.0)
