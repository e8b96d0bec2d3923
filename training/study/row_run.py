"""One row of a study from its first step to its files."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.adaptation.loop import Outcome
from training.adaptation.measure import feature_rows, measure_features, measure_pixels
from training.adaptation.methods import METHODS
from training.adaptation.task import SOURCE, Task
from training.embedding import neighbours, principal_components
from training.files import write_arrays, write_json, write_text, write_whole
from training.progress import Reporter
from training.provenance import hardware
from training.selection import SCORES, audit, best_point
from training.study.data import StudyData
from training.study.options import CHOICES
from training.study.predictions import Arrays, predict, score
from training.study.reading import SCHEMA_VERSION
from training.study.rows import Row

_EMBEDDED = 250  # of each domain
_TIMES_NAME = "times.json"


def run_row(row: Row, data: StudyData, folder: Path, progress: Reporter) -> str:
    """Train, score and store a row unless it stands already; one line on how it went.

    `NAME.json` is written last, so a row that has it is whole; beside it lie `NAME.npz` with the test predictions
    and `NAME.weights.h5` with the last weights. Until then `.NAME` holds what an interrupted row goes on from.
    """
    stored = row.stored(folder)
    if stored is not None:
        for _ in range(row.watch_points):
            progress.advance(row.name)
        return f"{row.name}: {_told(stored['scores'], data)}, kept from an earlier run"
    state = row.state_folder(folder)
    clock = _Clock(state / _TIMES_NAME)
    outcome = _train(row, data, folder, state, clock, progress)
    # Files of two configurations are never a whole row, wherever this one is interrupted.
    (folder / f"{row.name}.json").unlink(missing_ok=True)
    write_whole(folder / f"{row.name}.weights.h5", outcome.network.model.save_weights)
    measured = _measure(row, data, outcome)
    chosen = {
        "last": len(outcome.curves) - 1,
        "selected": best_point(outcome.curves, row.selection),
        "oracle": best_point(outcome.curves, "oracle"),
    }
    arrays, scores = _predictions(chosen, data, outcome)
    write_arrays(folder / f"{row.name}.npz", {**arrays, **measured.pop("embedding")})
    document = {
        "schema_version": SCHEMA_VERSION,
        "digest": row.digest,
        "entry": asdict(row.entry),
        "seed": row.seed,
        "configuration": row.configuration,
        "scores": scores,
        "chosen_step": {name: outcome.curves[place]["step"] for name, place in chosen.items()},
        "audit": {name: asdict(audit(outcome.curves, name)) for name in SCORES},
        **measured,
        "statistics_domain": outcome.domain,
        "collapse": outcome.collapse,
        "findings": outcome.findings,
        "curves": outcome.curves,
        **clock.read(),
        "hardware": hardware(),
    }
    write_json(folder / f"{row.name}.json", document)
    shutil.rmtree(state, ignore_errors=True)
    took = f"{document['seconds']:.1f} s"
    return f"{row.name}: {_told(scores, data)}, {took}" + (f"; {outcome.collapse}" if outcome.collapse else "")


class _Clock:
    """Seconds of the wall and of the processor that a row has taken, over interruptions."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before: Mapping[str, float] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        self._started = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Seconds until now."""
        now = time.perf_counter(), time.process_time()
        names = ("seconds", "processor_seconds")
        spent = zip(names, now, self._started, strict=True)
        return {name: round(self._before.get(name, 0.0) + end - start, 2) for name, end, start in spent}

    def write(self) -> None:
        """Keep them for a run that goes on."""
        write_text(self._path, json.dumps(self.read()))


def _train(row: Row, data: StudyData, folder: Path, state: Path, clock: _Clock, progress: Reporter) -> Outcome:
    method = METHODS[row.entry.method]
    # Seeded before each network is made: every method of one seed starts from the same weights.
    keras.utils.set_random_seed(row.seed)
    network = data.build(row.own_recipe.batch_norm)
    if row.start is not None:
        network.model.load_weights(folder / f"{row.start.name}.weights.h5")

    def note(point: dict[str, Any]) -> None:
        loss = f"loss {point['loss']:.3f}, " if "loss" in point else ""
        progress.advance(
            f"{row.name} step {point['step']:.0f}: {loss}source {point['source_accuracy']:.3f}, "
            f"target validation {point['target_accuracy']:.3f}"
        )
        clock.write()

    return method.adapt(network, data.task_for(row.entry, row.seed), row.recipe, row.seed, note, state)


def _predictions(chosen: dict[str, int], data: StudyData, outcome: Outcome) -> tuple[Arrays, dict[str, float]]:
    """Test predictions and scores by choice; each checkpoint that was chosen is asked once, however often it was."""
    arrays: Arrays = {}
    scores = dict.fromkeys(CHOICES, 0.0)
    for place in sorted(set(chosen.values())):
        outcome.checkpoints.put_back(outcome.curves[place]["step"], outcome.network.model)
        found = predict(outcome.network, data, outcome.domain)
        reached = score(found["{}"], data)
        for name in (name for name in CHOICES if chosen[name] == place):
            arrays |= {pattern.format(name): array for pattern, array in found.items()}
            scores[name] = reached
    return arrays, scores


def _measure(row: Row, data: StudyData, outcome: Outcome) -> dict[str, Any]:
    """Distances of the domains for the last weights and, where wanted, the plane that their features are drawn in."""
    task = data.measured(row.entry)
    placed = {"pixels": measure_pixels(task), "features": measure_features(outcome.network, task, outcome.domain)}
    distances = {rows: {name: asdict(found) for name, found in measured.items()} for rows, measured in placed.items()}
    return {"distances": distances, "embedding": _embedding(task, outcome) if row.embedded else {}}


def _embedding(task: Task, outcome: Outcome) -> Arrays:
    domains = (outcome.network.domain_of(SOURCE), outcome.domain)
    parts = [
        feature_rows(outcome.network, images.pixels[:_EMBEDDED], domain)
        for images, domain in zip((task.source_watch, task.target_watch), domains, strict=True)
    ]
    rows = np.concatenate(parts)
    return {
        "embedded_domain": np.repeat(np.arange(2), [len(part) for part in parts]),
        "principal_components": principal_components(rows),
        "neighbours": neighbours(rows),
    }


def _told(scores: Mapping[str, float], data: StudyData) -> str:
    name = "test mean IoU" if data.dense else "test accuracy"
    return f"{name} " + ", ".join(f"{choice} {scores[choice]:.4f}" for choice in CHOICES)
