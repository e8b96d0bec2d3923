"""Folders of finished studies, written by hand: what the engine stores, with answers that are known beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datasets.labels import IGNORE, LABEL_SPACES
from datasets.png import encode_png
from training.files import write_arrays, write_json
from training.metrics.calibration import Calibration
from training.study.options import CHOICES

Predict = Callable[[str, int, str], np.ndarray]
"""Name of an entry, seed, choice -> what its row stores for the test images."""

SPACE = LABEL_SPACES["camvid11"]
DIGEST = "0" * 64
LABEL_FREE = ("source_validation", "entropy", "infomax")


def entry(name: str, section: str = "main", seeds: Sequence[int] = (0, 1, 2), **changes: Any) -> dict[str, Any]:
    """An entry of `study.json`."""
    floor, ceiling = name == "source_only", name == "on_target"
    found = {
        "name": name,
        "title": changes.pop("title", name.replace("_", " ").capitalize()),
        "about": f"What {name} does.",
        "sees": "nothing" if floor else "labels" if ceiling else "images",
        "section": section,
        "method": name,
        "synthetic": None if ceiling else "street_rendered",
        "synthetic_images": None if ceiling else 4000,
        "real_images": None,
        "starts_from": None,
        "ablates": None,
        "seeds": list(seeds),
    }
    assert set(changes) <= set(found)
    return found | changes


def real_points(counts: Iterable[int], seeds: Sequence[int] = (0,)) -> list[dict[str, Any]]:
    """Entries of a learning curve: real images alone, and networks begun on synthetic ones."""
    trained = {"method": "on_target", "sees": "labels"}
    alone = {"synthetic": None, "synthetic_images": None}
    found = []
    for count in counts:
        found.append(entry(f"real_{count}", "learning_curve", seeds, real_images=count, **trained, **alone))
        found.append(entry(f"finetune_{count}", "learning_curve", seeds, real_images=count, starts_from="source_only",
                           **trained))  # fmt: skip
    return found


def write_study(
    folder: Path,
    entries: Sequence[dict[str, Any]],
    labels: np.ndarray,
    predict: Predict,
    names: Sequence[str],
    *,
    pictures: np.ndarray | None = None,
    other: tuple[np.ndarray, Predict] | None = None,
    missing: Iterable[str] = (),
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """A study in `folder`, which is handed back.

    Args:
        folder: new.
        entries: by `entry`.
        labels: `(n,)` classes or `(n, height, width)` label maps of the test images.
        predict: `(n, classes)` logits or `(n, height, width)` classes.
        names: of the classes.
        pictures: `(n, height, width, 3)` uint8 of the test images.
        other: confusions of another real set, `(m, classes, classes + 1)` by `predict`, and nothing else.
        missing: rows that did not run, as `NAME-SEED`.
        changes: of `study.json`.
    """
    segments = labels.ndim == 3
    write_json(folder / "study.json", _document(entries, labels, names, segments) | dict(changes or {}))
    keys = np.array([f"image {index:04}" for index in range(len(labels))])
    write_arrays(folder / "test.npz", {"key": keys, "label": labels})
    _write_pictures(folder / "examples", pictures, labels)
    for listed in entries:
        for seed in listed["seeds"]:
            if f"{listed['name']}-{seed}" not in missing:
                _write_row(folder / "rows", listed, seed, predict, labels, other)
    return folder


def hits_to_logits(truth: np.ndarray, hits: np.ndarray, classes: int, sure: float = 3.0) -> np.ndarray:
    """Logits that take the images of `hits` for what they are and others for the class behind it."""
    logits = np.zeros((len(truth), classes), np.float32)
    logits[np.arange(len(truth)), np.where(hits, truth, (truth + 1) % classes)] = sure
    return logits


def streets(count: int, height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    """`(count, height, width)` uint8 label maps of camvid11 that look like streets; a frame of void pixels."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    maps = []
    for _ in range(count):
        horizon, left, right = rng.uniform(0.35, 0.55), rng.uniform(0.05, 0.3), rng.uniform(0.7, 0.95)
        found = np.full((height, width), SPACE.names.index("sky"), np.uint8)
        found[(rows > horizon - rng.uniform(0.1, 0.3)) & (abs(columns - 0.5) > 0.2)] = SPACE.names.index("building")
        found[(rows > horizon - 0.1) & (columns < rng.uniform(0.0, 0.3))] = SPACE.names.index("tree")
        found[rows > horizon] = SPACE.names.index("pavement")
        middle = (left + right) / 2
        found[(rows > horizon) & (abs(columns - middle) < 0.1 + 0.6 * (rows - horizon))] = SPACE.names.index("road")
        for _ in range(rng.integers(1, 4)):
            x, size = rng.uniform(0.1, 0.8), rng.uniform(0.08, 0.2)
            car = (abs(rows - horizon - size / 2) < size / 2) & (abs(columns - x) < size / 2)
            found[car] = SPACE.names.index("car")
        if rng.random() < 0.5:
            x = rng.uniform(0.1, 0.9)
            found[(abs(columns - x) < 0.02) & (abs(rows - horizon) < 0.15)] = SPACE.names.index("pedestrian")
        found[:1] = found[-1:] = IGNORE
        maps.append(found)
    return np.stack(maps)


