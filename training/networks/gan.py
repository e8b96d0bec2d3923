"""The two networks of the lecture's GAN: Goodfellow et al., NIPS 2014 (1406.2661), built like DCGAN (1511.06434)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.networks.fitting import Size, class_probabilities, image_input, require_size

NOISE = 2


def build_generator(size: Size, channels: int = 1, noise: int = NOISE) -> keras.Model:
    """Noise `(n, noise)` -> images `(n, height, width, channels)` in -1 to 1; 2,813,121 weights for 28x28x1.

    Raises:
        UsageError: a side is open.
    """
    require_size("gan_generator", size, 1)
    given = keras.Input((noise,), name="noise")
    hidden = layers.Dense(4 * 4 * 512)(given)
    hidden = layers.Dropout(0.3)(layers.ReLU()(layers.BatchNormalization()(hidden)))
    maps = layers.Reshape((4, 4, 512))(hidden)
    for filters in (256, 128, 64):
        maps = layers.Conv2DTranspose(filters, 4, strides=2, padding="same")(maps)
        maps = layers.Dropout(0.3)(layers.ReLU()(layers.BatchNormalization()(maps)))
    maps = layers.Resizing(*size)(maps)
    image = layers.Conv2D(channels, 4, padding="same", activation="tanh", dtype="float32", name="made")(maps)
    return keras.Model(given, image, name="gan_generator")


def build_discriminator(size: Size, classes: int = 2, channels: int = 1) -> keras.Model:
    """Images `(n, height, width, channels)` with values 0 to 255 -> probabilities of real and made `(n, classes)`.

    666,818 weights for 28x28x1. What a generator made in -1 to 1 goes in as `127.5 * (made + 1)`.

    Raises:
        UsageError: a side is open.
    """
    require_size("gan_discriminator", size, 1)
    image = image_input(size, channels)
    maps: Any = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for filters in (64, 128, 256):
        maps = layers.BatchNormalization()(layers.Conv2D(filters, 4, strides=2, padding="same")(maps))
        maps = layers.Dropout(0.3)(layers.LeakyReLU(negative_slope=0.3)(maps))
    scores = layers.Dense(classes, name="scores")(layers.Flatten()(maps))
    return keras.Model(image, class_probabilities(scores), name="gan_discriminator")
