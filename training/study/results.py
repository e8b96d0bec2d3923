"""A study's results: what each entry of the grid scored, and what follows from all of them. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from training.metrics.bootstrap import Scored, draw_images, scored
from training.metrics.calibration import Calibration
from training.metrics.confusion import Confusion
from training.metrics.scoring import Accuracy, MeanIou
from training.study.entries import CEILING, FLOOR, Entry
from training.study.gaps import Gap, measure_gap
from training.study.options import CHOICES

Curve = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class EntryResult:
    """All runs of one entry that there are.

    Attributes:
        entry: what it is.
        seeds: in the order of everything below.
        statistics: by choice of the checkpoint, `(seeds, images, numbers)` of the study's score.
        confusion: counts of the last checkpoints on the test images, all seeds together.
        calibration: of the last checkpoints, all seeds together.
        other: as `statistics`, on the test images of another real set; None where none was scored.
        curves: learning curves a seed; one point for methods that do not train.
        audits: by label-free score, a seed: rank correlation with the target score, and regret.
        distances: a seed: between the domains, by kind of features and name of the distance.
        pictures: of the first seed: features of both domains in the plane; empty where none were drawn.
        collapse: what went wrong a seed, or None.
        findings: what else is wrong, a seed.
        seconds: wall clock a seed.
        processor_seconds: of the processors a seed; None where it was not measured.
        hardware: of the last run.
    """

    entry: Entry
    seeds: tuple[int, ...]
    statistics: dict[str, np.ndarray]
    confusion: Confusion
    calibration: Calibration
    other: dict[str, np.ndarray] | None
    curves: tuple[Curve, ...]
    audits: dict[str, list[dict[str, float | None]]]
    distances: tuple[dict[str, Any], ...]
    pictures: dict[str, np.ndarray]
    collapse: tuple[str | None, ...]
    findings: tuple[tuple[str, ...], ...]
    seconds: tuple[float, ...]
    processor_seconds: tuple[float | None, ...]
    hardware: dict[str, Any]

    @property
    def name(self) -> str:
        """Of the entry."""
        return self.entry.name

    @property
    def title(self) -> str:
        """Of the entry."""
        return self.entry.title

    @property
    def trained(self) -> bool:
        """Whether there are curves to draw."""
        return any("loss" in point for curve in self.curves for point in curve)


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A whole study, or as much of it as there is.

    Attributes:
        folder: where it lies.
        document: `study.json`.
        score: what everything is scored by.
        keys: `(images,)` of the test images.
        entries: those of which at least one seed has run, in the order of the document.
        missing: the rows that have not run, as `NAME-SEED`.
    """

    folder: Path
    document: dict[str, Any]
    score: Accuracy | MeanIou
    keys: np.ndarray
    entries: tuple[EntryResult, ...]
    missing: tuple[str, ...]

    def __getitem__(self, name: str) -> EntryResult:
        return next(entry for entry in self.entries if entry.name == name)

    def __contains__(self, name: str) -> bool:
        return any(entry.name == name for entry in self.entries)

    @property
    def segments(self) -> bool:
        """Whether pixels are classified, not whole images."""
        return bool(self.document["task"] == "segmentation")

    @property
    def main(self) -> tuple[EntryResult, ...]:
        """The entries of the main table, in the order in which they were asked for, others before the last of those."""
        asked = {name: place for place, name in enumerate(self.document["options"].get("methods", ()))}
        return tuple(sorted(self.section("main"), key=lambda entry: asked.get(entry.name, len(asked) - 1.5)))

    def section(self, name: str) -> tuple[EntryResult, ...]:
        """The entries of a section."""
        return tuple(entry for entry in self.entries if entry.entry.section == name)

    @cached_property
    def scores(self) -> dict[str, dict[str, Scored]]:
        """By choice of the checkpoint and name of the entry; all share the same draws of test images."""
        return self.scores_in(draw_images(len(self.keys)))

    def scores_in(self, draws: np.ndarray) -> dict[str, dict[str, Scored]]:
        """As `scores`, with draws `(1000, images)` of one's own."""
        found: dict[str, dict[str, Scored]] = {choice: {} for choice in CHOICES}
        for result in self.entries:
            for choice in CHOICES:
                found[choice][result.name] = scored(result.statistics[choice], result.seeds, self.score, draws)
        return found

    def scored(self, name: str, choice: str = "last") -> Scored:
        """The scores of one entry."""
        return self.scores[choice][name]

    @cached_property
    def gaps(self) -> dict[str, dict[str, Gap]]:
        """Where each main entry stands, by choice of the checkpoint and name; floor and ceiling are chosen alike."""
        found = {}
        for choice in CHOICES:
            floor, ceiling = self.scored(FLOOR, choice), self.scored(CEILING, choice)
            found[choice] = {
                entry.name: measure_gap(self.scored(entry.name, choice), floor, ceiling) for entry in self.main
            }
        return found

    def gap(self, name: str, choice: str = "last") -> Gap:
        """Where one main entry stands."""
        return self.gaps[choice][name]

    @property
    def best_adapted(self) -> EntryResult | None:
        """The entry with the highest score among those that see target images and no label; None without such."""
        return self._best("images")

    @property
    def best_labelled(self) -> EntryResult | None:
        """The entry with the highest score among those that learn from both domains' labels; None without such."""
        return self._best("labels")

    @property
    def shown(self) -> tuple[EntryResult, ...]:
        """The few that figures about single classes show: floor, best without and with target labels, ceiling."""
        found = (self[FLOOR], self.best_adapted, self.best_labelled, self[CEILING])
        return tuple(entry for entry in found if entry is not None)

    def _best(self, sees: str) -> EntryResult | None:
        between = [entry for entry in self.main if entry.entry.sees == sees and entry.name != CEILING]
        if sees == "labels":
            between = [entry for entry in between if entry.entry.synthetic is not None]
        return max(between, key=lambda entry: self.scored(entry.name).value, default=None)
