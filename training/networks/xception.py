"""Transfer from Xception (Chollet, CVPR 2017, 1610.02357): a head for classes, and one that also says where."""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers

from datasets.errors import UsageError
from training.networks.fitting import Size, class_probabilities, image_input
from training.networks.weight_files import read_application

LOCALISATION_LOSS_WEIGHTS = {"label": 0.8, "box": 0.2}
"""How cross-entropy and squared error of the two outputs of `build_localisation` are weighed."""

_LEAST = 71


def build(size: Size, classes: int, weights: Path | None = None, frozen: bool | None = None) -> keras.Model:
    """Images `(n, height, width, 3)` with values 0 to 255 -> class probabilities `(n, classes)`.

    20,871,725 weights for 5 classes, of which 10,245 are trainable while the base is frozen.

    Args:
        size: any of at least 71x71.
        classes: number of classes.
        weights: a file of Keras's weights for Xception without top; None leaves the base random.
        frozen: whether training leaves the base alone; by default when it has weights from a file.

    Raises:
        UsageError: too small a size, or a file that holds other weights.
    """
    image, features = _features(size, weights, frozen)
    scores = layers.Dense(classes, name="scores")(features)
    return keras.Model(image, class_probabilities(scores), name="xception")


def build_localisation(
    size: Size, classes: int, weights: Path | None = None, frozen: bool | None = None
) -> keras.Model:
    """As `build`, with two outputs: `label` and `box`, the four numbers of one box `(n, 4)`.

    Four numbers cost 8,196 weights: 20,879,921 for 5 classes.
    """
    image, features = _features(size, weights, frozen)
    scores = layers.Dense(classes, name="scores")(features)
    box = layers.Dense(4, dtype="float32", name="box")(features)
    outputs = {"label": class_probabilities(scores, "label"), "box": box}
    return keras.Model(image, outputs, name="xception_localisation")


def unfreeze(model: keras.Model) -> None:
    """Let training change the base too; compile the model anew afterwards, with a small learning rate."""
    model.get_layer("xception").trainable = True


def _features(size: Size, weights: Path | None, frozen: bool | None) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    if any(side is not None and side < _LEAST for side in size):
        raise UsageError(f"network 'xception' needs sides of at least {_LEAST}, got {size[0]}x{size[1]}")
    image = image_input(size)
    base = read_application(keras.applications.Xception, weights, input_shape=(*size, 3), name="xception")
    base.trainable = not (weights is not None if frozen is None else frozen)
    maps = base(layers.Rescaling(1 / 127.5, offset=-1)(image))
    return image, layers.GlobalAveragePooling2D()(maps)
