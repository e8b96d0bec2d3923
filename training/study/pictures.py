"""Pictures for the report as data URIs: examples of both domains, and the test images that are worst recognised."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datasets.labels import IGNORE
from training.study.entries import CEILING, FLOOR
from training.study.reading import (
    EXAMPLES_FOLDER,
    EXAMPLES_NAME,
    ROWS_NAME,
    TEST_NAME,
    probabilities_of,
    read_arrays,
)
from training.study.results import EntryResult, StudyResult

_WORST = 6
_STRETCHES = 24  # of the test images in the order of their keys; of each at most about one is shown
_WIDEST = 320  # pixels of a drawn label map
_VOID = (0, 0, 0)
_TYPES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}


@dataclass(frozen=True)
class Answer:
    """What one entry's network made of a test image.

    Attributes:
        title: of the entry, or `Truth`.
        picture: data URI of its label map; None where images are classified.
        words: the class and how sure the network was, or the image's own score.
    """

    title: str
    picture: str | None
    words: str


@dataclass(frozen=True)
class Worst:
    """A test image that is badly recognised.

    Attributes:
        key: of the sample.
        picture: data URI of the image.
        answers: the truth first, then those of the first seed's last checkpoints.
    """

    key: str
    picture: str
    answers: tuple[Answer, ...]


def read_examples(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The pictures of each domain: for each example its key and a data URI by kind."""
    domains: dict[str, dict[int, dict[str, Any]]] = {"source": {}, "target": {}}
    listed = folder / EXAMPLES_FOLDER / EXAMPLES_NAME
    for entry in json.loads(listed.read_text("utf-8")) if listed.is_file() else ():
        if entry["domain"] in domains:
            example = domains[entry["domain"]].setdefault(entry["index"], {"key": entry["key"], "pictures": {}})
            example["pictures"][entry["kind"]] = _file_uri(listed.with_name(entry["file"]))
    return {domain: list(found.values()) for domain, found in domains.items()}


def compared_entries(study: StudyResult) -> tuple[EntryResult, ...]:
    """Source only, the best that sees no target label, and trained on target."""
    found = (study[FLOOR], study.best_adapted, study[CEILING])
    return tuple(entry for entry in found if entry is not None)


def worst_images(study: StudyResult) -> tuple[Worst, ...]:
    """The worst of the test images whose picture the study keeps, worst first; none where it keeps none.

    Pixels: by the best adapted network's mean IoU on the single image, over the classes that occur in it, and of images
    whose keys are neighbours only the worst. Images: those
    that it takes for another class, surest first. Without adaptation the source-only network's.
    """
    files = _test_files(study.folder / EXAMPLES_FOLDER)
    files = {index: file for index, file in files.items() if index < len(study.keys)}
    if not files:
        return ()
    entries = compared_entries(study)
    judge = entries[-2]
    truth = read_arrays(study.folder / TEST_NAME, ("label",))["label"]
    logits = {entry.name: _predictions(study.folder, entry) for entry in entries}
    badness = _pixel_badness(study, judge) if study.segments else _sureness_of_errors(logits[judge.name], truth)
    order = [int(index) for index in np.argsort(-badness, kind="stable") if index in files and badness[index] > 0]
    order = _apart(order, study.keys) if study.segments else order
    drawn = [
        Worst(str(study.keys[index]), _file_uri(files[index]), _answers(study, entries, logits, truth[index], index))
        for index in order[:_WORST]
    ]
    return tuple(drawn)


def image_scores(study: StudyResult, result: EntryResult) -> np.ndarray:
    """`(images,)` of the first seed's last checkpoint: mean IoU over the classes that occur in each image, or hits."""
    statistics = result.statistics["last"][0]
    scores = study.score.by_class(statistics)
    if not study.segments:
        return np.asarray(study.score.of(statistics))
    occurs = statistics.reshape(len(statistics), scores.shape[1], -1).sum(axis=2) > 0
    return np.asarray(np.nansum(np.where(occurs, scores, 0.0), axis=1) / np.maximum(occurs.sum(axis=1), 1))


def label_picture(classes: np.ndarray, colours: Sequence[Sequence[int]]) -> str:
    """Data URI of `(height, width)` uint8 dense classes in their colours, black for void; wide maps are thinned out."""
    step = max(1, -(-classes.shape[1] // _WIDEST))
    small = np.where(classes[::step, ::step] < len(colours), classes[::step, ::step], len(colours)).astype(np.uint8)
    picture = Image.fromarray(small, mode="P")
    picture.putpalette([value for colour in (*colours, _VOID) for value in colour])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return _uri(buffer.getvalue(), "png")


def _apart(order: Sequence[int], keys: np.ndarray) -> list[int]:
    """Those of an order that lie apart by their keys: neighbours of a video are bad for the same reason."""
    place = np.argsort(np.argsort(keys))
    chosen: list[int] = []
    for index in order:
        if all(abs(int(place[index]) - int(place[other])) >= len(keys) / _STRETCHES for other in chosen):
            chosen.append(index)
    return chosen


def _answers(
    study: StudyResult, entries: Sequence[EntryResult], logits: dict[str, np.ndarray], truth: Any, index: int
) -> tuple[Answer, ...]:
    names = study.document["class_names"]
    if not study.segments:
        found = [Answer("Truth", None, str(names[truth]))]
        for entry in entries:
            sure = probabilities_of(logits[entry.name][index : index + 1])[0]
            found.append(Answer(entry.title, None, f"{names[int(sure.argmax())]}, {sure.max():.0%} sure"))
        return tuple(found)
    colours, shown = study.document["class_colours"], _within(truth)
    found = [Answer("Truth", label_picture(truth[shown], colours), "")]
    for entry in entries:
        predicted = np.where(truth == IGNORE, IGNORE, logits[entry.name][index])
        score = f"{100 * image_scores(study, entry)[index]:.0f}\u202f%"
        found.append(Answer(entry.title, label_picture(predicted[shown], colours), score))
    return tuple(found)


def _within(truth: np.ndarray) -> tuple[slice, slice]:
    """The part of a padded label map that holds labels at all."""
    rows, columns = (np.flatnonzero((truth != IGNORE).any(axis=axis)) for axis in (1, 0))
    return slice(0, int(rows.max(initial=0)) + 1), slice(0, int(columns.max(initial=0)) + 1)


def _pixel_badness(study: StudyResult, judge: EntryResult) -> np.ndarray:
    return np.asarray(1.0 - image_scores(study, judge))


def _sureness_of_errors(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """`(images,)` confidence where the answer is wrong, 0 where it is right."""
    return np.where(logits.argmax(axis=1) != truth, probabilities_of(logits).max(axis=1), 0.0)


def _predictions(folder: Path, result: EntryResult) -> np.ndarray:
    path = folder / ROWS_NAME / f"{result.name}-{result.seeds[0]}.npz"
    return read_arrays(path, ("last",))["last"]


def _test_files(folder: Path) -> dict[int, Path]:
    """The kept pictures of test images by their place in `test.npz`: `test-12.png`."""
    files = (file for file in folder.glob("test-*") if file.suffix in _TYPES)
    return {int(file.stem.split("-")[1]): file for file in files if file.stem.split("-")[1].isdigit()}


def _file_uri(path: Path) -> str:
    return _uri(path.read_bytes(), _TYPES.get(path.suffix, "png"))


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
