"""The segmentation network for Oxford-IIIT Pets: a plain encoder and decoder without skip connections."""

from __future__ import annotations

import keras
from keras import layers

from datasets.errors import UsageError

_STRIDE = 8  # three convolutions of stride 2


def build(size: tuple[int, int], classes: int) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    All convolutions are 3x3 with padding. Three classes give 2,880,643 weights at any size.

    Raises:
        UsageError: a side that 8 does not divide would come back as another size.
    """
    if size[0] % _STRIDE or size[1] % _STRIDE:
        raise UsageError(f"network 'pets' needs a height and a width divisible by {_STRIDE}, got {size[0]}x{size[1]}")
    image = keras.Input((*size, 3), name="image")
    maps = layers.Rescaling(1 / 255)(image)
    for filters in (64, 128, 256):
        maps = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(maps)
        maps = layers.Conv2D(filters, 3, padding="same", activation="relu")(maps)
    for filters in (256, 128, 64):
        maps = layers.Conv2DTranspose(filters, 3, padding="same", activation="relu")(maps)
        maps = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(maps)
    scores = layers.Conv2D(classes, 3, padding="same", name="scores")(maps)
    probabilities = layers.Softmax(dtype="float32", name="probabilities")(scores)
    return keras.Model(image, probabilities, name="pets")
