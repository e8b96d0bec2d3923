"""Autoencoders of Planche and Andres, Hands-On Computer Vision with TensorFlow 2 (2019), chapter 6.

They take pixels 0 to 255 and give values 0 to 1, which binary cross-entropy wants; the target is the pixels over 255.
"""

from __future__ import annotations

from math import prod

import keras
from keras import layers

from training.networks.fitting import Size, cropped, image_input, padded, require_size

_WIDTHS = (128, 64, 32)
_FILTERS = (32, 64, 128, 256)
_KERNEL = 4


def build(size: Size, channels: int = 1) -> keras.Model:
    """Images `(n, height, width, channels)` -> the same in 0 to 1, through 32 numbers.

    For 28x28x1 it has 222,384 weights: 110,816 in its inner model `encoder`, 111,568 in `decoder`. Trained from noisy
    images to clean ones it is the denoising autoencoder.

    Raises:
        UsageError: a side is open.
    """
    require_size("autoencoder", size, 1)
    shape = (*(side for side in size if side is not None), channels)
    image = image_input(size, channels)
    pixels = keras.Input((prod(shape),))
    hidden = pixels
    for width in _WIDTHS:
        hidden = layers.Dense(width, activation="relu")(hidden)
    encoder = keras.Model(pixels, hidden, name="encoder")
    code = hidden = keras.Input((_WIDTHS[-1],))
    for width in reversed(_WIDTHS[:-1]):
        hidden = layers.Dense(width, activation="relu")(hidden)
    decoder = keras.Model(
        code, layers.Dense(prod(shape), activation="sigmoid", dtype="float32")(hidden), name="decoder"
    )
    restored = decoder(encoder(layers.Flatten()(layers.Rescaling(1 / 255)(image))))
    return keras.Model(image, layers.Reshape(shape)(restored), name="autoencoder")


def build_super_resolution(size: Size, channels: int = 3, scale: int = 4) -> keras.Model:
    """Images `(n, height, width, channels)` -> larger ones in 0 to 1, `scale` times as high and wide.

    Enlarged bilinearly, four 4x4 convolutions of stride 2 down, four transposed ones up; 2,427,427 weights. Nothing of
    the image goes past the narrow middle, so it loses to the bilinear image that it starts from; the U-Net does not.

    Args:
        size: any.
        channels: of the images, in and out.
        scale: how much larger the images become.
    """
    image = image_input(size, channels)
    enlarged = layers.UpSampling2D(scale, interpolation="bilinear")(layers.Rescaling(1 / 255)(image))
    maps = padded(enlarged, 2 ** len(_FILTERS))
    for filters in _FILTERS:
        maps = layers.Conv2D(filters, _KERNEL, strides=2, padding="same", activation="relu")(maps)
    for filters in reversed(_FILTERS):
        maps = layers.Conv2DTranspose(filters, _KERNEL, strides=2, padding="same", activation="relu")(maps)
    restored = layers.Conv2D(channels, 1, activation="sigmoid", dtype="float32", name="restored")(maps)
    return keras.Model(image, cropped(restored, enlarged), name="autoencoder_super_resolution")
