"""What a study can be told. Reading this module costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets.errors import UsageError
from training.adaptation.task import Recipe


@dataclass(frozen=True)
class StudyOptions:
    """What `realitygap study digits` can be told.

    Attributes:
        synthetic: data set of rendered images with labels: the source domain.
        real: data set of real images: the target domain.
        out: folder of the study; a study that was interrupted goes on where it stopped.
        methods: names of `training.adaptation.methods.METHODS`; floor and ceiling must be among them.
        seeds: each method runs once with each.
        steps: optimiser steps a run.
        batch: labelled images a step; DANN takes as many unlabelled ones besides.
        learning_rate: of Adam at the start.
        size: height and width that images are resized to.
        train_split: of the synthetic set.
        adapt_split: of the real set: what adaptation sees, and what the ceiling is trained on.
        validation_split: of the real set: drawn in the curves and used for nothing else.
        test_split: of the real set: scored once a run.
        source_watch_share: share of the synthetic split held out for the curves.
    """

    synthetic: Path
    real: Path
    out: Path
    methods: tuple[str, ...] = ("source_only", "adabn", "dann", "on_target")
    seeds: tuple[int, ...] = (0, 1, 2)
    steps: int = Recipe.steps
    batch: int = Recipe.batch
    learning_rate: float = Recipe.learning_rate
    size: tuple[int, int] = (32, 32)
    train_split: str = "train"
    adapt_split: str = "adapt"
    validation_split: str = "validation"
    test_split: str = "test"
    source_watch_share: float = 0.1

    def __post_init__(self) -> None:
        missing = sorted({"source_only", "on_target"} - set(self.methods))
        if missing:
            raise UsageError(f"methods must name the floor and the ceiling that all others need; it lacks {missing}")
        for name in ("methods", "seeds"):
            if len(set(getattr(self, name))) != len(getattr(self, name)):
                raise UsageError(f"{name} must not repeat, got {getattr(self, name)}")
        if not self.seeds:
            raise UsageError("seeds must name at least one number; a study worth reading has three")
        if len({self.adapt_split, self.validation_split, self.test_split}) < 3:
            raise UsageError(
                f"adapt_split, validation_split and test_split must be three splits, got {self.adapt_split!r}, "
                f"{self.validation_split!r} and {self.test_split!r}; a score needs images that nothing has seen"
            )
        _ = self.recipe

    @property
    def recipe(self) -> Recipe:
        """How every run trains."""
        return Recipe(self.steps, self.batch, self.learning_rate)
