"""The result of a study in words. Nothing is claimed that its interval does not carry."""

from __future__ import annotations

from training.results import CEILING, FLOOR, MethodResult, StudyResult
from training.scores import Coverage


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage with a narrow no-break space: `61.4 %`."""
    return f"{100 * share:.{digits}f}\u202f%".replace("-", "\u2212")


def headline(study: StudyResult) -> str:
    """One or two sentences for the top of the report."""
    floor, ceiling = study.gaps[FLOOR], study.gaps[CEILING]
    opening = (
        f"Trained on rendered images alone, the network recognises {percent(floor.score)} of the real test images; "
        f"trained on real ones, {percent(ceiling.score)}."
    )
    if floor.coverage is None:
        return f"{opening} The difference is no larger than the choice of test images explains: no gap is shown."
    if ceiling.score < floor.score:
        return f"{opening} There is no gap to close: the rendered images teach more than the real ones at this budget."
    best = study.best_adapted
    if best is None:
        return f"{opening} No adaptation was tried."
    gap = study.gaps[best.name]
    return opening if gap.coverage is None else f"{opening} {_adaptation(best, gap.score, gap.coverage)}"


def warnings(study: StudyResult) -> tuple[str, ...]:
    """What a reader must know before trusting the numbers: collapsed runs, too few seeds."""
    found = [
        f"{method.title}, seed {seed}: {message}."
        for method in study.methods
        for seed, message in zip(method.seeds, method.collapse, strict=True)
        if message
    ]
    if len(study.methods[0].seeds) < 3:
        found.append("Fewer than three seeds: differences between methods may be chance.")
    return tuple(found)


def _adaptation(best: MethodResult, score: float, coverage: Coverage) -> str:
    low, high = percent(coverage.interval.low, 0), percent(coverage.interval.high, 0)
    sight = f"{best.title}, which sees real images but none of their labels,"
    if coverage.interval.low > 0:
        return f"{sight} reaches {percent(score)} and closes {percent(coverage.value, 0)} of the gap ({low} to {high})."
    if coverage.interval.high < 0:
        return f"Adaptation does harm here: even {best.title}, the best of the methods, ends at {percent(score)}."
    return f"{sight} reaches {percent(score)}, which is not told apart from no adaptation at all."
