"""The result of a study in words. Nothing is claimed that its interval does not carry."""

from __future__ import annotations

from training.study.gaps import Coverage
from training.study.results import CEILING, FLOOR, MethodResult, StudyResult


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage with a narrow no-break space: `61.4 %`."""
    return f"{100 * share:.{digits}f}\u202f%".replace("-", "\u2212")


def headline(study: StudyResult) -> str:
    """One or two sentences for the top of the report."""
    floor, ceiling = study.gaps[FLOOR], study.gaps[CEILING]
    words = study.document["words"]
    source, target, members = words["source"], words["target"], words["members"]
    opening = (
        f"Trained on {source} {members} alone, the network recognises {percent(floor.score)} of the {target} test "
        f"{members}; trained on {target} ones, {percent(ceiling.score)}."
    )
    if floor.coverage is None:
        return f"{opening} The difference is no larger than the choice of test {members} explains: no gap is shown."
    if ceiling.score < floor.score:
        return f"{opening} There is no gap to close: {source} {members} teach more than {target} ones at this budget."
    best = study.best_adapted
    if best is None:
        return f"{opening} No adaptation was tried."
    gap = study.gaps[best.name]
    return (
        opening
        if gap.coverage is None
        else f"{opening} {_adaptation(best, gap.score, gap.coverage, f'{target} {members}')}"
    )


def warnings(study: StudyResult) -> tuple[str, ...]:
    """What a reader must know before trusting the numbers: collapsed and sick runs, too few seeds."""
    found = [
        f"{method.title}, seed {seed}: {message}."
        for method in study.methods
        for seed, collapse, others in zip(method.seeds, method.collapse, method.findings, strict=True)
        for message in (*([collapse] if collapse else []), *others)
    ]
    if len(study.methods[0].seeds) < 3:
        found.append("Fewer than three seeds: differences between methods may be chance.")
    return tuple(found)


def _adaptation(best: MethodResult, score: float, coverage: Coverage, seen: str) -> str:
    low, high = percent(coverage.interval.low, 0), percent(coverage.interval.high, 0)
    sight = f"{best.title}, which sees {seen} but none of their labels,"
    if coverage.interval.low > 0:
        return f"{sight} reaches {percent(score)} and closes {percent(coverage.value, 0)} of the gap ({low} to {high})."
    if coverage.interval.high < 0:
        return f"Adaptation does harm here: even {best.title}, the best of the methods, ends at {percent(score)}."
    return f"{sight} reaches {percent(score)}, which is not told apart from no adaptation at all."
