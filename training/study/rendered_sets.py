"""Rendered sets that a study holds against each other: one with all randomisation, others without a factor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets.dataset import Dataset


def open_ablated(word: str) -> tuple[str, Dataset]:
    """The factor and the data set of `FACTOR=DATASET`; of a path alone the set's name stands for the factor."""
    factor, equals, path = word.partition("=")
    if equals and factor and path and "/" not in factor:
        return factor, Dataset.open(Path(path))
    dataset = Dataset.open(Path(word))
    return dataset.name, dataset


def changed_options(dataset: Dataset, other: Dataset) -> tuple[str, ...]:
    """Names of the options of rendering in which two rendered sets differ."""
    first, second = (_flat(found.manifest.configuration.get("scenes", {})) for found in (dataset, other))
    return tuple(sorted(name for name in {*first, *second} if first.get(name) != second.get(name)))


def _flat(options: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        found |= _flat(value) if isinstance(value, dict) else {name: value}
    return found
