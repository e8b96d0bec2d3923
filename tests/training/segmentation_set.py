"""A small segmentation task, and a network small enough for it."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
from keras import layers

from datasets.labels import IGNORE
from datasets.sample import Sample
from training.networks.catalogue import NETWORKS


def square_samples(count: int, seed: int) -> list[Sample]:
    """A bright square (class 1, pet) on dark ground (2) with a border (3) around it, in several sizes."""
    rng = np.random.default_rng(seed)
    samples = []
    for index in range(count):
        height, width = 36 + index % 5, 44 - index % 3
        top, left = rng.integers(2, 14, 2)
        labels = np.full((height, width, 1), 2, np.uint8)
        labels[top : top + 18, left : left + 18] = 3
        labels[top + 2 : top + 16, left + 2 : left + 16] = 1
        labels[0, 0] = IGNORE
        image = np.choose(labels, [0, 210, 40, 120], mode="clip") + rng.integers(0, 20, (height, width, 3))
        samples.append(Sample(key=f"{seed}_{index}", image=image.astype(np.uint8), semantic=labels))  # type: ignore[arg-type]
    return samples


def build_tiny(size: tuple[int, int], classes: int) -> keras.Model:
    """A network that trains in moments and has all kinds of state: weights, statistics, a random generator's."""
    image = keras.Input((*size, 3))
    maps = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for filters in (8, 16):
        maps = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(maps)
        maps = layers.ReLU()(layers.BatchNormalization(momentum=0.8)(maps))
    maps = layers.Dropout(0.2)(maps)
    maps = layers.Conv2DTranspose(8, 4, strides=4, padding="same", activation="relu")(maps)
    return keras.Model(image, layers.Softmax(dtype="float32")(layers.Conv2D(classes, 3, padding="same")(maps)))


def add_tiny() -> None:
    """List the network under the name `tiny`."""
    entry = NETWORKS["pets"]
    NETWORKS["tiny"] = replace(entry, name="tiny", build=build_tiny)
