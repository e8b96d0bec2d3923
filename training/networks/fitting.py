"""What every network has in common: its input, its preprocessing, sizes that its strides do not divide, its output."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from datasets.errors import UsageError

Size = tuple[int | None, int | None]
"""(height, width) of the images; None where any will do."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN = (123.68, 116.779, 103.939)


def image_input(size: Size, channels: int = 3) -> keras.KerasTensor:
    """The input `image`: `(n, height, width, channels)` with values 0 to 255."""
    return keras.Input((*size, channels), name="image")


def standardised(image: keras.KerasTensor) -> keras.KerasTensor:
    """R, G, B less the mean and over the deviation of ImageNet, as PyTorch's published weights expect."""
    scale = [1 / (255 * deviation) for deviation in IMAGENET_DEVIATION]
    offset = [-mean / deviation for mean, deviation in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)]
    return layers.Rescaling(scale, offset)(image)


def padded(maps: keras.KerasTensor, multiple: int) -> keras.KerasTensor:
    """The maps with sides that `multiple` divides; `cropped` takes off again what was added."""
    if all(side is not None and side % multiple == 0 for side in maps.shape[1:3]):
        return maps
    return PadToMultiple(multiple)(maps)


def cropped(maps: keras.KerasTensor, image: keras.KerasTensor) -> keras.KerasTensor:
    """The upper left part of the maps that is as large as the image."""
    if None not in image.shape[1:3] and maps.shape[1:3] == image.shape[1:3]:
        return maps
    return CropLike()(maps, image)


def class_probabilities(scores: keras.KerasTensor, name: str = "probabilities") -> keras.KerasTensor:
    """Softmax over the last axis, in float32 whatever the precision of the rest."""
    return layers.Softmax(dtype="float32", name=name)(scores)


def require_size(network: str, size: Size, least: int) -> None:
    """Refuse sizes from which a classifier with dense layers cannot be built.

    Raises:
        UsageError: a side is open or smaller than `least`.
    """
    if any(side is None or side < least for side in size):
        raise UsageError(
            f"network {network!r} needs a fixed height and width of at least {least}, got {size[0]}x{size[1]}"
        )


@keras.saving.register_keras_serializable("realitygap")
class PadToMultiple(layers.Layer):
    """Zeros below and to the right of `(n, height, width, channels)` until `multiple` divides both sides."""

    def __init__(self, multiple: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, inputs: Any) -> Any:
        """The padded maps."""
        _, height, width, _ = ops.shape(inputs)
        return ops.pad(inputs, [[0, 0], [0, -height % self.multiple], [0, -width % self.multiple], [0, 0]])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Both sides rounded up; an open side stays open."""
        count, *sides, channels = input_shape
        return (count, *(None if side is None else side + -side % self.multiple for side in sides), channels)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable("realitygap")
class CropLike(layers.Layer):
    """The upper left part of maps that is as large as other maps."""

    def call(self, inputs: Any, reference: Any) -> Any:
        """`(n, h, w, channels)` of `inputs`, with the height and width of `reference`."""
        _, height, width, _ = ops.shape(reference)
        return inputs[:, :height, :width]

    def compute_output_shape(self, inputs_shape: Any, reference_shape: Any) -> Any:
        """Sides of the reference, channels of the inputs."""
        return (inputs_shape[0], *reference_shape[1:3], inputs_shape[-1])


@keras.saving.register_keras_serializable("realitygap")
class CaffePreprocessing(layers.Layer):
    """R, G, B 0 to 255 -> B, G, R less the mean of ImageNet, as VGG's published weights expect."""

    def call(self, inputs: Any) -> Any:
        """Maps of the same shape."""
        return ops.flip(inputs, axis=-1) - ops.cast(list(reversed(CAFFE_MEAN)), inputs.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the inputs."""
        return input_shape
