"""The reality-gap study: every method with every seed, scored on real test images, and the report.

Reading this module costs nothing; TensorFlow is imported when a study starts.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets.dataset import Dataset
from training.files import write_json
from training.progress import Reporter, reporting
from training.study_options import StudyOptions

SCHEMA_VERSION = 1
STUDY_NAME = "study.json"


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
