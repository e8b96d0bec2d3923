"""The reality-gap study: every method with every seed, scored on real test images, and the report.

Reading this module costs nothing; TensorFlow is imported when a study starts.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets.dataset import Dataset
from datasets.errors import UsageError
from training.adaptation.task import Recipe
from training.files import write_json
from training.progress import Reporter, reporting

SCHEMA_VERSION = 1
STUDY_NAME = "study.json"


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


def run_study(options: StudyOptions, progress: Reporter | None = None) -> Path:
    """Run what is missing of the grid methods x seeds and write the report.

    Rows that stand in `out/rows` with the same configuration are kept. Every row is scored with the weights after the
    last step: nothing is selected on real labels.

    Args:
        options: see there.
        progress: told of every watch point and row; None shows a bar on a terminal and lines elsewhere.

    Returns:
        The path of `report.html`, beside which lies `report.json`.

    Raises:
        UsageError: an unknown method or split, data sets with other classes.
        DivergedError: a run's loss is not finite.
    """
    from training.provenance import software
    from training.report import write_report
    from training.rows import plan_rows, run_row
    from training.study_data import identities, load_study_data, write_examples

    synthetic, real = Dataset.open(options.synthetic), Dataset.open(options.real)
    facts = identities(synthetic, real, options)
    rows = plan_rows(options.methods, options.seeds, options.recipe, facts)
    data = load_study_data(synthetic, real, options)
    write_examples(options.out / "examples", synthetic, real, options)
    document = _study_document(options, facts)
    write_json(options.out / STUDY_NAME, {**document, "class_names": data.class_names, "software": software()})

    def run_all(shown: Reporter) -> None:
        for index, row in enumerate(rows, start=1):
            shown.say(f"[{index}/{len(rows)}] {run_row(row, data, options.out / 'rows', shown)}")

    if progress is not None:
        run_all(progress)
    else:
        with reporting(sum(row.watch_points for row in rows)) as shown:
            run_all(shown)
    return write_report(options.out)


def _study_document(options: StudyOptions, facts: dict[str, Any]) -> dict[str, Any]:
    """What the report needs besides the rows. Paths stay out of it: they say nothing about the result."""
    from training.adaptation.methods import METHODS

    paths = ("synthetic", "real", "out")
    described = [
        {"name": name, "title": METHODS[name].title, "about": METHODS[name].about, "sees": METHODS[name].target_use}
        for name in options.methods
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "options": {name: value for name, value in asdict(options).items() if name not in paths},
        "recipe": asdict(options.recipe),
        "methods": described,
        "data": facts,
    }
