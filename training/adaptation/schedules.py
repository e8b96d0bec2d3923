"""Schedules of Ganin et al., JMLR 2016 (1505.07818), section 5.2.2, over the progress p of training from 0 to 1."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_REVERSAL_GAMMA = 10.0
_RATE_ALPHA, _RATE_BETA = 10.0, 0.75


def reversal_strength(progress: Any) -> Any:
    """2 / (1 + exp(-10 p)) - 1: the factor lambda of the reversed gradient, 0 at the start, nearly 1 at the end."""
    return 2.0 / (1.0 + ops.exp(-_REVERSAL_GAMMA * progress)) - 1.0


@keras.saving.register_keras_serializable("realitygap")
class AnnealedRate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate `initial / (1 + 10 p)^0.75`, p = step / steps."""

    def __init__(self, initial: float, steps: int) -> None:
        super().__init__()
        self.initial = initial
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        """The rate of one step, counted from 0."""
        progress = ops.cast(step, "float32") / self.steps
        return self.initial / (1.0 + _RATE_ALPHA * progress) ** _RATE_BETA

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"initial": self.initial, "steps": self.steps}
