"""Runs held against each other on the same test images, with paired bootstrap intervals. Needs no TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import UsageError, VerificationError
from datasets.labels import LABEL_SPACES
from training.metrics.bootstrap import Interval, difference, draw_images, scored
from training.metrics.conventions import convention_of
from training.metrics.scoring import MeanIou
from training.run_directory import RunDirectory


@dataclass(frozen=True)
class ComparedRun:
    """One run beside the first.

    Attributes:
        path: the run's folder.
        mean_iou: its mean IoU, and `interval` over test images.
        difference: its mean IoU minus that of the first run, and `difference_interval`; 0 for the first.
        iou: by class name.
    """

    path: Path
    mean_iou: float
    interval: Interval
    difference: float
    difference_interval: Interval
    iou: dict[str, float]

    @property
    def differs(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        return not self.difference_interval.holds(0.0)


@dataclass(frozen=True)
class Comparison:
    """Runs on one set of test images.

    Attributes:
        evaluation: stem of the evaluation's files: data set, split, fingerprint.
        convention: of the mean IoU.
        images: number of test images.
        runs: in the order asked for; all are held against the first.
    """

    evaluation: str
    convention: str
    images: int
    runs: tuple[ComparedRun, ...]


def compare_runs(paths: Sequence[Path], evaluation: str | None = None, seed: int = 0) -> Comparison:
    """Hold runs against the first of them.

    Each of the 1,000 draws takes the same test images, with replacement, for all runs; the mean IoU of a draw is that
    of the confusion added up over its images. The intervals say how far the numbers depend on the choice of test
    images; how far they depend on the seed of training only runs with other seeds can say.

    Args:
        paths: folders of runs, two at least.
        evaluation: begins with this, where the runs have several in common, such as `cityscapes-validation`.
        seed: of the draws.

    Raises:
        UsageError: fewer than two runs, or no evaluation in common.
        VerificationError: the evaluations are of different images.
    """
    if len(paths) < 2:
        raise UsageError("compare needs at least two runs")
    stem = _common_evaluation(paths, evaluation)
    documents = [_read(path, stem) for path in paths]
    spaces = {document["label_space"] for document, _, _ in documents}
    if len(spaces) > 1:
        raise UsageError(f"the runs predict different label spaces: {', '.join(sorted(spaces))}")
    space = spaces.pop()
    if any(keys.tolist() != documents[0][1].tolist() for _, keys, _ in documents):
        raise VerificationError(f"the evaluations {stem!r} were made on different images; evaluate the runs again")
    images = len(documents[0][1])
    score, draws = MeanIou(convention_of(space)), draw_images(images, seed)
    measured = [scored(matrices.reshape(1, images, -1), (0,), score, draws) for _, _, matrices in documents]
    runs = []
    for path, found, (document, _, _) in zip(paths, measured, documents, strict=True):
        beside = difference(found, measured[0])
        runs.append(
            ComparedRun(path, found.value, found.interval, beside.value, beside.interval, document["iou"]),
        )
    return Comparison(stem, score.convention.name, images, tuple(runs))


def _common_evaluation(paths: Sequence[Path], wanted: str | None) -> str:
    found = [{file.stem for file in RunDirectory(path).evaluations.glob("*.json")} for path in paths]
    common = sorted(set.intersection(*found))
    matching = [stem for stem in common if wanted is None or stem.startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UsageError(
            f"the runs have several evaluations in common: {', '.join(matching)}; name one with --evaluation"
        )
    has = "; ".join(f"{path}: {', '.join(sorted(stems)) or 'none'}" for path, stems in zip(paths, found, strict=True))
    raise UsageError(f"the runs have no evaluation{f' {wanted!r}' if wanted else ''} in common ({has}); "
                     "`realitygap evaluate RUN DATASET --split S` makes one")  # fmt: skip


def _read(path: Path, stem: str) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    folder = RunDirectory(path).evaluations
    try:
        document = json.loads((folder / f"{stem}.json").read_text("utf-8"))
        with np.load(folder / f"{stem}.npz", allow_pickle=False) as stored:
            keys, matrices = stored["key"], stored["confusion"]
    except (OSError, ValueError, KeyError) as error:
        raise VerificationError(
            f"evaluation {stem!r} of {path} is damaged ({error!r}); evaluate the run again"
        ) from None
    if matrices.shape[1:] != (len(LABEL_SPACES[document["label_space"]]), matrices.shape[1] + 1):
        raise VerificationError(f"evaluation {stem!r} of {path} does not fit its label space; evaluate the run again")
    return document, keys, matrices
