"""The two U-Nets of Planche and Andres, Hands-On Computer Vision with TensorFlow 2 (2019), chapter 6."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.networks.fitting import Size, class_probabilities, cropped, image_input, padded

DEPTH = 4
_KERNEL = 4


def build(size: Size, classes: int, filters: int = 32) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    Kernels are 4x4. On the way up each level is a convolution and then a transposed one; the last skip is joined
    before two convolutions without normalisation. 19 classes give 13,304,371 weights, 13,298,483 of them trainable.

    Args:
        size: any.
        classes: number of classes.
        filters: of the first level, doubled at each of the four poolings.
    """
    image = image_input(size)
    maps, skips = _way_down(padded(layers.Rescaling(1 / 255)(image), 2**DEPTH), filters)
    for level in reversed(range(DEPTH)):
        maps = _normalised(maps, layers.Conv2D(filters * 2**level, _KERNEL, padding="same"))
        maps = _normalised(maps, layers.Conv2DTranspose(filters * 2**level, _KERNEL, strides=2, padding="same"))
        maps = layers.Concatenate()([skips[level], maps])
    for _ in range(2):
        maps = layers.LeakyReLU(negative_slope=0.3)(layers.Conv2D(filters, _KERNEL, padding="same")(maps))
    scores = layers.Conv2D(classes, 1, name="scores")(layers.Dropout(0.3)(maps))
    return keras.Model(image, class_probabilities(cropped(scores, image)), name="unet_book")


def build_super_resolution(size: Size, channels: int = 3, filters: int = 32, scale: int = 4) -> keras.Model:
    """Images `(n, height, width, channels)` with values 0 to 255 -> larger ones in 0 to 1, `scale` times each side.

    Enlarged bilinearly first. On the way up each level is a transposed convolution, the skip and two convolutions,
    with dropout .2 in the two lower levels. 15,354,179 weights, 15,347,331 of them trainable.

    Args:
        size: any.
        channels: of the images, in and out.
        filters: of the first level, doubled at each of the four poolings.
        scale: how much larger the images become.
    """
    image = image_input(size, channels)
    enlarged = layers.UpSampling2D(scale, interpolation="bilinear")(layers.Rescaling(1 / 255)(image))
    maps, skips = _way_down(padded(enlarged, 2**DEPTH), filters)
    for level in reversed(range(DEPTH)):
        width = filters * 2**level
        maps = _normalised(maps, layers.Conv2DTranspose(width, _KERNEL, strides=2, padding="same"))
        maps = layers.Concatenate()([skips[level], maps])
        for _ in range(2):
            maps = _normalised(maps, layers.Conv2D(width, _KERNEL, padding="same"))
            maps = layers.Dropout(0.2)(maps) if level >= DEPTH - 2 else maps
    restored = layers.Conv2D(channels, 1, activation="sigmoid", dtype="float32", name="restored")(maps)
    return keras.Model(image, cropped(restored, enlarged), name="unet_super_resolution")


def _way_down(maps: Any, filters: int) -> tuple[Any, list[Any]]:
    """The maps of the lowest level, and those of the levels above it from the finest on."""
    skips = []
    for level in range(DEPTH + 1):
        maps = layers.MaxPooling2D()(maps) if level else maps
        for _ in range(2):
            maps = _normalised(maps, layers.Conv2D(filters * 2**level, _KERNEL, padding="same"))
        skips.append(maps)
    return skips.pop(), skips


def _normalised(maps: Any, layer: layers.Layer) -> Any:
    return layers.LeakyReLU(negative_slope=0.3)(layers.BatchNormalization()(layer(maps)))
