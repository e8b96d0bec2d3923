"""The report of a study: one page that explains itself, and the same numbers as JSON. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.files import write_json, write_text
from training.study.ablation import ablations
from training.study.headline import headline, summary, warnings
from training.study.learning_curve import REAL, curve, equivalent_images
from training.study.options import CHOICES
from training.study.page import render_page
from training.study.per_class import class_rows, class_scores
from training.study.pictures import read_examples, worst_images
from training.study.reading import SCHEMA_VERSION, read_study
from training.study.results import EntryResult, StudyResult
from training.study.tables import (
    break_evens,
    calibration_values,
    learning_table,
    other_scores,
    saturation_table,
    score_words,
)

REPORT_NAME = "report"


def write_report(folder: Path) -> Path:
    """Write `report.html` and `report.json` from what a study's folder holds; nothing is trained.

    The page is one file without scripts that needs no network. Returns its path.

    Raises:
        UsageError: the folder holds no study whose floor and ceiling have run.
        VerificationError: a file of it is damaged.
    """
    study = read_study(folder)
    write_json(folder / f"{REPORT_NAME}.json", report_document(study))
    path = folder / f"{REPORT_NAME}.html"
    write_text(path, render_page(study, read_examples(folder), worst_images(study)))
    return path


def report_document(study: StudyResult) -> dict[str, Any]:
    """Everything that the page says, as plain values."""
    selection = study.document["options"]["selection"]
    return {
        "schema_version": SCHEMA_VERSION,
        "headline": headline(study),
        "summary": summary(study),
        "warnings": warnings(study),
        "score": {"title": study.score.title, "convention": study.document["convention"]},
        "selection": {
            "last": "weights after the last step",
            "selected": f"highest label-free score {selection!r} of the checkpoints",
            "oracle": "highest score on labelled target validation images: what no one without labels can choose",
        },
        "test_images": len(study.keys),
        "missing_rows": study.missing,
        "entries": [_entry_document(study, result) for result in study.entries],
        "classes": [asdict(row) for row in class_rows(study)],
        "learning_curve": _plain(learning_table(study)),
        "break_even": _plain(break_evens(study)),
        "saturation": _plain(saturation_table(study)),
        "ablation": [
            {"factor": found.factor, "entry": found.entry.name, "effect": asdict(found.effect)}
            for found in ablations(study)
        ],
        "other_real": {
            choice: {name: score_words(found) for name, found in scores.items()}
            for choice, scores in other_scores(study).items()
        },
        "study": study.document,
    }


def _entry_document(study: StudyResult, result: EntryResult) -> dict[str, Any]:
    worth = equivalent_images(study.scored(result.name), curve(study, REAL))
    gaps = {choice: asdict(study.gaps[choice][result.name]) for choice in CHOICES if result.name in study.gaps[choice]}
    return {
        **asdict(result.entry),
        "seeds": result.seeds,
        "scores": {choice: score_words(study.scored(result.name, choice)) for choice in CHOICES},
        "gaps": gaps,
        "equivalent_real_images": _plain(worth),
        "class_scores": dict(zip(study.document["class_names"], class_scores(study, result), strict=True)),
        "confusion": result.confusion.matrix,
        "calibration": calibration_values(result),
        "selection_audit": result.audits,
        "distances": result.distances,
        "collapse": result.collapse,
        "findings": result.findings,
        "seconds": result.seconds,
        "processor_seconds": result.processor_seconds,
        "hardware": result.hardware,
    }


def _plain(value: Any) -> Any:
    """Frozen values as dictionaries; an amount of images also in words, since JSON has no infinity."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if hasattr(value, "__dataclass_fields__"):
        words = {"words": value.words} if hasattr(value, "words") else {}
        return asdict(value) | words
    return value
