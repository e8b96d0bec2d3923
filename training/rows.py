"""The rows of a study: one method with one seed, trained, scored and stored so that nothing runs twice."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from datasets.errors import UsageError
from training.adaptation.loop import Outcome, predict_logits
from training.adaptation.methods import METHODS
from training.adaptation.task import Recipe
from training.files import write_arrays, write_json, write_whole
from training.networks.catalogue import NETWORKS
from training.progress import Reporter
from training.provenance import hardware, software
from training.study_data import StudyData

SCHEMA_VERSION = 1
_NETWORK = "digits"


@dataclass(frozen=True)
class Row:
    """One row to be.

    Attributes:
        method: a name of `METHODS`.
        seed: of initialisation, batches and dropout.
        recipe: how it trains.
        facts: identities of the data and how they are read.
    """

    method: str
    seed: int
    recipe: Recipe
    facts: dict[str, Any]

    @property
    def name(self) -> str:
        """Stem of its files."""
        return f"{self.method}-{self.seed}"

    @property
    def configuration(self) -> dict[str, Any]:
        """Everything that its result depends on."""
        return {
            "method": self.method,
            "seed": self.seed,
            "network": _NETWORK,
            "recipe": asdict(self.recipe),
            "data": self.facts,
            "software": software(),
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the configuration."""
        return hashlib.sha256(json.dumps(self.configuration, sort_keys=True).encode()).hexdigest()

    @property
    def watch_points(self) -> int:
        """Points of its learning curves."""
        if METHODS[self.method].starts_from:
            return 0
        return -(-self.recipe.steps // self.recipe.watch_every)


def plan_rows(
    methods: tuple[str, ...], seeds: tuple[int, ...], recipe: Recipe, facts: dict[str, Any]
) -> tuple[Row, ...]:
    """The grid, seed by seed, each method after the one that it starts from.

    Raises:
        UsageError: an unknown method, or one that starts from another that is not in the grid.
    """
    for name in methods:
        if name not in METHODS:
            raise UsageError(f"there is no method {name!r}; there are {', '.join(METHODS)}")
        start = METHODS[name].starts_from
        if start is not None and start not in methods:
            raise UsageError(f"method {name!r} starts from the weights of {start!r}; add that to methods")
    ordered = sorted(methods, key=lambda name: METHODS[name].starts_from is not None)
    return tuple(Row(name, seed, recipe, facts) for seed in seeds for name in ordered)


def run_row(row: Row, data: StudyData, folder: Path, progress: Reporter) -> str:
    """Train, score and store a row unless it stands already; one line on how it went.

    `NAME.json` is written last, so a row that has it is whole; beside it lie `NAME.npz` with the test predictions
    and `NAME.weights.h5`.
    """
    stored = _stored(row, folder)
    if stored is not None:
        for _ in range(row.watch_points):
            progress.advance(row.name)
        return f"{row.name}: test accuracy {stored['test_accuracy']:.4f}, kept from an earlier run"
    started = time.perf_counter()
    outcome = _train(row, data, folder, progress)
    seconds = time.perf_counter() - started
    logits = predict_logits(outcome.model, data.test.pixels, outcome.domain)
    accuracy = float(np.mean(logits.argmax(axis=1) == data.test_labels))
    write_whole(folder / f"{row.name}.weights.h5", outcome.model.save_weights)
    write_arrays(folder / f"{row.name}.npz", {"key": data.test_keys, "label": data.test_labels, "logits": logits})
    document = {
        "schema_version": SCHEMA_VERSION,
        "digest": row.digest,
        "configuration": row.configuration,
        "test_accuracy": accuracy,
        "statistics_domain": outcome.domain,
        "collapse": outcome.collapse,
        "curves": outcome.curves,
        "seconds": round(seconds, 2),
        "hardware": hardware(),
    }
    write_json(folder / f"{row.name}.json", document)
    return f"{row.name}: test accuracy {accuracy:.4f}, {seconds:.1f} s" + (
        f"; {outcome.collapse}" if outcome.collapse else ""
    )


def _train(row: Row, data: StudyData, folder: Path, progress: Reporter) -> Outcome:
    method = METHODS[row.method]
    # Seeded before each network is made: every method of one seed starts from the same weights.
    keras.utils.set_random_seed(row.seed)
    model = NETWORKS[_NETWORK].build(data.task.size, data.task.classes)
    if method.starts_from is not None:
        model.load_weights(folder / f"{method.starts_from}-{row.seed}.weights.h5")

    def note(point: dict[str, float]) -> None:
        progress.advance(
            f"{row.name} step {point['step']:.0f}: loss {point['loss']:.3f}, source {point['source_accuracy']:.3f}, "
            f"target validation {point['target_accuracy']:.3f}"
        )

    return method.adapt(model, data.task_for(method.target_use), row.recipe, row.seed, note)


def _stored(row: Row, folder: Path) -> dict[str, Any] | None:
    """The document of a row that stands whole with this configuration."""
    if not all((folder / f"{row.name}{suffix}").is_file() for suffix in (".json", ".npz", ".weights.h5")):
        return None
    try:
        document: dict[str, Any] = json.loads((folder / f"{row.name}.json").read_text("utf-8"))
    except ValueError:
        return None
    return document if document.get("digest") == row.digest else None
