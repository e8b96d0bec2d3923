"""The report of a study: one page that explains itself, and the same numbers as JSON."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from training.files import write_json, write_whole
from training.study.headline import headline, percent, warnings
from training.study.options import CHOICES
from training.study.plots.figures import classes_figure, curves_figure, health_figure, planes_figure, standing_figure
from training.study.results import CEILING, FLOOR, MethodResult, StudyResult, read_study

SCHEMA_VERSION = 2
_TEMPLATES = Path(__file__).parent / "templates"
_EXAMPLE_KINDS = (
    ("image", "image"),
    ("semantic", "class of each pixel"),
    ("normal", "surface normal"),
    ("depth", "depth, near is light"),
)


def write_report(folder: Path) -> Path:
    """Write `report.html` and `report.json` from what a study's folder holds; nothing is trained.

    The page is one file without scripts that needs no network. Returns its path.

    Raises:
        UsageError: the folder holds no finished study.
    """
    study = read_study(folder)
    write_json(folder / "report.json", report_document(study))
    page = render_page(study, _read_examples(folder / "examples"))
    path = folder / "report.html"
    write_whole(path, lambda file: _write_text(file, page))
    return path


def report_document(study: StudyResult) -> dict[str, Any]:
    """Everything that the page says, as plain values."""
    methods = [
        {
            "name": method.name,
            "title": method.title,
            "sees_of_target": method.sees,
            "seeds": method.seeds,
            "accuracy": method.accuracy,
            **asdict(study.gaps[method.name]),
            "accuracy_by_choice": {name: method.hits_of(name).mean(axis=1) for name in CHOICES},
            "gaps_by_choice": {name: asdict(study.gaps_by_choice[name][method.name]) for name in CHOICES},
            "selection_audit": method.audits,
            "distances": method.distances,
            "findings": method.findings,
            "class_accuracy": dict(zip(study.document["class_names"], method.confusion.recall.tolist(), strict=True)),
            "confusion": method.confusion.matrix,
            "collapse": method.collapse,
            "seconds": method.seconds,
            "hardware": method.hardware,
        }
        for method in study.methods
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "headline": headline(study),
        "warnings": warnings(study),
        "selection": {
            "last": "weights after the last step",
            "selected": f"highest label-free score {study.document['options']['selection']!r} of the checkpoints",
            "oracle": "highest accuracy on labelled target validation images: what no one without labels can choose",
        },
        "test_images": len(study.methods[0].truth),
        "methods": methods,
        "study": study.document,
    }


def render_page(study: StudyResult, examples: dict[str, list[dict[str, Any]]]) -> str:
    """The page as HTML; every name that comes from data is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "points": lambda share: f"{100 * share:.1f}".replace("-", "\u2212")}
    shown = [study[FLOOR], *([study.best_adapted] if study.best_adapted else [study[CEILING]])]
    return environment.get_template("report.html").render(
        study=study,
        document=study.document,
        headline=headline(study),
        warnings=warnings(study),
        examples=examples,
        example_kinds=_EXAMPLE_KINDS,
        confusions=[(method, _confusion_cells(method)) for method in shown],
        figures={
            "standing": standing_figure(study),
            "curves": curves_figure(study),
            "classes": classes_figure(study),
            "health": health_figure(study),
            "components": planes_figure(study, "principal_components", "Features of both domains, PCA"),
            "neighbours": planes_figure(study, "neighbours", "Features of both domains, t-SNE"),
        },
        words=study.document["words"],
        audits=_audit_table(study),
        distances=_distance_table(study),
        test_images=len(study.methods[0].truth),
        seconds=sum(sum(method.seconds) for method in study.methods),
        collapsed=any(any(method.collapse) for method in study.methods),
        floor=FLOOR,
        ceiling=CEILING,
    )


def _audit_table(study: StudyResult) -> list[dict[str, Any]]:
    """A row a label-free score: means over seeds of rank correlation and regret, a cell a trained method."""
    trained = [method for method in study.methods if method.trained]
    table = []
    for score in trained[0].audits if trained else ():
        cells = []
        for method in trained:
            found = [row["correlation"] for row in method.audits[score] if row["correlation"] is not None]
            regret = float(np.mean([row["regret"] or 0.0 for row in method.audits[score]]))
            cells.append({"correlation": float(np.mean(found)) if found else None, "regret": regret})
        table.append({"score": score, "cells": cells})
    return table


def _distance_table(study: StudyResult) -> list[dict[str, Any]]:
    """A row a method, the pixels first: for each distance the mean over seeds of the value and of its place."""
    names = list(study.methods[0].distances[0]["features"])

    def cells(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for name in names:
            shares = [row[name]["share"] for row in rows if row[name]["share"] is not None]
            value = float(np.mean([row[name]["value"] for row in rows]))
            found.append({"name": name, "value": value, "share": float(np.mean(shares)) if shares else None})
        return found

    pixels = {
        "title": "Pixels, 8×8 cells" if study.document["words"]["members"] == "images" else "Points",
        "cells": cells([study.methods[0].distances[0]["pixels"]]),
    }
    features = [
        {"title": f"Features, {method.title}", "cells": cells([row["features"] for row in method.distances])}
        for method in study.methods
    ]
    return [pixels, *features]


def _confusion_cells(method: MethodResult) -> np.ndarray:
    """`(classes, classes)` share of each true class by predicted class, over all seeds; nan for absent classes."""
    counts = method.confusion.matrix[:, :-1].astype(np.float64)
    totals = method.confusion.matrix.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)


def _read_examples(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The pictures of each domain: for each example its key and a data URI by kind."""
    domains: dict[str, dict[int, dict[str, Any]]] = {"source": {}, "target": {}}
    for entry in json.loads((folder / "examples.json").read_text("utf-8")):
        example = domains[entry["domain"]].setdefault(entry["index"], {"key": entry["key"], "pictures": {}})
        data = base64.b64encode((folder / entry["file"]).read_bytes()).decode()
        example["pictures"][entry["kind"]] = f"data:image/png;base64,{data}"
    return {domain: list(found.values()) for domain, found in domains.items()}


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
