"""Heads that tell the domains apart: `(n, 1)` logits, positive for the target."""

from __future__ import annotations

import keras
from keras import layers

from training.adaptation.gradient_reversal import GradientReversal


def head_on_vectors(features: keras.KerasTensor) -> keras.KerasTensor:
    """Ganin et al., JMLR 2016: a hidden layer of 100; dropout keeps it from winning outright."""
    hidden = layers.Dense(100, activation="relu")(features)
    hidden = layers.Dropout(0.5)(hidden)
    return layers.Dense(1, dtype="float32", name="domain_logits")(hidden)


def head_on_maps(features: keras.KerasTensor) -> keras.KerasTensor:
    """Planche and Andres, 2019, chapter 7: two 3x3 convolutions, the global maximum, and dense layers.

    The book's last layer has two logits; one, their difference, is the same head.
    """
    hidden = features
    for filters in (256, 64):
        hidden = layers.Conv2D(filters, 3, padding="same", activation="relu")(hidden)
        hidden = layers.Dropout(0.5)(hidden)
    hidden = layers.GlobalMaxPooling2D()(layers.Conv2D(32, 1, activation="relu")(hidden))
    for units in (32, 16):
        hidden = layers.Dense(units, activation="relu")(hidden)
    return layers.Dense(1, dtype="float32", name="domain_logits")(hidden)


def discriminator_on_maps(probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """Tsai et al., CVPR 2018 (1802.10349): five 4x4 convolutions of stride 2, a logit for each patch that remains."""
    hidden = probabilities
    for filters in (64, 128, 256, 512):
        hidden = layers.LeakyReLU(0.2)(layers.Conv2D(filters, 4, strides=2, padding="same")(hidden))
    return layers.Conv2D(1, 4, strides=2, padding="same", dtype="float32")(hidden)


def reversed_head(shape: tuple[int | None, ...], head: object, steps: int, maximum: float) -> keras.Model:
    """A model from features to domain logits behind a gradient reversal.

    Args:
        shape: of one example's features.
        head: builds the logits.
        steps: length of the reversal's schedule.
        maximum: the strength that it rises to.
    """
    features = keras.Input(shape, name="features")
    return keras.Model(features, head(GradientReversal(steps, maximum=maximum)(features)), name="domain_head")  # type: ignore[operator]
