"""The network of the book's toy of adaptation: points in space (Planche and Andres, 2019, chapter 7)."""

from __future__ import annotations

import keras
from keras import layers

FEATURES = "features"
"""The name of the layer whose output the domain head looks at."""


def build(numbers: int, classes: int) -> keras.Model:
    """Points `(n, numbers)` and their domains `(n,)` -> `{"label": (n, classes)}` logits; five hidden units.

    Three numbers and two classes give 32 weights; with `domain_head` 181.
    """
    point = keras.Input((numbers,), name="image")
    domain = keras.Input((), dtype="int32", name="domain")
    features = layers.Dense(5, activation="relu", name=FEATURES)(point)
    logits = layers.Dense(classes, name="label_logits")(features)
    return keras.Model({"image": point, "domain": domain}, {"label": logits}, name="points")


def domain_head(features: keras.KerasTensor) -> keras.KerasTensor:
    """The book's head: 12 and 5 units, ELU, dropout, and two logits, of which the difference `(n, 1)` is handed out."""
    hidden = layers.Dense(5, activation="elu")(layers.Dense(12, activation="elu")(features))
    logits = layers.Dense(2)(layers.Dropout(0.5)(hidden))
    return logits[:, 1:] - logits[:, :1]
