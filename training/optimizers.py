"""The optimiser of a run, from its options."""

from __future__ import annotations

from typing import Any

import keras

from training.train_options import TrainOptions

_POWER = 0.9  # of the polynomial fall, as the DeepLab papers have it


def make_optimizer(options: TrainOptions, steps: int) -> keras.optimizers.Optimizer:
    """The optimiser, its rate falling over `steps` as the schedule says."""
    rate: Any = options.learning_rate
    if options.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, steps)
    elif options.schedule == "polynomial":
        rate = keras.optimizers.schedules.PolynomialDecay(options.learning_rate, steps, 0.0, power=_POWER)
    clip = {"global_clipnorm": options.clip_norm} if options.clip_norm else {}
    if options.optimizer == "adam":
        made = keras.optimizers.Adam(rate, **clip)
    elif options.optimizer == "adamw":
        made = keras.optimizers.AdamW(rate, weight_decay=options.weight_decay, **clip)
    else:
        decay = options.weight_decay or None
        made = keras.optimizers.SGD(rate, momentum=float(options.momentum), weight_decay=decay, **clip)
    # Gradients of half precision vanish unless the loss is scaled up before and they down again after.
    return keras.optimizers.LossScaleOptimizer(made) if options.precision == "mixed_float16" else made
