"""DeepLabv3+: Chen et al., Encoder-Decoder with Atrous Separable Convolution, ECCV 2018 (1802.02611)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from training.networks.fitting import Size, class_probabilities, cropped, image_input, padded, standardised
from training.networks.resnet import RESNET18, RESNET34, feature_maps, normalised_convolution

_STRIDE = 16
_RATES = (6, 12, 18)
_LOW_LEVEL = 48


def build(
    size: Size, classes: int, units: tuple[int, ...] = RESNET34, filters: int = 64, width: int = 256
) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    The encoder is a ResNet at output stride 16 (the paper's is an Xception), then the pyramid of rates 6, 12 and 18 and
    the decoder of the paper. Its branch of the whole image has a bias in place of batch normalisation, which would
    leave nothing of the one value that each image of a small batch gives.

    Args:
        size: any.
        classes: number of classes.
        units: residual units of the encoder's stages.
        filters: of the encoder's first stage.
        width: filters of the pyramid and the decoder.
    """
    image = image_input(size)
    maps = padded(standardised(image), _STRIDE)
    fine, _, _, coarse = feature_maps(maps, units, filters, last_dilation=2)
    coarse = layers.UpSampling2D(4, interpolation="bilinear")(_pyramid(coarse, width))
    fine = layers.ReLU()(normalised_convolution(fine, min(_LOW_LEVEL, width), 1))
    maps = layers.Concatenate()([coarse, fine])
    for _ in range(2):
        maps = _separable(maps, width, dilation=1)
    scores = layers.Conv2D(classes, 1, name="scores")(layers.Dropout(0.1)(maps))
    scores = layers.UpSampling2D(4, interpolation="bilinear", dtype="float32")(scores)
    return keras.Model(image, class_probabilities(cropped(scores, image)), name="deeplab_v3_plus")


def build_light(size: Size, classes: int) -> keras.Model:
    """A ResNet-18 of half the width, and 96 filters behind it, for processors without an accelerator."""
    return build(size, classes, RESNET18, filters=32, width=96)


def _pyramid(maps: Any, width: int) -> Any:
    branches = [layers.ReLU()(normalised_convolution(maps, width, 1))]
    branches += [_separable(maps, width, rate) for rate in _RATES]
    whole = layers.GlobalAveragePooling2D(keepdims=True)(maps)
    whole = layers.Conv2D(width, 1, activation="relu", kernel_initializer="he_normal")(whole)
    branches.append(SpreadLike()(whole, maps))
    maps = layers.ReLU()(normalised_convolution(layers.Concatenate()(branches), width, 1))
    return layers.Dropout(0.1)(maps)


def _separable(maps: Any, width: int, dilation: int) -> Any:
    maps = layers.DepthwiseConv2D(
        3, dilation_rate=dilation, padding="same", use_bias=False, depthwise_initializer="he_normal"
    )(maps)
    maps = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(maps))
    return layers.ReLU()(normalised_convolution(maps, width, 1))


@keras.saving.register_keras_serializable("realitygap")
class SpreadLike(layers.Layer):
    """One value an image and channel, at every place of other maps."""

    def call(self, inputs: Any, reference: Any) -> Any:
        """`(n, 1, 1, channels)` -> `(n, h, w, channels)` with the height and width of `reference`."""
        return inputs + ops.zeros_like(reference[..., :1])

    def compute_output_shape(self, inputs_shape: Any, reference_shape: Any) -> Any:
        """Sides of the reference, channels of the inputs."""
        return (*reference_shape[:3], inputs_shape[-1])
