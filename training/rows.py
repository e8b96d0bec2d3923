"""The rows of a study: one method with one seed, trained, scored and stored so that nothing runs twice."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from datasets.errors import UsageError
from training.adaptation.loop import Outcome, predict_logits
from training.adaptation.measure import feature_rows, measure_features, measure_pixels
from training.adaptation.methods import METHODS
from training.adaptation.task import SOURCE, Recipe
from training.embedding import neighbours, principal_components
from training.files import write_arrays, write_json, write_text, write_whole
from training.progress import Reporter
from training.provenance import hardware, software
from training.selection import SCORES, audit, best_point
from training.study_data import StudyData
from training.study_options import CHOICES, StudyOptions

SCHEMA_VERSION = 2
_EMBEDDED = 250  # of each domain
_DIGEST_NAME = "digest.txt"


@dataclass(frozen=True)
class Row:
    """One row to be.

    Attributes:
        method: a name of `METHODS`.
        seed: of initialisation, batches and dropout.
        recipe: how it trains.
        selection: the label-free score that selects its checkpoint.
        facts: identities of the data and how they are read.
        embedded: whether its features are drawn in the report.
    """

    method: str
    seed: int
    recipe: Recipe
    selection: str
    facts: dict[str, Any]
    embedded: bool

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
            "recipe": asdict(METHODS[self.method].recipe_of(self.recipe)),
            "selection": self.selection,
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
        if not METHODS[self.method].objective.domains:
            return 1
        return -(-self.recipe.steps // self.recipe.watch_every)


def plan_rows(options: StudyOptions, facts: dict[str, Any]) -> tuple[Row, ...]:
    """The grid, seed by seed, each method after the one that it starts from.

    Raises:
        UsageError: an unknown method, or one that starts from another that is not in the grid.
    """
    for name in options.methods:
        if name not in METHODS:
            raise UsageError(f"there is no method {name!r}; there are {', '.join(METHODS)}")
        start = METHODS[name].starts_from
        if start is not None and start not in options.methods:
            raise UsageError(f"method {name!r} starts from the weights of {start!r}; add that to methods")
    ordered = sorted(options.methods, key=lambda name: METHODS[name].starts_from is not None)
    return tuple(
        Row(name, seed, options.recipe, options.selection, facts, seed == options.seeds[0])
        for seed in options.seeds
        for name in ordered
    )


def run_row(row: Row, data: StudyData, folder: Path, progress: Reporter) -> str:
    """Train, score and store a row unless it stands already; one line on how it went.

    `NAME.json` is written last, so a row that has it is whole; beside it lie `NAME.npz` with the test predictions
    and `NAME.weights.h5` with the last weights. Until then `.NAME` holds what an interrupted row goes on from.
    """
    stored = _stored(row, folder)
    if stored is not None:
        for _ in range(row.watch_points):
            progress.advance(row.name)
        return f"{row.name}: {_told(stored['test_accuracy'])}, kept from an earlier run"
    state = _state_folder(row, folder)
    started = time.perf_counter()
    outcome = _train(row, data, folder, state, progress)
    seconds = time.perf_counter() - started
    write_whole(folder / f"{row.name}.weights.h5", outcome.network.model.save_weights)
    measured = _measure(row, data, outcome)
    chosen = {"last": len(outcome.curves) - 1, "selected": best_point(outcome.curves, row.selection)}
    chosen["oracle"] = best_point(outcome.curves, "oracle")
    logits = _score(chosen, data, outcome)
    scores = {name: float(np.mean(found.argmax(axis=1) == data.test_labels)) for name, found in logits.items()}
    arrays = {"key": data.test_keys, "label": data.test_labels, **logits, **measured.pop("embedding")}
    write_arrays(folder / f"{row.name}.npz", arrays)
    document = {
        "schema_version": SCHEMA_VERSION,
        "digest": row.digest,
        "configuration": row.configuration,
        "test_accuracy": scores,
        "chosen_step": {name: outcome.curves[place]["step"] for name, place in chosen.items()},
        "audit": {name: asdict(audit(outcome.curves, name)) for name in SCORES},
        **measured,
        "statistics_domain": outcome.domain,
        "collapse": outcome.collapse,
        "findings": outcome.findings,
        "curves": outcome.curves,
        "seconds": round(seconds, 2),
        "hardware": hardware(),
    }
    write_json(folder / f"{row.name}.json", document)
    shutil.rmtree(state, ignore_errors=True)
    return f"{row.name}: {_told(scores)}, {seconds:.1f} s" + (f"; {outcome.collapse}" if outcome.collapse else "")


def _train(row: Row, data: StudyData, folder: Path, state: Path, progress: Reporter) -> Outcome:
    method = METHODS[row.method]
    # Seeded before each network is made: every method of one seed starts from the same weights.
    keras.utils.set_random_seed(row.seed)
    network = data.build(method.recipe_of(row.recipe).batch_norm)
    if method.starts_from is not None:
        network.model.load_weights(folder / f"{method.starts_from}-{row.seed}.weights.h5")

    def note(point: dict[str, Any]) -> None:
        loss = f"loss {point['loss']:.3f}, " if "loss" in point else ""
        progress.advance(
            f"{row.name} step {point['step']:.0f}: {loss}source {point['source_accuracy']:.3f}, "
            f"target validation {point['target_accuracy']:.3f}"
        )

    return method.adapt(network, data.task_for(method.target_use), row.recipe, row.seed, note, state)


def _score(chosen: dict[str, int], data: StudyData, outcome: Outcome) -> dict[str, np.ndarray]:
    """Test logits by choice; each checkpoint that was chosen is scored once, however often it was."""
    by_place = {}
    for place in sorted(set(chosen.values())):
        outcome.checkpoints.put_back(outcome.curves[place]["step"], outcome.network.model)
        by_place[place] = predict_logits(outcome.network, data.test.pixels, outcome.domain)
    return {name: by_place[chosen[name]] for name in CHOICES}


def _measure(row: Row, data: StudyData, outcome: Outcome) -> dict[str, Any]:
    """Distances of the domains for the last weights and, where wanted, the plane that their features are drawn in."""
    placed = {
        "pixels": measure_pixels(data.task),
        "features": measure_features(outcome.network, data.task, outcome.domain),
    }
    distances = {rows: {name: asdict(found) for name, found in measured.items()} for rows, measured in placed.items()}
    if not row.embedded:
        return {"distances": distances, "embedding": {}}
    source, target = data.task.source_watch, data.task.target_watch
    domains = (outcome.network.domain_of(SOURCE), outcome.domain)
    parts = [
        feature_rows(outcome.network, images.pixels[:_EMBEDDED], domain)
        for images, domain in zip((source, target), domains, strict=True)
    ]
    rows = np.concatenate(parts)
    embedding = {
        "embedded_domain": np.repeat(np.arange(2), [len(part) for part in parts]),
        "principal_components": principal_components(rows),
        "neighbours": neighbours(rows),
    }
    return {"distances": distances, "embedding": embedding}


def _told(scores: dict[str, float]) -> str:
    return "test accuracy " + ", ".join(f"{name} {scores[name]:.4f}" for name in CHOICES)


def _state_folder(row: Row, folder: Path) -> Path:
    """Where the row's state lies; one of another configuration is removed."""
    state = folder / f".{row.name}"
    name = state / _DIGEST_NAME
    if state.exists() and (not name.is_file() or name.read_text("utf-8") != row.digest):
        shutil.rmtree(state)
    write_text(name, row.digest)
    return state


def _stored(row: Row, folder: Path) -> dict[str, Any] | None:
    """The document of a row that stands whole with this configuration."""
    if not all((folder / f"{row.name}{suffix}").is_file() for suffix in (".json", ".npz", ".weights.h5")):
        return None
    try:
        document: dict[str, Any] = json.loads((folder / f"{row.name}.json").read_text("utf-8"))
    except ValueError:
        return None
    return document if document.get("digest") == row.digest else None
