"""A finished study, read back from its folder and measured. Nothing here needs TensorFlow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import UsageError, VerificationError
from training.confusion import Confusion
from training.scores import Gap, measure_gap

FLOOR, CEILING = "source_only", "on_target"
Curve = list[dict[str, float]]


@dataclass(frozen=True, eq=False)
class MethodResult:
    """All runs of one method.

    Attributes:
        name, title, about: as in `adaptation.methods`.
        sees: what it may see of the target: `nothing`, `images` or `labels`.
        seeds: in the order of everything below.
        truth: `(images,)` dense class of each test image.
        predictions: `(seeds, images)` predicted classes.
        classes: number of classes.
        curves: learning curves a seed; empty for methods that do not train.
        collapse: what went wrong a seed, or None.
        seconds: wall clock a seed.
        hardware: of the last run.
    """

    name: str
    title: str
    about: str
    sees: str
    seeds: tuple[int, ...]
    truth: np.ndarray
    predictions: np.ndarray
    classes: int
    curves: tuple[Curve, ...]
    collapse: tuple[str | None, ...]
    seconds: tuple[float, ...]
    hardware: dict[str, Any]

    @cached_property
    def hits(self) -> np.ndarray:
        """`(seeds, images)` bool."""
        return self.predictions == self.truth

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
        """Where each method stands, by name."""
        floor, ceiling = self[FLOOR].hits, self[CEILING].hits
        return {method.name: measure_gap(method.hits, floor, ceiling) for method in self.methods}

    @property
    def best_adapted(self) -> MethodResult | None:
        """The method with the highest score between floor and ceiling, None where none was run."""
        between = [method for method in self.methods if method.name not in (FLOOR, CEILING)]
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
        predictions=np.stack([stored["logits"].argmax(axis=1) for stored in arrays]),
        classes=len(document["class_names"]),
        curves=tuple(row["curves"] for row in rows),
        collapse=tuple(row["collapse"] for row in rows),
        seconds=tuple(row["seconds"] for row in rows),
        hardware=rows[-1]["hardware"],
    )
