"""Two studies held against each other, entry by entry. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from datasets.errors import UsageError
from training.metrics.bootstrap import Difference, Scored, difference, draw_images, interval, on_common_seeds
from training.study.entries import CEILING
from training.study.options import CHOICES
from training.study.reading import TEST_NAME, read_arrays
from training.study.results import EntryResult, StudyResult

_NOT_COMPARED = ("schema_version", "entries", "methods", "digests", "class_colours", "words")


@dataclass(frozen=True, eq=False)
class ComparedEntry:
    """An entry that both studies have.

    Attributes:
        one: of the first study.
        other: of the second.
        scores: by choice of the checkpoint, of the first and of the second.
        differences: by choice: second minus first.
        gap: difference of the gaps that are left, second minus first; None outside the main table and of the ceiling.
    """

    one: EntryResult
    other: EntryResult
    scores: dict[str, tuple[Scored, Scored]]
    differences: dict[str, Difference]
    gap: Difference | None


@dataclass(frozen=True)
class Change:
    """A value of the configuration that differs: its name, and what both studies have; None where one has none."""

    name: str
    one: Any
    other: Any


@dataclass(frozen=True, eq=False)
class StudyComparison:
    """Two studies side by side.

    Attributes:
        one, other: the studies; `names` are those of their folders.
        paired: whether both were tested on the same images, which are then drawn together.
        entries: those that both have, in the order of the first.
        lacking: names of the entries that only the first has, and that only the second has.
        changes: of the configuration.
    """

    one: StudyResult
    other: StudyResult
    names: tuple[str, str]
    paired: bool
    entries: tuple[ComparedEntry, ...]
    lacking: tuple[tuple[str, ...], tuple[str, ...]]
    changes: tuple[Change, ...]


def compare_studies(one: StudyResult, other: StudyResult) -> StudyComparison:
    """Hold one study against another.

    Where both were tested on the same images with the same labels, each bootstrap draw takes the same images for both;
    else each study's images are drawn on their own, which gives wider intervals.

    Raises:
        UsageError: the studies are scored by different conventions or tell different classes apart.
    """
    for name in ("convention", "class_names"):
        if one.document[name] != other.document[name]:
            raise UsageError(
                f"the studies cannot be compared: {name} is {one.document[name]} in {one.folder} and "
                f"{other.document[name]} in {other.folder}"
            )
    paired = _same_images(one, other)
    further = other.scores if paired else other.scores_in(draw_images(len(other.keys), seed=1))
    entries = tuple(_compare(result, one, other, further) for result in one.entries if result.name in other)
    lacking = tuple(tuple(result.title for result in a.entries if result.name not in b)
                    for a, b in ((one, other), (other, one)))  # fmt: skip
    names = (one.folder.resolve().name, other.folder.resolve().name)
    changes = _changes(_configuration(one), _configuration(other))
    return StudyComparison(one, other, names, paired, entries, (lacking[0], lacking[1]), changes)


def _same_images(one: StudyResult, other: StudyResult) -> bool:
    if not np.array_equal(one.keys, other.keys):
        return False
    first, second = (read_arrays(study.folder / TEST_NAME, ("label",))["label"] for study in (one, other))
    return np.array_equal(first, second)


def _compare(
    result: EntryResult, one: StudyResult, other: StudyResult, further: Mapping[str, Mapping[str, Scored]]
) -> ComparedEntry:
    name = result.name
    pairs = {choice: (one.scored(name, choice), further[choice][name]) for choice in CHOICES}
    gap = None
    if name != CEILING and result.entry.section == other[name].entry.section == "main":
        gap = _gap_difference(pairs["last"], (one.scored(CEILING), further["last"][CEILING]))
    differences = {choice: difference(second, first) for choice, (first, second) in pairs.items()}
    return ComparedEntry(result, other[name], pairs, differences, gap)


def _gap_difference(methods: tuple[Scored, Scored], ceilings: tuple[Scored, Scored]) -> Difference:
    first, second = on_common_seeds(*methods)
    low, high = on_common_seeds(*ceilings)
    values = (high.value - second.value) - (low.value - first.value)
    draws = (high.draws - second.draws) - (low.draws - first.draws)
    return Difference(values, interval(draws))


def _configuration(study: StudyResult) -> dict[str, Any]:
    """What the study's numbers depend on, flat: `recipe.steps`, `entries.dann.seeds`."""
    kept = {name: value for name, value in study.document.items() if name not in _NOT_COMPARED}
    # Shares follow from the sets, which are compared by their fingerprints.
    kept["data"] = {name: value for name, value in kept["data"].items() if name != "class_shares"}
    entries = {result.name: asdict(result.entry) for result in study.entries}
    for entry in entries.values():
        for name in ("name", "title", "about"):
            del entry[name]
    return _flat(kept | {"entries": entries})


def _flat(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, entry in value.items():
        found |= _flat(entry, f"{before}{name}.") if isinstance(entry, Mapping) else {f"{before}{name}": entry}
    return found


def _changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Change, ...]:
    shared = {name.split(".")[1] for name in one if name.startswith("entries.")} & {
        name.split(".")[1] for name in other if name.startswith("entries.")
    }
    found = []
    for name in dict.fromkeys((*one, *other)):
        if name.startswith("entries.") and name.split(".")[1] not in shared:
            continue  # said as a whole where entries that one study lacks are listed
        if one.get(name) != other.get(name):
            found.append(Change(name, one.get(name), other.get(name)))
    return tuple(found)
