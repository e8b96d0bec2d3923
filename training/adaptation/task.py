"""What an adaptation method is given: the data of both domains, and the recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from datasets.errors import UsageError
from datasets.labels import IGNORE

SOURCE, TARGET = 0, 1
"""The domains: where the labels are, and where the network is to work."""

UNLABELLED = -1
"""The label of images whose class is not to be learnt. A sample weight of 0 would halve the loss of the others."""

BatchNorm = Literal["per_domain", "joint", "frozen"]
Optimizer = Literal["adam", "sgd"]
Annealing = Literal["ganin", "cosine"]
Augmenting = Literal["none", "photographic", "polarity"]
ClassWeights = Literal["none", "root_median_frequency"]


@dataclass(frozen=True, eq=False)
class Images:
    """Examples in memory.

    Attributes:
        pixels: `(n, height, width, 3)` uint8, or `(n, numbers)` float32 where the examples are points.
        labels: `(n,)` dense class indices or `(n, height, width)` ids of pixels, or None where the method is not to
            know them.
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
    """One task in two domains: a class for each image, or one for each pixel.

    Attributes:
        source: labelled images to learn from.
        target: images of the other domain; with labels only for methods that may use them.
        source_watch: labelled source images held out for the curves and for label-free selection.
        target_watch: labelled target images; their labels are for the curves and the oracle, no method and no
            label-free choice depends on them.
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

    @property
    def dense(self) -> bool:
        """Whether every pixel has a class of its own."""
        return self.source.labels is not None and self.source.labels.ndim == 3

    @property
    def ignore(self) -> int:
        """The id that stands for "not labelled": 255 for pixels, -1 for images."""
        return IGNORE if self.dense else UNLABELLED

    @property
    def value_range(self) -> float:
        """What perturbations are measured by: 255 for pixels, four standard deviations of other numbers."""
        return 255.0 if self.source.pixels.dtype == np.uint8 else 4.0 * float(self.source.pixels.std())


@dataclass(frozen=True)
class Recipe:
    """How every method of a study trains; the same for all of them, so that their scores can be compared.

    Attributes:
        steps: optimiser steps.
        batch: labelled images a step; methods that look at unlabelled images take as many of those besides.
        learning_rate: at the start; it falls as `annealing` says.
        clip_norm: global norm that gradients are clipped to; without it the adversary can blow up a run.
        reversal: highest strength of the reversed gradient.
        watch_every: steps between two points of the learning curves; each is a checkpoint that can be selected.
        optimizer: `adam`, or `sgd` with momentum 0.9 as in Ganin et al.
        batch_norm: whose statistics normalise: `per_domain`, `joint`, or `frozen` at those of the weights at the start.
        stop_on_collapse: end a run in which adversarial training has destroyed the classifier.
        mirror: turn half of all images, with their label maps, left to right.
        augmentation: how the values of source images are changed, a name of `augmentation.AUGMENTATIONS`.
        class_weights: `none`, or of label maps `root_median_frequency`: rare classes weigh more.
        annealing: how the learning rate falls: `ganin` as in the paper, to a sixth, or `cosine`, to 0, which leaves the
            last weights less to chance where batches are small.
    """

    steps: int = 600
    batch: int = 64
    learning_rate: float = 2e-3
    clip_norm: float = 1.0
    reversal: float = 1.0
    watch_every: int = 25
    optimizer: Optimizer = "adam"
    batch_norm: BatchNorm = "per_domain"
    stop_on_collapse: bool = True
    mirror: bool = False
    augmentation: Augmenting = "none"
    class_weights: ClassWeights = "none"
    annealing: Annealing = "ganin"

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "watch_every", "learning_rate", "clip_norm", "reversal"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be greater than 0, got {getattr(self, name)}")
        choices: dict[str, Any] = {
            "optimizer": Optimizer, "batch_norm": BatchNorm,
            "augmentation": Augmenting, "class_weights": ClassWeights, "annealing": Annealing,
        }  # fmt: skip
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                raise UsageError(f"{name} must be one of {', '.join(get_args(kind))}, got {getattr(self, name)!r}")
