"""Where the gap lies: what source only and trained on target make of each class, and what they mistake for what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.metrics.bootstrap import Difference, draw_images, interval
from training.study.entries import CEILING, FLOOR
from training.study.results import EntryResult, StudyResult


@dataclass(frozen=True)
class Mistake:
    """A class that is taken for another more often by source only than by trained on target.

    Attributes:
        answer: index of the class that it is taken for.
        excess: how much more of the class's images or pixels source only takes for that, as a share.
    """

    answer: int
    excess: float


@dataclass(frozen=True)
class ClassRow:
    """One class.

    Attributes:
        name: of the class.
        scores: by name of entry, of those shown: IoU or recall with the last checkpoints, mean over seeds; nan where
            the class occurs nowhere.
        difference: source only minus trained on target; None where it is not defined.
        source_share, target_share: of the labelled pixels of the domains; None where they were not counted.
        mistake: the largest; None where source only makes none more often.
    """

    name: str
    scores: dict[str, float]
    difference: Difference | None
    source_share: float | None
    target_share: float | None
    mistake: Mistake | None


def class_rows(study: StudyResult) -> tuple[ClassRow, ...]:
    """A row a class."""
    names = study.document["class_names"]
    shares = study.document["data"].get("class_shares") or {}
    draws = draw_images(len(study.keys))
    shown = {entry.name: class_scores(study, entry) for entry in study.shown}
    drawn = {name: _drawn(study, study[name], draws) for name in (FLOOR, CEILING)}
    mistakes = _mistakes(study)
    rows = []
    for index, name in enumerate(names):
        rows.append(
            ClassRow(
                name=name,
                scores={entry: float(found[index]) for entry, found in shown.items()},
                difference=_difference(shown[FLOOR][index] - shown[CEILING][index],
                                       drawn[FLOOR][:, index] - drawn[CEILING][:, index]),
                source_share=_share(shares.get("source"), index),
                target_share=_share(shares.get("target"), index),
                mistake=mistakes[index],
            )
        )  # fmt: skip
    return tuple(rows)


def class_scores(study: StudyResult, result: EntryResult, choice: str = "last") -> np.ndarray:
    """`(classes,)` IoU or recall, mean over seeds; nan for a class that a run neither meets nor answers."""
    by_seed = study.score.by_class(result.statistics[choice].sum(axis=1, dtype=np.int64))
    return np.asarray(by_seed.mean(axis=0))


def confusion_shares(result: EntryResult) -> np.ndarray:
    """`(classes, classes)` share of each true class by predicted class, all seeds; nan for absent classes."""
    counts = result.confusion.matrix[:, :-1].astype(np.float64)
    totals = result.confusion.matrix.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.full(counts.shape, np.nan), where=totals > 0)


def _drawn(study: StudyResult, result: EntryResult, draws: np.ndarray) -> np.ndarray:
    by_seed = [study.score.by_class(draws @ run.astype(np.float64)) for run in result.statistics["last"]]
    return np.asarray(np.mean(by_seed, axis=0))


def _difference(value: float, draws: np.ndarray) -> Difference | None:
    known = draws[~np.isnan(draws)]  # a rare class is in none of the images of some draws
    return Difference(float(value), interval(known)) if known.size and not np.isnan(value) else None


def _mistakes(study: StudyResult) -> list[Mistake | None]:
    excess = confusion_shares(study[FLOOR]) - confusion_shares(study[CEILING])
    np.fill_diagonal(excess, np.nan)
    found: list[Mistake | None] = []
    for row in excess:
        known = np.nan_to_num(row, nan=0.0)
        answer = int(known.argmax())
        found.append(Mistake(answer, float(known[answer])) if known[answer] >= 0.005 else None)
    return found


def _share(shares: list[float] | None, index: int) -> float | None:
    return None if shares is None else float(shares[index])
