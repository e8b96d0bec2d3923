"""What an adaptation method is given: the data of both domains, and the recipe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.errors import UsageError

SOURCE, TARGET = 0, 1
"""The domains: where the labels are, and where the network is to work."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images in memory.

    Attributes:
        pixels: `(n, height, width, 3)` uint8.
        labels: `(n,)` dense class indices, or None where the method is not to know them.
    """

    pixels: np.ndarray
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def without_labels(self) -> Images:
        """The same images, their labels withheld."""
        return Images(self.pixels)


@dataclass(frozen=True, eq=False)
class Task:
    """A classification task in two domains.

    Attributes:
        source: labelled images to learn from.
        target: images of the other domain; with labels only for methods that may use them.
        source_watch: labelled source images held out for the curves.
        target_watch: labelled target images for the curves; no method and no choice may depend on them.
        classes: number of classes.
    """

    source: Images
    target: Images
    source_watch: Images
    target_watch: Images
    classes: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images."""
        height, width = self.source.pixels.shape[1:3]
        return height, width


@dataclass(frozen=True)
class Recipe:
    """How every method of a study trains; the same for all of them, so that their scores can be compared.

    Attributes:
        steps: optimiser steps.
        batch: labelled images a step; methods that look at unlabelled images take as many of those besides.
        learning_rate: of Adam at the start; it falls by `schedules.AnnealedRate`.
        clip_norm: global norm that gradients are clipped to; without it the adversary can blow up a run.
        reversal: highest strength of the reversed gradient.
        watch_every: steps between two points of the learning curves.
    """

    steps: int = 600
    batch: int = 64
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    reversal: float = 1.0
    watch_every: int = 25

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "watch_every", "learning_rate", "clip_norm", "reversal"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be greater than 0, got {getattr(self, name)}")
