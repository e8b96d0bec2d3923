"""Cross-entropy that looks harder along the outlines of classes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.losses.morphology import dilated, outlines
from training.losses.pixel_loss import PixelLoss, weighted_mean


@keras.saving.register_keras_serializable("realitygap")
class BoundaryCrossEntropy(PixelLoss):
    """Cross-entropy in which pixels near an outline weigh more.

    An outline is where two classes touch; neither void nor the border of the image makes one.

    Args:
        radius: how far from an outline a pixel is near it, in pixels.
        factor: what its weight of 1 grows by.
        options: of `PixelLoss`; class weights multiply.
    """

    def __init__(self, radius: int = 2, factor: float = 4.0, **options: Any) -> None:
        super().__init__(**options)
        if radius < 0 or factor < 0:
            raise ValueError(f"radius and factor must not be negative, got {radius} and {factor}")
        self.radius = radius
        self.factor = float(factor)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of a batch."""
        labels, valid = self.labels_of(y_true, y_pred)
        near = outlines(labels, valid)
        near = dilated(near, self.radius) if self.radius else near
        weights = self.weights_of(labels, valid) * (1 + self.factor * ops.cast(near, "float32"))
        return weighted_mean(-self.log_probabilities(labels, valid, y_pred), weights)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "radius": self.radius, "factor": self.factor}
