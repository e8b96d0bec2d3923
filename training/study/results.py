"""A finished study, read back from its folder and measured. Nothing here needs TensorFlow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import UsageError, VerificationError
from training.metrics.confusion import Confusion
from training.study.gaps import Gap, measure_gap
from training.study.options import CHOICES

FLOOR, CEILING = "source_only", "on_target"
PICTURES = ("embedded_domain", "principal_components", "neighbours")
Curve = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class MethodResult:
    """All runs of one method.

    Attributes:
        name, title, about: as in `adaptation.methods`.
        sees: what it may see of the target: `nothing`, `images` or `labels`.
        seeds: in the order of everything below.
        truth: `(images,)` dense class of each test image.
        choices: by `study_options.CHOICES`: `(seeds, images)` predicted classes of the last checkpoint, of the one
            that a label-free score selected, and of the best by target labels.
        classes: number of classes.
        curves: learning curves a seed; one point for methods that do not train.
        audits: by label-free score, a seed: rank correlation with target accuracy, and regret.
        distances: a seed: between the domains, by kind of features and name of the distance.
        pictures: of the first seed: features of both domains in the plane; empty where none were drawn.
        collapse: what went wrong a seed, or None.
        findings: what else is wrong, a seed.
        seconds: wall clock a seed.
        hardware: of the last run.
    """

    name: str
    title: str
    about: str
    sees: str
    seeds: tuple[int, ...]
    truth: np.ndarray
    choices: dict[str, np.ndarray]
    classes: int
    curves: tuple[Curve, ...]
    audits: dict[str, list[dict[str, float | None]]]
    distances: tuple[dict[str, Any], ...]
    pictures: dict[str, np.ndarray]
    collapse: tuple[str | None, ...]
    findings: tuple[tuple[str, ...], ...]
    seconds: tuple[float, ...]
    hardware: dict[str, Any]

    @property
    def predictions(self) -> np.ndarray:
        """`(seeds, images)` of the last checkpoint."""
        return self.choices["last"]

    def hits_of(self, choice: str) -> np.ndarray:
        """`(seeds, images)` bool: which test images a choice's checkpoints recognise."""
        return np.asarray(self.choices[choice] == self.truth)

    @cached_property
    def hits(self) -> np.ndarray:
        """`(seeds, images)` bool, of the last checkpoint."""
        return self.hits_of("last")

    @property
    def trained(self) -> bool:
        """Whether there are curves to draw."""
        return any("loss" in point for curve in self.curves for point in curve)

    @property
    def accuracy(self) -> np.ndarray:
        """`(seeds,)` share of test images classified right."""
        return np.asarray(self.hits.mean(axis=1))

    @cached_property
    def confusion(self) -> Confusion:
        """Counts over all seeds."""
        total = Confusion.empty(self.classes)
        for predicted in self.predictions:
            total += Confusion.of(self.truth, predicted, self.classes)
        return total


@dataclass(frozen=True, eq=False)
class StudyResult:
    """A whole study.

    Attributes:
        document: `study.json`.
        methods: in the order of the options.
    """

    document: dict[str, Any]
    methods: tuple[MethodResult, ...]

    def __getitem__(self, name: str) -> MethodResult:
        return next(method for method in self.methods if method.name == name)

    @cached_property
    def gaps(self) -> dict[str, Gap]:
        """Where each method stands with its last checkpoint, by name."""
        return self.gaps_by_choice["last"]

    @cached_property
    def gaps_by_choice(self) -> dict[str, dict[str, Gap]]:
        """Where each method stands, by choice of the checkpoint and name; floor and ceiling are chosen alike."""
        found = {}
        for choice in CHOICES:
            floor, ceiling = self[FLOOR].hits_of(choice), self[CEILING].hits_of(choice)
            found[choice] = {
                method.name: measure_gap(method.hits_of(choice), floor, ceiling) for method in self.methods
            }
        return found

    @property
    def best_adapted(self) -> MethodResult | None:
        """The method with the highest score that sees no target label; None where none was run."""
        between = [method for method in self.methods if method.sees == "images"]
        return max(between, key=lambda method: self.gaps[method.name].score, default=None)


def read_study(folder: Path) -> StudyResult:
    """Read `study.json` and the rows that it names.

    Raises:
        UsageError: the folder holds no study, or rows are missing.
        VerificationError: rows were scored on different test images.
    """
    try:
        document = json.loads((folder / "study.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} holds no study: study.json cannot be read ({error})") from None
    seeds = tuple(document["options"]["seeds"])
    methods = tuple(_read_method(folder / "rows", entry, seeds, document) for entry in document["methods"])
    if any(not np.array_equal(method.truth, methods[0].truth) for method in methods):
        raise VerificationError(f"the rows in {folder / 'rows'} were scored on different test images; remove them")
    return StudyResult(document, methods)


def _read_method(folder: Path, entry: dict[str, str], seeds: tuple[int, ...], document: dict[str, Any]) -> MethodResult:
    stems = [folder / f"{entry['name']}-{seed}" for seed in seeds]
    missing = [stem.name for stem in stems if not stem.with_suffix(".json").is_file()]
    if missing:
        raise UsageError(f"the study lacks {', '.join(missing)}; run it again to finish it")
    rows = [json.loads(stem.with_suffix(".json").read_text("utf-8")) for stem in stems]
    arrays = [np.load(stem.with_suffix(".npz")) for stem in stems]
    return MethodResult(
        **entry,
        seeds=seeds,
        truth=arrays[0]["label"],
        choices={name: np.stack([stored[name].argmax(axis=1) for stored in arrays]) for name in CHOICES},
        classes=len(document["class_names"]),
        curves=tuple(row["curves"] for row in rows),
        audits={name: [row["audit"][name] for row in rows] for name in rows[0]["audit"]},
        distances=tuple(row["distances"] for row in rows),
        pictures={name: arrays[0][name] for name in PICTURES if name in arrays[0].files},
        findings=tuple(tuple(row["findings"]) for row in rows),
        collapse=tuple(row["collapse"] for row in rows),
        seconds=tuple(row["seconds"] for row in rows),
        hardware=rows[-1]["hardware"],
    )
