"""Cross-entropy of label maps, plain, weighted by class, or with the easy pixels turned down."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.losses.pixel_loss import PixelLoss, weighted_mean


@keras.saving.register_keras_serializable("realitygap")
class MaskedCrossEntropy(PixelLoss):
    """Cross-entropy, averaged over the pixels that count; with class weights the average is weighted by them."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of a batch."""
        labels, valid = self.labels_of(y_true, y_pred)
        return weighted_mean(-self.log_probabilities(labels, valid, y_pred), self.weights_of(labels, valid))


@keras.saving.register_keras_serializable("realitygap")
class Focal(PixelLoss):
    """Cross-entropy times (1 - p)^gamma: Lin et al., Focal Loss for Dense Object Detection, ICCV 2017 (1708.02002).

    Averaged over the pixels that count; the paper divides by its few boxes.

    Args:
        gamma: 0 is plain cross-entropy; the paper has 2.
        options: of `PixelLoss`; class weights are the paper's alpha.
    """

    def __init__(self, gamma: float = 2.0, **options: Any) -> None:
        super().__init__(**options)
        if gamma != 0 and gamma < 1:
            raise ValueError(f"gamma must be 0 or at least 1, below which its gradient has a pole, got {gamma}")
        self.gamma = float(gamma)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of a batch."""
        labels, valid = self.labels_of(y_true, y_pred)
        logarithms = self.log_probabilities(labels, valid, y_pred)
        # -expm1 keeps the digits that 1 - exp loses near a probability of 1.
        easing = ops.power(-ops.expm1(logarithms), self.gamma) if self.gamma else 1.0
        return weighted_mean(-logarithms * easing, self.weights_of(labels, valid))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "gamma": self.gamma}
