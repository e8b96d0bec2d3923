"""Soft Dice of label maps: Milletari et al., V-Net, 3DV 2016 (1606.04797), for many classes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.losses.cross_entropy import MaskedCrossEntropy
from training.losses.pixel_loss import PixelLoss, weighted_mean


@keras.saving.register_keras_serializable("realitygap")
class SoftDice(PixelLoss):
    """1 - 2 sum(p y) / (sum(p) + sum(y)), averaged over the classes that occur in the batch's labels.

    Classes that do not occur have no say, so that a perfect prediction is 0 whatever is absent. What is predicted for
    them in vain is missing in the classes that do occur. Class weights weigh the average.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of a batch."""
        labels, valid = self.labels_of(y_true, y_pred)
        counted = ops.expand_dims(ops.cast(valid, "float32"), -1)
        classes = y_pred.shape[-1]
        truth = ops.one_hot(labels, classes, dtype="float32") * counted
        predicted = self.probabilities(y_pred) * counted
        places = tuple(range(len(y_pred.shape) - 1))
        true_mass, mass = ops.sum(truth, places), ops.sum(truth, places) + ops.sum(predicted, places)
        share = 2 * ops.sum(truth * predicted, places) / ops.where(mass > 0, mass, 1.0)
        present = self.weights_of(ops.arange(classes, dtype="int32"), true_mass > 0)
        # The logarithms say which ids are no class; here they are wanted for their nan alone.
        checked = 0.0 * ops.sum(ops.stop_gradient(self.log_probabilities(labels, valid, y_pred)))
        return weighted_mean(1 - share, present) + checked


@keras.saving.register_keras_serializable("realitygap")
class DiceCrossEntropy(PixelLoss):
    """The sum of `MaskedCrossEntropy` and `SoftDice`: the first for every pixel, the second for small classes."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of a batch."""
        options = {key: value for key, value in self.get_config().items() if key != "name"}
        return MaskedCrossEntropy(**options).call(y_true, y_pred) + SoftDice(**options).call(y_true, y_pred)
