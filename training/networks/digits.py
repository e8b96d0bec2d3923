"""The digit classifier of the adaptation study, after the MNIST network of Ganin et al., JMLR 2016 (1505.07818).

Two 5x5 convolutions and three dense layers as in the paper; batch normalisation with statistics of each domain, and
dropout, are added because the paper's bare network collapses under its own adversary in a good part of the runs.
"""

from __future__ import annotations

import keras
from keras import layers

from training.adaptation.domain_batch_normalization import DomainBatchNormalization

DOMAINS = 2
FEATURES = "features"
"""The name of the layer whose output the domain head looks at.

The paper looks at the convolutions' output. Behind the first dense layer the head is held at chance far more surely
in the few hundred steps of a study.
"""


def build(size: tuple[int, int], classes: int) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 and their domains `(n,)` -> `{"label": (n, classes)}` logits.

    The domain (0 source, 1 target) chooses the statistics that normalise an image and nothing else.
    """
    image = keras.Input((*size, 3), name="image")
    domain = keras.Input((), dtype="int32", name="domain")
    maps = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for filters in (32, 48):
        maps = layers.Conv2D(filters, 5, use_bias=False)(maps)
        # Pooled before it is normalised: the same network but for which statistics are kept, at 2/3 of the time.
        maps = layers.MaxPooling2D()(maps)
        maps = layers.ReLU()(DomainBatchNormalization(DOMAINS)(maps, domain))
    hidden = layers.Dropout(0.25)(layers.Flatten()(maps))
    hidden = layers.Dense(100, use_bias=False)(hidden)
    hidden = layers.ReLU(name=FEATURES)(DomainBatchNormalization(DOMAINS)(hidden, domain))
    hidden = layers.Dropout(0.5)(hidden)
    hidden = layers.Dense(100, activation="relu")(hidden)
    logits = layers.Dense(classes, dtype="float32", name="label_logits")(hidden)
    return keras.Model({"image": image, "domain": domain}, {"label": logits}, name="digits")
