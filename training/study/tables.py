"""Tables that the report's page and its JSON share, as plain rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from training.metrics.bootstrap import Scored, draw_images, scored
from training.study.entries import FLOOR
from training.study.learning_curve import (
    MIXED,
    PRETRAINED,
    REAL,
    Amount,
    Point,
    break_even,
    curve,
    equivalent_images,
    gain_per_doubling,
    gains,
    saturation,
)
from training.study.options import CHOICES
from training.study.results import EntryResult, StudyResult


def audit_table(study: StudyResult) -> list[dict[str, Any]]:
    """A row a label-free score: means over seeds of rank correlation and regret, a cell a trained main entry."""
    trained = [result for result in study.main if result.trained]
    table = []
    for score in trained[0].audits if trained else ():
        cells = []
        for result in trained:
            found = [row["correlation"] for row in result.audits[score] if row["correlation"] is not None]
            regret = float(np.mean([row["regret"] or 0.0 for row in result.audits[score]]))
            cells.append({"correlation": float(np.mean(found)) if found else None, "regret": regret})
        table.append({"score": score, "cells": cells})
    return table


def distance_table(study: StudyResult) -> list[dict[str, Any]]:
    """A row a main entry, the pixels first: for each distance the mean over seeds of the value and of its place."""
    measured = [result for result in study.main if result.distances[0]]
    if not measured:
        return []
    names = list(measured[0].distances[0]["features"])

    def cells(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for name in names:
            shares = [row[name]["share"] for row in rows if row[name]["share"] is not None]
            value = float(np.mean([row[name]["value"] for row in rows]))
            found.append({"name": name, "value": value, "share": float(np.mean(shares)) if shares else None})
        return found

    title = "Pixels, 8×8 cells" if study.document["words"]["members"] == "images" else "Points"
    rows = [{"title": title, "cells": cells([measured[0].distances[0]["pixels"]]), "before": True}]
    for result in measured:
        about = f"Features, {result.title}"
        found = cells([row["features"] for row in result.distances])
        rows.append({"title": about, "cells": found, "before": result.name == FLOOR})
    return rows


def learning_table(study: StudyResult) -> list[dict[str, Any]]:
    """A row a number of labelled real images: its points on the curves, what synthetic images add, and their worth."""
    curves = {kind: curve(study, kind) for kind in (REAL, PRETRAINED, MIXED)}
    added = {kind: dict(gains(curves[kind], curves[REAL])) for kind in (PRETRAINED, MIXED)}
    rows = []
    for images in sorted({point.images for points in curves.values() for point in points}):
        row: dict[str, Any] = {"real_images": images}
        for kind, points in curves.items():
            point = next((point for point in points if point.images == images), None)
            row[kind] = None if point is None else _point(point)
            if kind != REAL:
                row[f"{kind}_gain"] = added[kind].get(images)
                row[f"{kind}_worth"] = None if point is None else equivalent_images(point.scored, curves[REAL])
        rows.append(row)
    return rows if len(curves[REAL]) > 1 else []


def break_evens(study: StudyResult) -> dict[str, Amount | None]:
    """Break-even of either way to use synthetic images beside real ones."""
    real = curve(study, REAL)
    return {kind: break_even(curve(study, kind), real) for kind in (PRETRAINED, MIXED)}


def saturation_table(study: StudyResult) -> dict[str, Any] | None:
    """Points of the saturation curve and the gain per doubling; None for fewer than two points."""
    points = saturation(study)
    if len(points) < 2:
        return None
    gain = gain_per_doubling(points)
    return {"points": [{"synthetic_images": point.images, **_point(point)} for point in points], "doubling": gain}


def worth(study: StudyResult) -> dict[str, Amount]:
    """By main entry that has labels of no target image: the labelled real images that it is worth."""
    real = curve(study, REAL)
    found = {
        result.name: equivalent_images(study.scored(result.name), real)
        for result in study.main
        if result.entry.sees != "labels"
    }
    return {name: amount for name, amount in found.items() if amount is not None}


def other_scores(study: StudyResult) -> dict[str, dict[str, Scored]]:
    """Scores on the test images of another real set, by choice and name; empty where none was scored."""
    results = [result for result in study.main if result.other is not None]
    if not results:
        return {}
    first = results[0].other
    assert first is not None
    draws = draw_images(first["last"].shape[1])
    return {
        choice: {
            result.name: scored(result.other[choice], result.seeds, study.score, draws)
            for result in results
            if result.other is not None
        }
        for choice in CHOICES
    }


def score_words(found: Scored) -> dict[str, Any]:
    """Plain values of a score."""
    return {
        "score": found.value,
        "interval": asdict(found.interval),
        "spread": asdict(found.spread),
        "by_seed": found.by_seed,
    }


def calibration_values(result: EntryResult) -> dict[str, Any]:
    """Plain values of a reliability curve."""
    found = result.calibration
    return {
        "expected_error": found.expected_error,
        "maximum_error": found.maximum_error,
        "counts": found.counts,
        "confidence": found.confidence,
        "accuracy": found.accuracy,
    }


def _point(point: Point) -> dict[str, Any]:
    return {"entry": point.entry.name, "seeds": point.scored.seeds, **score_words(point.scored)}
