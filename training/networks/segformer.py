"""SegFormer: Xie et al., Simple and Efficient Design for Semantic Segmentation with Transformers, NeurIPS 2021."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from training.networks.fitting import Size, class_probabilities, cropped, image_input, padded, standardised

_STRIDE = 32


@dataclass(frozen=True)
class Stages:
    """The measures of the four stages (table 6 of the paper, 2105.15203), and of the decoder."""

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    decoder: int
    heads: tuple[int, ...] = (1, 2, 5, 8)
    reductions: tuple[int, ...] = (8, 4, 2, 1)


B0 = Stages((32, 64, 160, 256), (2, 2, 2, 2), 256)
B2 = Stages((64, 128, 320, 512), (3, 4, 6, 3), 768)


def build(size: Size, classes: int, stages: Stages = B0) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    B0 has 3.7 million weights; the mixed transformer and the all-MLP decoder are those of the paper, without its
    stochastic depth.
    """
    image = image_input(size)
    maps = padded(standardised(image), _STRIDE)
    outputs = []
    for index, width in enumerate(stages.widths):
        kernel, strides = (7, 4) if index == 0 else (3, 2)
        maps = layers.Conv2D(width, kernel, strides=strides, padding="same")(maps)
        maps = layers.LayerNormalization(epsilon=1e-5)(maps)
        for _ in range(stages.depths[index]):
            maps = _block(maps, stages.heads[index], stages.reductions[index])
        maps = layers.LayerNormalization(epsilon=1e-5)(maps)
        outputs.append(maps)
    scores = layers.Conv2D(classes, 1, name="scores")(_decoded(outputs, stages.decoder))
    scores = layers.UpSampling2D(4, interpolation="bilinear", dtype="float32")(scores)
    return keras.Model(image, class_probabilities(cropped(scores, image)), name="segformer")


def _block(maps: Any, heads: int, reduction: int) -> Any:
    width = maps.shape[-1]
    attended = SpatialAttention(heads, reduction)(layers.LayerNormalization(epsilon=1e-6)(maps))
    maps = layers.Add()([maps, attended])
    hidden = layers.Dense(4 * width)(layers.LayerNormalization(epsilon=1e-6)(maps))
    hidden = layers.DepthwiseConv2D(3, padding="same", activation="gelu")(hidden)
    return layers.Add()([maps, layers.Dense(width)(hidden)])


def _decoded(outputs: list[Any], width: int) -> Any:
    risen = []
    for level, maps in enumerate(outputs):
        maps = layers.Dense(width)(maps)
        risen.append(layers.UpSampling2D(2**level, interpolation="bilinear")(maps) if level else maps)
    maps = layers.Conv2D(width, 1, use_bias=False)(layers.Concatenate()(risen[::-1]))
    maps = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(maps))
    return layers.Dropout(0.1)(maps)


@keras.saving.register_keras_serializable("realitygap")
class SpatialAttention(layers.Layer):
    """Attention of every place to all places of maps `(n, h, w, channels)`, or to blocks of them.

    Args:
        heads: number of heads; divides the channels.
        reduction: side of the blocks that keys and values are taken from.
    """

    def __init__(self, heads: int, reduction: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.reduction = reduction

    def build(self, input_shape: Any) -> None:
        """Make the inner layers."""
        width = input_shape[-1]
        self.attention = layers.MultiHeadAttention(self.heads, width // self.heads, dtype=self.dtype_policy)
        places = (input_shape[0], None, width)
        self.attention.build(places, places, places)
        self.reduce = None
        if self.reduction > 1:
            self.reduce = layers.Conv2D(width, self.reduction, strides=self.reduction, dtype=self.dtype_policy)
            self.reduce.build(input_shape)
            self.normalise = layers.LayerNormalization(epsilon=1e-5, dtype=self.dtype_policy)
            self.normalise.build(input_shape)

    def call(self, inputs: Any) -> Any:
        """Maps of the same shape."""
        shape = ops.shape(inputs)
        flat = (shape[0], -1, shape[3])
        keys = inputs if self.reduce is None else self.normalise(self.reduce(inputs))
        return ops.reshape(self.attention(ops.reshape(inputs, flat), ops.reshape(keys, flat)), shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the inputs."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "heads": self.heads, "reduction": self.reduction}
