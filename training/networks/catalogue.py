"""The networks by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import keras

from training.networks import digits, pets


@dataclass(frozen=True)
class Network:
    """One architecture.

    Attributes:
        task: what it predicts: a class for each pixel, or one for the image.
        about: one line for lists.
        build: `(height, width)` and number of classes -> an untrained model.
    """

    task: Literal["segmentation", "classification"]
    about: str
    build: Callable[[tuple[int, int], int], keras.Model]


NETWORKS: dict[str, Network] = {
    "pets": Network("segmentation", "strided convolutions down, transposed ones up; 2.9 million weights", pets.build),
    "digits": Network("classification", "two 5x5 convolutions, statistics per domain; for studies", digits.build),
}
