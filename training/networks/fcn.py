"""FCN-8s: Long, Shelhamer and Darrell, Fully Convolutional Networks for Segmentation, CVPR 2015 (1411.4038)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from training.networks.fitting import CaffePreprocessing, Size, class_probabilities, cropped, image_input, padded
from training.networks.weight_files import load_application

_STRIDE = 32


@dataclass(frozen=True)
class Widths:
    """The measures of the network.

    Attributes:
        blocks: (filters, convolutions) of each of the five blocks before a pooling.
        dense: filters of fc6 and fc7.
        dense_kernel: side of the kernel of fc6.
        normalise: batch normalisation behind each convolution, without which a network of random weights learns badly.
    """

    blocks: tuple[tuple[int, int], ...] = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
    dense: int = 4096
    dense_kernel: int = 7
    normalise: bool = False


VGG16 = Widths()
LIGHT = Widths(((16, 1), (32, 1), (64, 2), (128, 2), (128, 2)), dense=256, dense_kernel=3, normalise=True)
"""Learns CamVid at 240x180 from random weights on a few processor cores; the chain of the paper, unchanged."""


def build(size: Size, classes: int, widths: Widths = VGG16, weights: Path | None = None) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    With the widths of VGG16 and 19 classes it has 134,457,004 weights.

    Args:
        size: any.
        classes: number of classes.
        widths: `VGG16` or `LIGHT`.
        weights: a file with the weights of Keras's VGG16 without top for the convolutions; None leaves them random.

    Raises:
        UsageError: the file is none of VGG16.
    """
    image = image_input(size)
    maps = padded(CaffePreprocessing()(image), _STRIDE)
    pools = []
    for index, (filters, convolutions) in enumerate(widths.blocks, 1):
        for number in range(1, convolutions + 1):
            maps = _convolved(maps, filters, 3, f"block{index}_conv{number}", widths.normalise)
        maps = layers.MaxPooling2D(name=f"block{index}_pool")(maps)
        pools.append(maps)
    maps = _convolved(pools[-1], widths.dense, widths.dense_kernel, "fc6", widths.normalise)
    maps = layers.Dropout(0.5)(maps)
    maps = layers.Dropout(0.5)(_convolved(maps, widths.dense, 1, "fc7", widths.normalise))
    scores = layers.Conv2D(classes, 1, name="score")(maps)
    for pool, name in ((pools[3], "pool4"), (pools[2], "pool3")):
        scores = _upsampled(scores, 2, f"upsampled_to_{name}", use_bias=False)
        scores = layers.Add()([scores, layers.Conv2D(classes, 1, name=f"score_{name}")(pool)])
    scores = _upsampled(scores, 8, "upsampled_to_image", use_bias=True)
    name = "fcn8s_light" if widths == LIGHT else "fcn8s"
    model = keras.Model(image, class_probabilities(cropped(scores, image)), name=name)
    if weights is not None:
        load_application(model, keras.applications.VGG16, weights)
    return model


def build_light(size: Size, classes: int) -> keras.Model:
    """FCN-8s with the widths `LIGHT`."""
    return build(size, classes, LIGHT)


def _convolved(maps: Any, filters: int, kernel: int, name: str, normalise: bool) -> Any:
    if not normalise:
        return layers.Conv2D(filters, kernel, padding="same", activation="relu", name=name)(maps)
    maps = layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=name)(maps)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(maps))


def _upsampled(scores: Any, factor: int, name: str, use_bias: bool) -> Any:
    layer = layers.Conv2DTranspose(
        scores.shape[-1],
        2 * factor,
        strides=factor,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=BilinearUpsampling(),
        name=name,
    )
    return layer(scores)


@keras.saving.register_keras_serializable("realitygap")
class BilinearUpsampling(keras.initializers.Initializer):
    """The kernel with which a transposed convolution of stride s and side 2 s enlarges every channel bilinearly."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """A kernel `(side, side, channels, channels)` for an even side."""
        side, _, outputs, inputs = shape
        tent = 1 - np.abs((np.arange(side) + 0.5) / (side / 2) - 1)
        kernel = np.zeros(shape)
        channels = np.arange(min(outputs, inputs))
        kernel[:, :, channels, channels] = np.outer(tent, tent)[:, :, None]
        return keras.ops.convert_to_tensor(kernel, dtype=dtype)
