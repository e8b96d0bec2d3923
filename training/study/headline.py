"""The result of a study in words. Nothing is claimed that its interval does not carry."""

from __future__ import annotations

import numpy as np

from training.study.ablation import ablations
from training.study.entries import CEILING, FLOOR
from training.study.gaps import Coverage
from training.study.learning_curve import (
    PRETRAINED,
    REAL,
    Amount,
    break_even,
    curve,
    equivalent_images,
    gain_per_doubling,
    saturation,
)
from training.study.results import EntryResult, StudyResult


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage with a narrow no-break space: `61.4 %`."""
    return f"{points(share, digits)}\u202f%"


def points(share: float, digits: int = 1) -> str:
    """A share in percentage points with a true minus: `−3.2`; a dash where it is not a number."""
    if np.isnan(share):
        return "–"
    text = f"{100 * share:.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", "\u2212")


def headline(study: StudyResult) -> str:
    """One or two sentences for the top of the report."""
    floor, ceiling = study.gap(FLOOR), study.gap(CEILING)
    words = study.document["words"]
    source, target, members = words["source"], words["target"], words["members"]
    opening = (
        f"Trained on {source} {members} alone, the network reaches a {study.score.title} of {percent(floor.score)} on "
        f"the {target} test {members}; trained on {target} ones, {percent(ceiling.score)}."
        if study.segments
        else f"Trained on {source} {members} alone, the network recognises {percent(floor.score)} of the {target} test "
        f"{members}; trained on {target} ones, {percent(ceiling.score)}."
    )
    if floor.coverage is None:
        return f"{opening} The difference is no larger than the choice of test {members} explains: no gap is shown."
    if ceiling.score < floor.score:
        return f"{opening} There is no gap to close: {source} {members} teach more than {target} ones at this budget."
    best = study.best_adapted
    if best is None:
        return f"{opening} No adaptation was tried."
    gap = study.gap(best.name)
    return (
        opening
        if gap.coverage is None
        else f"{opening} {_adaptation(best, gap.score, gap.coverage, f'{target} {members}')}"
    )


def summary(study: StudyResult) -> tuple[str, ...]:
    """Further findings, a sentence each, from the most to the least asked for; those that have the runs for it."""
    words = study.document["words"]
    source, target, members = words["source"], words["target"], words["members"]
    real, pretrained = curve(study, REAL), curve(study, PRETRAINED)
    worth, even = equivalent_images(study.scored(FLOOR), real), break_even(pretrained, real)
    found = []
    if worth is not None:
        found.append(f"{source} {members} alone are worth {_told(worth)} labelled {target} ones.")
    if even is not None:
        found.append(_break_even(even, source, target, members))
    gain = gain_per_doubling(saturation(study))
    if gain is not None:
        low, high = points(gain.interval.low), points(gain.interval.high)
        verb = "still adds" if gain.value > 0 else "takes away"
        chance = "" if gain.differs else ", no more than chance would"
        amount = points(abs(gain.value))
        low, high = (low, high) if gain.value > 0 else (points(-gain.interval.high), points(-gain.interval.low))
        found.append(f"doubling the {source} {members} {verb} {amount} points ({low} to {high}){chance}.")
    missed = [ablated for ablated in ablations(study) if ablated.effect.interval.high < 0]
    if missed:
        most = missed[0]
        interval = f"{points(-most.effect.interval.high)} to {points(-most.effect.interval.low)}"
        factor = most.factor.replace("_", " ")
        found.append(
            f"of what the renderer varies, most depends on {factor}: without it the score falls by "
            f"{points(-most.effect.value)} points ({interval})."
        )
    elif ablations(study):
        found.append("no factor that the renderer varies is missed beyond chance when it is left out.")
    return tuple(sentence[0].upper() + sentence[1:] for sentence in found)


def warnings(study: StudyResult) -> tuple[str, ...]:
    """What a reader must know before trusting the numbers: collapsed and sick runs, missing rows, too few seeds."""
    found = [
        f"{result.title}, seed {seed}: {message}."
        for result in study.entries
        for seed, collapse, others in zip(result.seeds, result.collapse, result.findings, strict=True)
        for message in (*([collapse] if collapse else []), *others)
    ]
    if study.missing:
        found.append(f"{len(study.missing)} rows have not run and are left out: {', '.join(study.missing)}.")
    few = [result for result in study.main if len(result.seeds) < 3]
    if len(few) == len(study.main):
        found.append("Fewer than three seeds: differences between methods may be chance.")
    elif few:
        found.append(
            f"Fewer than three seeds for {', '.join(result.title for result in few)}: their differences may be chance."
        )
    return tuple(found)


def _adaptation(best: EntryResult, score: float, coverage: Coverage, seen: str) -> str:
    low, high = percent(coverage.interval.low, 0), percent(coverage.interval.high, 0)
    sight = f"{best.title}, which sees {seen} but none of their labels,"
    if coverage.interval.low > 1:
        return f"{sight} reaches {percent(score)}, which is more still."
    if coverage.interval.low > 0:
        return f"{sight} reaches {percent(score)} and closes {percent(coverage.value, 0)} of the gap ({low} to {high})."
    if coverage.interval.high < 0:
        return f"Adaptation does harm here: even {best.title}, the best of the methods, ends at {percent(score)}."
    return f"{sight} reaches {percent(score)}, which is not told apart from no adaptation at all."


def _break_even(even: Amount, source: str, target: str, members: str) -> str:
    if even.value == 0:
        return (
            f"pre-training on {source} {members} does not help, not even with the fewest labelled {target} ones that "
            f"were tried ({even.least:,}{_within(even)})."
        )
    if np.isinf(even.value):
        return (
            f"pre-training on {source} {members} still helps with all {even.most:,} labelled {target} ones"
            f"{_within(even, ' (break-even: ', ')')}."
        )
    return f"pre-training on {source} {members} pays up to {_told(even)} labelled {target} ones."


def _within(amount: Amount, before: str = "; ", after: str = "") -> str:
    return f"{before}{amount.interval_words}{after}" if amount.interval_words else ""


def _told(amount: Amount) -> str:
    return f"{amount.words}{_within(amount, ' (', ')')}"
