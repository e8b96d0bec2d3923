"""U-Net++: Zhou et al., UNet++: A Nested U-Net Architecture, DLMIA 2018 (1807.10165)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from training.networks.fitting import Size, class_probabilities, cropped, image_input, padded

DEPTH = 4


def build(
    size: Size, classes: int, filters: int = 32, deep_supervision: bool = False, dropout: float = 0.5
) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, height, width, classes)`.

    Args:
        size: any.
        classes: number of classes.
        filters: of the first level, doubled at each of the four poolings; the paper has 32.
        deep_supervision: a dictionary of four outputs `level_1` to `level_4`, to be trained with a loss each;
            `accurate` then averages them, `fast` keeps one and drops what only the others need.
        dropout: behind each convolution.
    """
    image = image_input(size)
    maps = padded(layers.Rescaling(1 / 255)(image), 2**DEPTH)
    nodes: dict[tuple[int, int], Any] = {}
    for level in range(DEPTH + 1):
        below = maps if level == 0 else layers.MaxPooling2D()(nodes[level - 1, 0])
        nodes[level, 0] = _unit(below, filters * 2**level, dropout)
    for column in range(1, DEPTH + 1):
        for level in range(DEPTH + 1 - column):
            width = filters * 2**level
            risen = layers.Conv2DTranspose(width, 2, strides=2)(nodes[level + 1, column - 1])
            before = [nodes[level, earlier] for earlier in range(column)]
            nodes[level, column] = _unit(layers.Concatenate()([*before, risen]), width, dropout)
    columns = range(1, DEPTH + 1) if deep_supervision else (DEPTH,)
    heads = {f"level_{column}": layers.Conv2D(classes, 1, name=f"scores_{column}")(nodes[0, column])
             for column in columns}  # fmt: skip
    if not deep_supervision:
        scores = cropped(heads[f"level_{DEPTH}"], image)
        return keras.Model(image, class_probabilities(scores), name="unet_plus_plus")
    outputs = {name: class_probabilities(cropped(scores, image), name) for name, scores in heads.items()}
    return keras.Model(image, outputs, name="unet_plus_plus")


def build_deep(size: Size, classes: int) -> keras.Model:
    """The network with deep supervision: trained by the mean of its four losses, it predicts as `accurate` does."""
    return build(size, classes, deep_supervision=True)


def accurate(model: keras.Model) -> keras.Model:
    """The network of a deeply supervised one whose output is the mean of its four; weights are shared."""
    mean = layers.Average(name="probabilities", dtype="float32")(list(model.output.values()))
    return keras.Model(model.input, mean, name=model.name)


def fast(model: keras.Model, level: int) -> keras.Model:
    """The part of a deeply supervised network that the output of one level needs; weights are shared."""
    return keras.Model(model.input, model.output[f"level_{level}"], name=f"{model.name}_{level}")


def _unit(maps: Any, filters: int, dropout: float) -> Any:
    for _ in range(2):
        maps = layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(maps)
        maps = layers.Dropout(dropout)(maps)
    return maps
