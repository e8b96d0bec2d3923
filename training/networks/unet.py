"""U-Net: Ronneberger, Fischer and Brox, MICCAI 2015 (1505.04597), padded so that the output has the input's size."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.networks.fitting import Size, class_probabilities, cropped, image_input, padded

DEPTH = 4


def build(size: Size, classes: int, filters: int = 64, normalise: bool = False) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    Two 3x3 convolutions with ReLU a level, 2x2 max pooling, 2x2 transposed convolutions, dropout at the end of the
    way down, as in the paper; its convolutions are unpadded.

    Args:
        size: any.
        classes: number of classes.
        filters: of the first level, doubled at each of the four poolings; the paper has 64.
        normalise: batch normalisation behind each 3x3 convolution, which the paper has not.
    """
    image = image_input(size)
    maps = padded(layers.Rescaling(1 / 255)(image), 2**DEPTH)
    skips = []
    for level in range(DEPTH):
        maps = _two_convolutions(maps, filters * 2**level, normalise)
        if level == DEPTH - 1:
            maps = layers.Dropout(0.5)(maps)
        skips.append(maps)
        maps = layers.MaxPooling2D()(maps)
    maps = layers.Dropout(0.5)(_two_convolutions(maps, filters * 2**DEPTH, normalise))
    for level in reversed(range(DEPTH)):
        maps = layers.Conv2DTranspose(filters * 2**level, 2, strides=2, kernel_initializer="he_normal")(maps)
        maps = _two_convolutions(layers.Concatenate()([skips[level], maps]), filters * 2**level, normalise)
    scores = layers.Conv2D(classes, 1, name="scores")(maps)
    name = "unet_light" if normalise else "unet"
    return keras.Model(image, class_probabilities(cropped(scores, image)), name=name)


def build_light(size: Size, classes: int) -> keras.Model:
    """U-Net of a quarter of the paper's width, normalised: learns a few hundred photographs on a processor core."""
    return build(size, classes, filters=16, normalise=True)


def _two_convolutions(maps: Any, filters: int, normalise: bool) -> Any:
    for _ in range(2):
        if normalise:
            maps = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(maps)
            maps = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(maps))
        else:
            maps = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(maps)
    return maps
