"""Residual networks: He et al., Deep Residual Learning for Image Recognition, CVPR 2016 (1512.03385)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.networks.fitting import Size, class_probabilities, image_input, standardised

RESNET18 = (2, 2, 2, 2)
RESNET34 = (3, 4, 6, 3)


def build(size: Size, classes: int, units: tuple[int, ...] = RESNET34) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, classes)`.

    ResNet-34 with 10 classes has 21,306,826 weights, 21,289,802 of them trainable; with 1000 it has 21,814,696.

    Args:
        size: any; the paper trains at 224x224.
        classes: number of classes.
        units: residual units of each of the four stages.
    """
    image = image_input(size)
    maps = feature_maps(standardised(image), units)[-1]
    scores = layers.Dense(classes, name="scores")(layers.GlobalAveragePooling2D()(maps))
    return keras.Model(image, class_probabilities(scores), name=f"resnet{2 + 2 * sum(units)}")


def feature_maps(maps: Any, units: tuple[int, ...], filters: int = 64, last_dilation: int = 1) -> list[Any]:
    """The outputs of the four stages, at strides 4, 8, 16 and 32.

    Args:
        maps: preprocessed images.
        units: residual units of each stage.
        filters: of the first stage; each further one has twice as many as the one before.
        last_dilation: 2 leaves the last stage at stride 16 and spreads its kernels instead.
    """
    maps = layers.ReLU()(normalised_convolution(maps, filters, 7, strides=2))
    maps = layers.MaxPooling2D(3, strides=2, padding="same")(maps)
    outputs = []
    for stage, count in enumerate(units):
        dilation = last_dilation if stage == len(units) - 1 else 1
        for unit in range(count):
            strides = 2 if stage and not unit and dilation == 1 else 1
            maps = _residual_unit(maps, filters * 2**stage, strides, dilation)
        outputs.append(maps)
    return outputs


def normalised_convolution(maps: Any, filters: int, kernel: int, strides: int = 1, dilation: int = 1) -> Any:
    """A padded convolution without bias and its batch normalisation."""
    maps = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        dilation_rate=dilation,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(maps)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(maps)


def _residual_unit(maps: Any, filters: int, strides: int, dilation: int) -> Any:
    residual = layers.ReLU()(normalised_convolution(maps, filters, 3, strides, dilation))
    residual = normalised_convolution(residual, filters, 3, dilation=dilation)
    if strides > 1 or maps.shape[-1] != filters:
        maps = normalised_convolution(maps, filters, 1, strides)
    return layers.ReLU()(layers.Add()([residual, maps]))
