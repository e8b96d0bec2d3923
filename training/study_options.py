"""What a study can be told. Reading this module costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from datasets.errors import UsageError
from training.adaptation.task import BatchNorm, Optimizer, Recipe

CHOICES = ("last", "selected", "oracle")
"""Which of a run's checkpoints is scored: the last, the one that a label-free score picks, the best by labels."""


@dataclass(frozen=True)
class StudyOptions:
    """What every study can be told.

    Attributes:
        out: folder of the study; a study that was interrupted goes on where it stopped, within a run, too.
        methods: names of `training.adaptation.methods.METHODS`; floor and ceiling must be among them.
        seeds: each method runs once with each.
        steps: optimiser steps a run.
        batch: labelled images a step; methods that look at unlabelled ones take as many of those besides.
        learning_rate: at the start.
        watch_every: steps between two checkpoints.
        optimizer: adam, or sgd with momentum 0.9.
        batch_norm: whose statistics normalise: per_domain, joint or frozen.
        reversal: highest strength of the reversed gradient.
        stop_on_collapse: end a run in which adversarial training has destroyed the classifier.
        selection: the label-free score that selects a checkpoint, of `training.selection.SCORES`.
    """

    out: Path
    methods: tuple[str, ...] = ("source_only", "adabn", "dann", "on_target")
    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = Recipe.steps
    batch: int = Recipe.batch
    learning_rate: float = Recipe.learning_rate
    watch_every: int = Recipe.watch_every
    optimizer: Optimizer = Recipe.optimizer
    batch_norm: BatchNorm = Recipe.batch_norm
    reversal: float = Recipe.reversal
    stop_on_collapse: bool = Recipe.stop_on_collapse
    selection: str = "infomax"

    def __post_init__(self) -> None:
        missing = sorted({"source_only", "on_target"} - set(self.methods))
        if missing:
            raise UsageError(f"methods must name the floor and the ceiling that all others need; it lacks {missing}")
        for name in ("methods", "seeds"):
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                raise UsageError(f"{name} must not repeat, got {getattr(self, name)}")
        if not self.seeds:
            raise UsageError("seeds must name at least one number; a study worth reading has three")
        from training.selection import SCORES

        if self.selection not in SCORES:
            raise UsageError(f"there is no label-free score {self.selection!r}; there are {', '.join(SCORES)}")
        _ = self.recipe

    @property
    def recipe(self) -> Recipe:
        """How every run trains."""
        names = ("steps", "batch", "learning_rate", "watch_every", "optimizer", "batch_norm", "reversal")
        return Recipe(**{name: getattr(self, name) for name in (*names, "stop_on_collapse")})


@dataclass(frozen=True)
class DigitsDomains:
    """Rendered digits and real handwritten ones.

    Attributes:
        synthetic: data set of rendered images with labels: the source domain.
        real: data set of real images: the target domain.
        size: height and width that images are resized to.
        train_split: of the synthetic set.
        adapt_split: of the real set: what adaptation sees, and what the ceiling is trained on.
        validation_split: of the real set: drawn in the curves, its images seen by label-free selection, and its labels
            by the oracle.
        test_split: of the real set: scored once a run.
        source_watch_share: share of the synthetic split held out for the curves.
    """

    synthetic: Path
    real: Path
    size: tuple[int, int] = (32, 32)
    train_split: str = "train"
    adapt_split: str = "adapt"
    validation_split: str = "validation"
    test_split: str = "test"
    source_watch_share: float = 0.1

    defaults: ClassVar[Mapping[str, Any]] = {}

    def __post_init__(self) -> None:
        if len({self.adapt_split, self.validation_split, self.test_split}) < 3:
            raise UsageError(
                f"adapt_split, validation_split and test_split must be three splits, got {self.adapt_split!r}, "
                f"{self.validation_split!r} and {self.test_split!r}; a score needs images that nothing has seen"
            )


@dataclass(frozen=True)
class MnistmDomains:
    """MNIST and MNIST-M, or any two sets of small images with the same classes.

    Attributes:
        source: data set with labels.
        target: data set of the other domain.
        size: height and width that images are resized to.
        source_split: of the source.
        target_split: of the target: what adaptation sees, and what the ceiling is trained on.
        test_split: of the target: scored once a run.
        source_watch_share: share of the source split held out for the curves.
        target_watch_share: share of the target split held out likewise; its images are seen by label-free selection.
    """

    source: Path
    target: Path
    size: tuple[int, int] = (28, 28)
    source_split: str = "train"
    target_split: str = "train"
    test_split: str = "test"
    source_watch_share: float = 0.03
    target_watch_share: float = 0.03

    defaults: ClassVar[Mapping[str, Any]] = {
        "methods": ("source_only", "adabn", "coral", "dann", "dann_adabn", "vat", "on_target"),
        "steps": 4000,
        "watch_every": 200,
    }

    def __post_init__(self) -> None:
        if self.target_split == self.test_split:
            raise UsageError(f"target_split and test_split must differ, got {self.test_split!r} for both")
        for name in ("source_watch_share", "target_watch_share"):
            if not 0 < getattr(self, name) < 1:
                raise UsageError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class ToyDomains:
    """Two blobs of points, and the same two elsewhere: the book's toy, with no data set.

    Attributes:
        data_seed: of the points, which are the same for every seed of training.
    """

    data_seed: int = 0

    defaults: ClassVar[Mapping[str, Any]] = {
        "methods": ("source_only", "dann", "on_target"),
        "seeds": tuple(range(10)),
        "steps": 1000,
        "batch": 100,
        "learning_rate": 1e-2,
        "watch_every": 50,
    }


Domains = DigitsDomains | MnistmDomains | ToyDomains

STUDIES: dict[str, type[Any]] = {"digits": DigitsDomains, "mnistm": MnistmDomains, "toy": ToyDomains}
"""The domains of each study by its name."""
