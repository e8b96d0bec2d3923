"""Gradient reversal (Ganin et al., JMLR 2016)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.adaptation.schedules import reversal_strength


@keras.saving.register_keras_serializable("realitygap")
class GradientReversal(keras.layers.Layer):
    """Identity forward; backward the gradient times `-lambda`.

    Lambda rises from 0 to `maximum` by `reversal_strength`. The layer counts its own training steps in a weight, so
    the schedule is right whatever calls it and goes on where a saved model stopped.

    Args:
        steps: training steps in which the schedule runs from 0 to 1; afterwards lambda stays.
        maximum: factor on the schedule.
    """

    def __init__(self, steps: int, maximum: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        self.steps = steps
        self.maximum = maximum

    def build(self, input_shape: Any) -> None:
        """Make the step counter."""
        self.step = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, autocast=False, name="step"
        )

    @property
    def strength(self) -> Any:
        """Lambda of the next step, a float32 scalar."""
        progress = ops.minimum(ops.cast(self.step, "float32") / self.steps, 1.0)
        return self.maximum * reversal_strength(progress)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs; a call in training counts as one step."""
        strength = ops.cast(self.strength, inputs.dtype)
        if training:
            self.step.assign_add(1)
        # x - stop_gradient(x) is zero in every number type, so the forward pass is exact, bfloat16 included.
        held = ops.stop_gradient(inputs)
        return held - strength * (inputs - held)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "steps": self.steps, "maximum": self.maximum}
