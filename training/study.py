"""The reality-gap study: every method with every seed, scored on the target's test images, and the report.

Reading this module costs nothing; TensorFlow is imported when a study starts.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.files import write_json
from training.progress import Reporter, reporting
from training.study_options import Domains, StudyOptions

SCHEMA_VERSION = 2
STUDY_NAME = "study.json"


def run_study(options: StudyOptions, domains: Domains, progress: Reporter | None = None) -> Path:
    """Run what is missing of the grid methods x seeds and write the report.

    Rows that stand in `out/rows` with the same configuration are kept, and a row that was interrupted goes on. Every
    row is scored with the weights after the last step, with those that a label-free score selects, and with those that
    an oracle would take that sees the labels of the target's validation images.

    Args:
        options: see there.
        domains: see there.
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
    from training.study_data import StudySource

    source = StudySource(domains)
    facts = source.facts()
    rows = plan_rows(options, facts)
    data = source.load()
    source.write_examples(options.out / "examples")
    document = _study_document(options, facts, source.words)
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


def _study_document(options: StudyOptions, facts: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    """What the report needs besides the rows. Paths stay out of it: they say nothing about the result."""
    from training.adaptation.methods import METHODS

    described = [
        {"name": name, "title": METHODS[name].title, "about": METHODS[name].about, "sees": METHODS[name].target_use}
        for name in options.methods
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "options": {name: value for name, value in asdict(options).items() if name != "out"},
        "recipe": asdict(options.recipe),
        "methods": described,
        "words": words,
        "data": facts,
    }
