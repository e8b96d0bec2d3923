"""The segmentation network for Oxford-IIIT Pets: a plain encoder and decoder without skip connections."""

from __future__ import annotations

import keras
from keras import layers

from training.networks.fitting import Size, class_probabilities, cropped, image_input, padded

_STRIDE = 8  # three convolutions of stride 2


def build(size: Size, classes: int) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    All convolutions are 3x3 with padding. Three classes give 2,880,643 weights at any size.
    """
    image = image_input(size)
    maps = padded(layers.Rescaling(1 / 255)(image), _STRIDE)
    for filters in (64, 128, 256):
        maps = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(maps)
        maps = layers.Conv2D(filters, 3, padding="same", activation="relu")(maps)
    for filters in (256, 128, 64):
        maps = layers.Conv2DTranspose(filters, 3, padding="same", activation="relu")(maps)
        maps = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(maps)
    scores = layers.Conv2D(classes, 3, padding="same", name="scores")(maps)
    return keras.Model(image, class_probabilities(cropped(scores, image)), name="pets")
