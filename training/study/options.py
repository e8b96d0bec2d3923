"""What every study can be told. Reading this module costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets.errors import UsageError
from training.adaptation.task import Annealing, Augmenting, BatchNorm, ClassWeights, Optimizer, Recipe

CHOICES = ("last", "selected", "oracle")
"""Which of a run's checkpoints is scored: the last, the one that a label-free score picks, the best by labels."""

_OF_RECIPE = (
    "steps", "batch", "learning_rate", "watch_every", "optimizer", "batch_norm", "reversal", "stop_on_collapse",
    "mirror", "augmentation", "class_weights", "annealing",
)  # fmt: skip


@dataclass(frozen=True)
class StudyOptions:
    """What shapes the result of a study.

    Attributes:
        out: folder of the study; a study that was interrupted goes on where it stopped, within a run, too.
        methods: names of the entries of the main table; floor and ceiling must be among them.
        seeds: each runs once with each.
        steps: optimiser steps a run.
        batch: labelled images a step; methods that look at unlabelled ones take as many of those besides.
        learning_rate: at the start.
        watch_every: steps between two checkpoints.
        optimizer: adam, or sgd with momentum 0.9.
        batch_norm: whose statistics normalise: per_domain, joint or frozen.
        reversal: highest strength of the reversed gradient.
        stop_on_collapse: end a run in which adversarial training has destroyed the classifier.
        mirror: turn half of all images, with their label maps, left to right.
        augmentation: how source images are changed besides: none, photographic or polarity.
        class_weights: none, or of label maps root_median_frequency: rare classes weigh more.
        annealing: how the learning rate falls: ganin as in the paper, to a sixth, or cosine, to 0.
        selection: the label-free score that selects a checkpoint, of `training.selection.SCORES`.
    """

    out: Path
    methods: tuple[str, ...] = ("source_only", "adabn", "dann", "self_training", "on_target")
    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = Recipe.steps
    batch: int = Recipe.batch
    learning_rate: float = Recipe.learning_rate
    watch_every: int = Recipe.watch_every
    optimizer: Optimizer = Recipe.optimizer
    batch_norm: BatchNorm = Recipe.batch_norm
    reversal: float = Recipe.reversal
    stop_on_collapse: bool = Recipe.stop_on_collapse
    mirror: bool = Recipe.mirror
    augmentation: Augmenting = Recipe.augmentation
    class_weights: ClassWeights = Recipe.class_weights
    annealing: Annealing = Recipe.annealing
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
        return Recipe(**{name: getattr(self, name) for name in _OF_RECIPE})


@dataclass(frozen=True)
class Limits:
    """How a study is run; it changes no row.

    Attributes:
        max_minutes: start no row after so many minutes and report what there is; the same command goes on.
        workers: rows that run side by side, each in a process of one thread.
        overwrite: replace another study, or rows of another configuration, that stand in the folder; else they are
            refused.
    """

    max_minutes: float | None = None
    workers: int = 1
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.max_minutes is not None and self.max_minutes <= 0:
            raise UsageError(f"max_minutes must be greater than 0, got {self.max_minutes}")
        if self.workers < 1:
            raise UsageError(f"workers must be at least 1, got {self.workers}")
