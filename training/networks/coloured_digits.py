"""The classifier of digits in colour, of the MNIST-M study: a small network whose convolutions are aligned.

It differs from `networks.digits` in what was found to matter on the target's training images: each image is normalised
by itself first, as in Shu et al., ICLR 2018 (1802.08735), and the domain head looks at the convolutions, as in Ganin et
al., JMLR 2016 (1505.07818), instead of at the dense layer behind them.
"""

from __future__ import annotations

import keras
from keras import layers

from training.adaptation.domain_batch_normalization import DomainBatchNormalization

DOMAINS = 2
FEATURES = "features"
"""The name of the layer whose output the domain head looks at: the flattened maps of the last convolution."""

_CONVOLUTIONS = ((32, 5, True), (48, 3, False), (64, 3, True))
"""Filters, side, and whether the maps are pooled."""


def build(size: tuple[int, int], classes: int) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 and their domains `(n,)` -> `{"label": (n, classes)}` logits.

    The domain (0 source, 1 target) chooses the statistics that normalise an image's maps and nothing else.
    """
    image = keras.Input((*size, 3), name="image")
    domain = keras.Input((), dtype="int32", name="domain")
    maps = layers.Rescaling(1 / 127.5, offset=-1)(image)
    # Each channel of each image by its own mean and variance.
    maps = layers.GroupNormalization(groups=3, scale=False, center=False)(maps)
    for filters, side, pooled in _CONVOLUTIONS:
        maps = layers.Conv2D(filters, side, use_bias=False)(maps)
        if pooled:
            maps = layers.MaxPooling2D()(maps)
        maps = layers.ReLU()(DomainBatchNormalization(DOMAINS)(maps, domain))
    features = layers.Flatten(name=FEATURES)(maps)
    hidden = layers.Dense(128, use_bias=False)(features)
    hidden = layers.ReLU()(DomainBatchNormalization(DOMAINS)(hidden, domain))
    hidden = layers.Dropout(0.5)(hidden)
    hidden = layers.Dense(100, activation="relu")(hidden)
    logits = layers.Dense(classes, dtype="float32", name="label_logits")(hidden)
    return keras.Model({"image": image, "domain": domain}, {"label": logits}, name="coloured_digits")