def corrupted(labels: np.ndarray, quality: float, seed: int, salt: int = 0) -> np.ndarray:
    """Label maps in which blobs are taken for other classes, more of them the lower the quality, 0 to 1."""
    rng = np.random.default_rng((seed, salt))
    count, height, width = labels.shape
    side = 5
    coarse = rng.random((count, -(-height // side), -(-width // side)))
    difficulty = np.random.default_rng(99).uniform(0.6, 1.4, (count, 1, 1))
    wrong = np.kron(coarse < (1 - quality) * difficulty, np.ones((side, side), bool))[:, :height, :width]
    others = np.roll(labels, (0, 7, 11), (0, 1, 2))
    found = np.where(wrong, others, labels)
    return np.where(found == IGNORE, 0, found).astype(np.uint8)


def _document(entries: Sequence[dict[str, Any]], labels: np.ndarray, names: Sequence[str], segments: bool) -> Any:
    classes = len(names)
    shares = np.bincount(labels[labels < classes].ravel(), minlength=classes) / (labels < classes).sum()
    words = {"source": "synthetic" if segments else "rendered", "target": "real", "members": "images"}
    return {
        "schema_version": 3,
        "study": "street" if segments else "digits",
        "task": "segmentation" if segments else "classification",
        "options": {"seeds": [0, 1, 2], "selection": "infomax"},
        "recipe": {"steps": 600, "batch": 8, "learning_rate": 2e-3},
        "words": words,
        "data": {
            "source": {"name": "street_rendered", "version": "1.0.0", "fingerprint": "a" * 64},
            "target": {"name": "camvid" if segments else "digits", "version": "1.0.0", "fingerprint": "b" * 64},
            "splits": {"train": "train", "adapt": "train", "test": "validation"},
            "examples": {"train": 4000, "adapt": 367, "test": len(labels)},
            "options": {"size": [60, 80]},
            "class_shares": {"source": (shares[::-1]).tolist(), "target": shares.tolist()} if segments else None,
        },
        "class_names": list(names),
        "class_colours": [list(SPACE.classes[index % 11].colour) for index in range(classes)],
        "convention": "camvid11" if segments else "accuracy",
        "software": {"python": "3.11", "numpy": "2"},
        "entries": list(entries),
        "digests": {f"{listed['name']}-{seed}": DIGEST for listed in entries for seed in listed["seeds"]},
    }


def _write_pictures(folder: Path, pictures: np.ndarray | None, labels: np.ndarray) -> None:
    folder.mkdir(parents=True)
    listed = []
    for index, picture in enumerate(pictures if pictures is not None else ()):
        (folder / f"test-{index}.png").write_bytes(encode_png(picture))
        if index >= 6:
            continue
        for domain in ("source", "target"):
            (folder / f"{domain}-{index}-image.png").write_bytes(encode_png(picture))
            listed.append({"file": f"{domain}-{index}-image.png", "domain": domain, "index": index, "kind": "image",
                           "key": f"<{domain}> {index}"})  # fmt: skip
    (folder / "examples.json").write_text(json.dumps(listed))


def _write_row(
    folder: Path,
    listed: dict[str, Any],
    seed: int,
    predict: Predict,
    labels: np.ndarray,
    other: tuple[np.ndarray, Predict] | None,
) -> None:
    name = listed["name"]
    arrays = {choice: predict(name, seed, choice) for choice in CHOICES}
    if labels.ndim == 3:
        for choice in CHOICES:
            arrays[f"{choice}_calibration"] = _calibration(labels, arrays[choice])
    if other is not None:
        arrays |= {f"other_{choice}": other[1](name, seed, choice) for choice in CHOICES}
    rng = np.random.default_rng((seed, len(name)))
    if listed["section"] == "main" and seed == listed["seeds"][0]:
        arrays["embedded_domain"] = np.repeat([0, 1], 40)
        arrays["principal_components"], arrays["neighbours"] = rng.normal(0, 1, (2, 80, 2))
    write_arrays(folder / f"{name}-{seed}.npz", arrays)
    scores = {choice: _score(labels, arrays[choice]) for choice in CHOICES}
    write_json(folder / f"{name}-{seed}.json", _row(listed, seed, rng) | {"scores": scores})


def _score(labels: np.ndarray, stored: np.ndarray) -> float:
    """Accuracy or mean IoU, counted by itself."""
    if labels.ndim == 1:
        return float(np.mean(stored.argmax(axis=1) == labels))
    counted, found = labels != IGNORE, []
    for index in range(len(SPACE)):
        true, answered = counted & (labels == index), counted & (stored == index)
        if (true | answered).any():
            found.append((true & answered).sum() / (true | answered).sum())
    return float(np.mean(found))


def _row(listed: dict[str, Any], seed: int, rng: np.random.Generator) -> dict[str, Any]:
    curves = []
    for step in range(100, 601, 100):
        progress = 1 - np.exp(-step / 200)
        point = {"step": step, "loss": float(2 - progress), "source_accuracy": float(0.9 * progress), "entropy": 0.5,
                 "target_accuracy": float(0.6 * progress + rng.normal(0, 0.02)),
                 "scores": dict.fromkeys(LABEL_FREE, float(progress))}  # fmt: skip
        if "dann" in listed["name"]:
            point |= {"domain_accuracy": 0.7, "lambda": float(progress), "domain_loss": 0.6}
        curves.append(point)
    placed = {"value": 0.4, "floor": 0.0, "ceiling": 2.0, "share": 0.2}
    distances = {kind: dict.fromkeys(("proxy_a", "mmd", "kid"), placed) for kind in ("pixels", "features")}
    return {
        "schema_version": 3, "digest": DIGEST, "configuration": {}, "entry": listed,
        "chosen_step": {"last": 600, "selected": 500, "oracle": 400},
        "audit": {name: {"correlation": 0.8, "regret": 0.01} for name in LABEL_FREE}, "distances": distances,
        "statistics_domain": 1, "collapse": None, "findings": [], "curves": curves, "seconds": 60.5 + seed,
        "processor_seconds": 60.0, "hardware": {"machine": "x86_64", "processors": 2, "accelerators": []},
    }  # fmt: skip


def _calibration(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    sure = np.full((*labels.shape, len(SPACE)), 0.1 / (len(SPACE) - 1))
    np.put_along_axis(sure, classes[..., None].astype(np.int64), 0.9, axis=-1)
    found = Calibration.of(labels, sure)
    return np.stack([found.counts, found.confidences, found.hits], axis=1).astype(np.float64)
