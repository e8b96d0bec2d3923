"""Data sets for the benchmarks of reading and training: generated trees, converted by this toolkit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import inputs
from datasets.dataset import Dataset
from datasets.sources import SOURCES
from pipelines.build import run_build
from pipelines.options import BuildOptions
from pipelines.plan import plan_build


def converted(name: str, count: int, folder: Path) -> Dataset:
    """A generated set of `count` images, converted; what lies in `folder` already is used again."""
    tree, data = folder / f"{name}-{count}-tree", folder / f"{name}-{count}"
    if not tree.exists():
        {"pets": inputs.pets_tree, "cityscapes": inputs.cityscapes_tree}[name](tree, count)
    source, options = SOURCES[name](tree, splits=("train",)), BuildOptions(verify="fast")
    if not (data / source.name / source.version).exists():
        run_build(source, plan_build(source, data, options), options, "threads")
    return Dataset.open(data / source.name)


def in_turn(works: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and processor seconds of each work, one after the other in every round, after one round to warm up."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for run in range(runs + 1):
        for name, work in works.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            spent = time.perf_counter() - wall, time.process_time() - processor
            if run:
                measured[name].append(spent)
    return measured


def ratio(one: list[tuple[float, float]], other: list[tuple[float, float]], column: int) -> float:
    """The median over rounds of one's seconds over the other's: what disturbs the machine disturbs both."""
    return statistics.median(a[column] / b[column] for a, b in zip(one, other, strict=True))


def seconds(runs: list[tuple[float, float]], column: int) -> float:
    """The median."""
    return statistics.median(run[column] for run in runs)


def drain(batches: Any) -> None:
    """Take everything, and look at nothing."""
    for _ in batches:
        pass
