"""The losses by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import keras

from datasets.errors import UsageError
from training.losses.boundary import BoundaryCrossEntropy
from training.losses.cross_entropy import Focal, MaskedCrossEntropy
from training.losses.dice import DiceCrossEntropy, SoftDice
from training.losses.images import PsnrLoss, SsimLoss


@dataclass(frozen=True)
class LossEntry:
    """One loss.

    Attributes:
        task: what it compares: label maps, with class probabilities, or images.
        about: one line for lists.
        paper: where it comes from.
        make: further options -> the loss; for label maps `class_weights` is among them.
    """

    task: Literal["segmentation", "restoration"]
    about: str
    paper: str
    make: Callable[..., keras.losses.Loss]


LOSSES: dict[str, LossEntry] = {
    "cross_entropy": LossEntry(
        "segmentation", "mean over the pixels that count", "the negative log-likelihood", MaskedCrossEntropy
    ),
    "focal": LossEntry("segmentation", "easy pixels turned down", "Lin et al., ICCV 2017 (1708.02002)", Focal),
    "dice": LossEntry(
        "segmentation", "overlap of the classes that occur", "Milletari et al., 3DV 2016 (1606.04797)", SoftDice
    ),
    "dice_cross_entropy": LossEntry(
        "segmentation", "the sum of both", "Isensee et al., nnU-Net, 2018 (1809.10486)", DiceCrossEntropy
    ),
    "boundary": LossEntry(
        "segmentation", "cross-entropy, heavier along outlines", "after the U-Net's weight map", BoundaryCrossEntropy
    ),
    "psnr": LossEntry("restoration", "minus the decibels between two images", "signal processing", PsnrLoss),
    "ssim": LossEntry("restoration", "1 - structural similarity", "Wang et al., IEEE TIP 2004", SsimLoss),
}


def make_loss(name: str, task: str = "segmentation", **options: Any) -> keras.losses.Loss:
    """The loss of a name.

    Raises:
        UsageError: there is no such loss for the task.
    """
    fitting = [other for other, entry in LOSSES.items() if entry.task == task]
    if name not in fitting:
        raise UsageError(f"there is no loss {name!r} for {task}; there are {', '.join(fitting)}")
    return LOSSES[name].make(**options)
