"""What each factor of the renderer's randomisation is worth: networks that learnt from images made without it."""

from __future__ import annotations

from dataclasses import dataclass

from training.metrics.bootstrap import Difference, Scored, difference
from training.study.entries import FLOOR
from training.study.results import EntryResult, StudyResult


@dataclass(frozen=True, eq=False)
class Ablated:
    """One factor left out.

    Attributes:
        factor: its name.
        entry: the runs without it.
        scored: their scores.
        effect: their score minus that of the floor, which has all factors; below 0 where the factor helps.
    """

    factor: str
    entry: EntryResult
    scored: Scored
    effect: Difference


def ablations(study: StudyResult, choice: str = "last") -> tuple[Ablated, ...]:
    """The factors, that which is missed most first.

    An ablated set may be smaller than the floor's own; then it is held against the run of the saturation curve that
    has as many images, where there is one.
    """
    found = []
    for result in study.section("ablation"):
        scored = study.scored(result.name, choice)
        like = _like(study, result)
        effect = difference(scored, study.scored(like.name, choice))
        found.append(Ablated(result.entry.ablates or result.title, result, scored, effect))
    return tuple(sorted(found, key=lambda ablated: ablated.effect.value))


def _like(study: StudyResult, result: EntryResult) -> EntryResult:
    """The runs with all factors and as many images."""
    candidates = (study[FLOOR], *study.section("saturation"))
    same = [entry for entry in candidates if entry.entry.synthetic_images == result.entry.synthetic_images]
    return same[0] if same else study[FLOOR]
