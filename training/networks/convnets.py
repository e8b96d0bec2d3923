"""Small classifiers of a few convolutions and dense layers: LeNet-5, two of the lectures, AlexNet."""

from __future__ import annotations

import keras
from keras import layers

from training.networks.fitting import CAFFE_MEAN, Size, class_probabilities, image_input, require_size

_LENET_SIDE = 32


def build_lenet5(size: Size, classes: int, channels: int = 1) -> keras.Model:
    """LeNet-5: LeCun et al., Gradient-Based Learning Applied to Document Recognition, 1998; 61,706 weights.

    Images `(n, height, width, channels)` with values 0 to 255 -> class probabilities `(n, classes)`. C3 sees all maps
    of S2 (the paper's table of connections has a hardware's reasons), S2 and S4 are plain means, and the output is
    dense. Smaller images stand in the middle of a field of 32x32, as the paper's digits of 28x28 do.

    Raises:
        UsageError: a side is open.
    """
    require_size("lenet5", size, 1)
    image = image_input(size, channels)
    maps = layers.Rescaling(1 / 255)(image)
    before = [max(0, _LENET_SIDE - side) // 2 for side in size if side is not None]
    after = [max(0, _LENET_SIDE - side) - start for side, start in zip(size, before, strict=True) if side is not None]
    if any(after):
        maps = layers.ZeroPadding2D(tuple(zip(before, after, strict=True)))(maps)
    for filters in (6, 16):
        maps = layers.Conv2D(filters, 5, activation="tanh", name=f"C{1 if filters == 6 else 3}")(maps)
        maps = layers.AveragePooling2D(2, name=f"S{2 if filters == 6 else 4}")(maps)
    maps = layers.Conv2D(120, 5, activation="tanh", name="C5")(maps)
    hidden = layers.Dense(84, activation="tanh", name="F6")(layers.Flatten()(maps))
    scores = layers.Dense(classes, name="scores")(hidden)
    return keras.Model(image, class_probabilities(scores), name="lenet5")


def build_lenet5_variant(size: Size, classes: int, channels: int = 1) -> keras.Model:
    """The lecture's variant of LeNet-5, with its linear dense layers; 108,804 weights for 28x28x1 and 10 classes.

    Raises:
        UsageError: a side is open or below 4.
    """
    require_size("lenet5_variant", size, 4)
    image = image_input(size, channels)
    maps = layers.Rescaling(1 / 255)(image)
    for filters in (6, 16):
        for _ in range(2):
            maps = layers.Conv2D(filters, 3, padding="same", activation="relu")(maps)
        maps = layers.MaxPooling2D()(maps)
    hidden = layers.Dense(84)(layers.Dense(120)(layers.Flatten()(maps)))
    scores = layers.Dense(classes, name="scores")(hidden)
    return keras.Model(image, class_probabilities(scores), name="lenet5_variant")


def build_simple_cnn(size: Size, classes: int, channels: int = 1) -> keras.Model:
    """The lecture's simple network; 1,413,834 weights for 28x28x1 and 10 classes.

    Raises:
        UsageError: a side is open or below 8.
    """
    require_size("simple_cnn", size, 8)
    image = image_input(size, channels)
    maps = layers.Rescaling(1 / 255)(image)
    maps = layers.MaxPooling2D()(layers.Conv2D(64, 7, padding="same", activation="relu")(maps))
    for filters in (128, 256):
        for _ in range(2):
            maps = layers.Conv2D(filters, 3, padding="same", activation="relu")(maps)
        maps = layers.MaxPooling2D()(maps)
    hidden = layers.Flatten()(maps)
    for width in (128, 64):
        hidden = layers.Dropout(0.5)(layers.Dense(width, activation="relu")(hidden))
    scores = layers.Dense(classes, name="scores")(hidden)
    return keras.Model(image, class_probabilities(scores), name="simple_cnn")


def build_alexnet(size: Size, classes: int) -> keras.Model:
    """AlexNet: Krizhevsky, Sutskever and Hinton, NIPS 2012; 62,378,344 weights at 227x227 with 1000 classes.

    In one piece, without the grouping that two cards of little memory asked for, and without its local response
    normalisation, which later work found useless (Simonyan and Zisserman, 1409.1556).

    Raises:
        UsageError: a side is open or below 67.
    """
    require_size("alexnet", size, 67)
    image = image_input(size)
    maps = layers.Rescaling(1.0, [-mean for mean in CAFFE_MEAN])(image)
    maps = layers.Conv2D(96, 11, strides=4, padding="valid", activation="relu")(maps)
    maps = layers.MaxPooling2D(3, strides=2)(maps)
    maps = layers.Conv2D(256, 5, padding="same", activation="relu")(maps)
    maps = layers.MaxPooling2D(3, strides=2)(maps)
    for filters in (384, 384, 256):
        maps = layers.Conv2D(filters, 3, padding="same", activation="relu")(maps)
    hidden = layers.Flatten()(layers.MaxPooling2D(3, strides=2)(maps))
    for _ in range(2):
        hidden = layers.Dropout(0.5)(layers.Dense(4096, activation="relu")(hidden))
    scores = layers.Dense(classes, name="scores")(hidden)
    return keras.Model(image, class_probabilities(scores), name="alexnet")
