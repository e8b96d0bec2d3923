"""A study read back from its folder: `study.json`, `test.npz`, and the rows that have run. Needs no TensorFlow."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import UsageError, VerificationError
from training.metrics.calibration import Calibration
from training.metrics.confusion import Confusion
from training.metrics.scoring import Accuracy, MeanIou, score_of
from training.study.entries import CEILING, FLOOR, Entry
from training.study.options import CHOICES
from training.study.results import EntryResult, StudyResult

SCHEMA_VERSION = 3
PICTURES = ("embedded_domain", "principal_components", "neighbours")
STUDY_NAME, TEST_NAME, ROWS_NAME = "study.json", "test.npz", "rows"
EXAMPLES_FOLDER, EXAMPLES_NAME = "examples", "examples.json"


def read_study(folder: Path) -> StudyResult:
    """Read a study and count what its runs predicted; rows that have not run are named and left out.

    Raises:
        UsageError: the folder holds no study, one of another schema, or none whose floor and ceiling have run.
        VerificationError: a file is damaged or does not fit the others.
    """
    document = _read_document(folder)
    test = read_arrays(folder / TEST_NAME, ("key", "label"))
    score = score_of(document["convention"], len(document["class_names"]))
    results, missing = [], []
    for stored in document["entries"]:
        entry = Entry(**{**stored, "seeds": tuple(stored["seeds"])})
        stems = {seed: folder / ROWS_NAME / f"{entry.name}-{seed}" for seed in entry.seeds}
        present = {seed: stem for seed, stem in stems.items() if _stands(stem, document["digests"])}
        missing += [stem.name for seed, stem in stems.items() if seed not in present]
        if present:
            results.append(_read_entry(entry, present, test["label"], score))
    lacking = [name for name in (FLOOR, CEILING) if not any(result.name == name for result in results)]
    if lacking:
        raise UsageError(
            f"the study lacks {' and '.join(lacking)}, which all others are measured by; run it again to finish it"
        )
    return StudyResult(folder, document, score, test["key"], tuple(results), tuple(missing))


def read_arrays(path: Path, names: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Arrays of an `.npz`; all of them, or those named.

    Raises:
        VerificationError: the file is missing or damaged, or lacks one.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in names or stored.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise VerificationError(f"{path} is damaged ({error}); remove it and run the study again") from None


def _read_document(folder: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads((folder / STUDY_NAME).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} holds no study: {STUDY_NAME} cannot be read ({error})") from None
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"{folder / STUDY_NAME} has schema version {version}, this program reads {SCHEMA_VERSION}; run the study "
            "again, or read it with the program that wrote it"
        )
    return document


def _stands(stem: Path, digests: Mapping[str, str]) -> bool:
    """Whether a row has run, and with the configuration of the study; its JSON is written last."""
    if not all(stem.with_name(stem.name + suffix).is_file() for suffix in (".json", ".npz")):
        return False
    return bool(_read_row(stem)["digest"] == digests.get(stem.name))


def _read_entry(entry: Entry, stems: dict[int, Path], truth: np.ndarray, score: Accuracy | MeanIou) -> EntryResult:
    rows = [_read_row(stem) for stem in stems.values()]
    counted = [_count(stem, row, truth, score) for stem, row in zip(stems.values(), rows, strict=True)]
    others = [found["other"] for found in counted]
    return EntryResult(
        entry=entry,
        seeds=tuple(stems),
        statistics={name: np.stack([found["statistics"][name] for found in counted]) for name in CHOICES},
        confusion=sum((found["confusion"] for found in counted), Confusion.empty(score.classes)),
        calibration=sum((found["calibration"] for found in counted), Calibration.empty()),
        other={name: np.stack([other[name] for other in others]) for name in CHOICES} if all(others) else None,
        curves=tuple(row["curves"] for row in rows),
        audits={name: [row["audit"][name] for row in rows] for name in rows[0]["audit"]},
        distances=tuple(row["distances"] for row in rows),
        pictures=counted[0]["pictures"],
        collapse=tuple(row["collapse"] for row in rows),
        findings=tuple(tuple(row["findings"]) for row in rows),
        seconds=tuple(row["seconds"] for row in rows),
        processor_seconds=tuple(row.get("processor_seconds") for row in rows),
        hardware=rows[-1]["hardware"],
    )


def _read_row(stem: Path) -> dict[str, Any]:
    path = stem.with_name(stem.name + ".json")
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise VerificationError(f"{path} is damaged ({error}); remove it and run the study again") from None


def _count(stem: Path, row: dict[str, Any], truth: np.ndarray, score: Accuracy | MeanIou) -> dict[str, Any]:
    """Statistics, confusion, calibration and pictures of one row."""
    path = stem.with_name(stem.name + ".npz")
    stored = read_arrays(path)
    absent = [name for name in CHOICES if name not in stored]
    if absent or len(stored["last"]) != len(truth):
        raise VerificationError(f"{path} was scored on other images than those of {TEST_NAME}; remove it and run again")
    steps = row["chosen_step"]
    statistics: dict[str, np.ndarray] = {}
    for name in CHOICES:
        same = next((other for other in statistics if steps[other] == steps[name]), None)
        statistics[name] = statistics[same] if same else score.statistics(truth, classes_of(stored[name]))
        again = float(score.of(statistics[name].sum(axis=0, dtype=np.int64)))
        if not np.isclose(row["scores"][name], again, rtol=0, atol=1e-6):
            raise VerificationError(
                f"{path} was scored {row['scores'][name]} when it ran, and scores {again} with the labels of "
                f"{TEST_NAME}: scored on different test images; remove it and run the study again"
            )
    if isinstance(score, MeanIou):
        confusion = Confusion(score.confusions(statistics["last"]).sum(axis=0))
        counts, confidences, hits = stored["last_calibration"].T
        calibration = Calibration(counts.round().astype(np.int64), hits.round().astype(np.int64), confidences)
    else:
        confusion = Confusion.of(truth, classes_of(stored["last"]), score.classes)
        calibration = Calibration.of(truth, probabilities_of(stored["last"]))
    return {
        "statistics": statistics,
        "confusion": confusion,
        "calibration": calibration,
        "other": _other(stored),
        "pictures": {name: stored[name] for name in PICTURES if name in stored},
    }


def classes_of(stored: np.ndarray) -> np.ndarray:
    """Dense classes of what a row stores: `(n, classes)` logits, or classes already."""
    return stored.argmax(axis=1) if stored.ndim == 2 else stored


def probabilities_of(logits: np.ndarray) -> np.ndarray:
    """`(n, classes)` softmax."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _other(stored: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    if "other_last" not in stored:
        return None
    return {name: stored[f"other_{name}"].reshape(len(stored[f"other_{name}"]), -1) for name in CHOICES}
