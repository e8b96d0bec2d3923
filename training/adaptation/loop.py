"""The training loop that the methods share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.adaptation.checkpoints import Checkpoints
from training.adaptation.health import DomainCollapse, findings, label_entropy
from training.adaptation.measure import measure_features
from training.adaptation.network import Network
from training.adaptation.objective import Objective
from training.adaptation.step import Trainer
from training.adaptation.streams import Batches
from training.adaptation.task import SOURCE, TARGET, Recipe, Task
from training.adaptation.watch import watch
from training.checkpoint import Checkpoint
from training.errors import DivergedError

Note = Callable[[dict[str, Any]], None]
"""Called with each new point of the learning curves."""

_STATE_NAME = "state.npz"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run hands back.

    Attributes:
        network: the classifier, as it is after the last step.
        domain: which domain's statistics are to normalise target images.
        curves: one row a watch point: step, losses, accuracies, scores (see `watch`).
        checkpoints: the weights at each of them.
        collapse: what went wrong, in a sentence, when the adversary won; else None.
        findings: what else is wrong, a sentence each.
    """

    network: Network
    domain: int
    curves: tuple[dict[str, Any], ...]
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    collapse: str | None = None
    findings: tuple[str, ...] = ()


@dataclass(eq=False)
class _Run:
    """How far a run is, beside its variables."""

    step: int = 0
    curves: list[dict[str, Any]] = field(default_factory=list)
    collapse: str | None = None
    over: bool = False


def fit(objective: Objective, task: Task, recipe: Recipe, seed: int, note: Note, folder: Path | None = None) -> Outcome:
    """Train by a method's losses, one batch of each of its domains a step.

    Training ends early when the adversary has destroyed the classifier, if the recipe says so; the outcome tells.

    Args:
        objective: the method, with the network that is trained.
        task: the data; the method gets no target labels that this task withholds.
        recipe: how long and by which optimiser.
        seed: of the order of the batches.
        note: told of every watch point.
        folder: for the state of the run; one that holds a state is gone on with, to the bit. None keeps no state.

    Raises:
        DivergedError: a loss is not finite.
        VerificationError: the folder's state is of another run, or damaged.
    """
    run, checkpoints = _Run(), Checkpoints(folder)
    collapse = DomainCollapse(task.classes)
    streams = tuple(
        Batches({SOURCE: task.source, TARGET: task.target}[domain], domain, recipe.batch, seed)
        for domain in objective.domains
    )
    if not streams:  # a method that changes statistics alone
        objective.begin(task)
        _note_point(run, {}, objective, task, checkpoints, note)
    else:
        trainer = Trainer(objective, streams, recipe)
        if folder is not None and (folder / _STATE_NAME).is_file():
            _go_on(run, trainer, folder)
            for point in run.curves:
                collapse.update(point)
                note(point)
        else:
            objective.begin(task)
        if not run.over:
            _train(run, trainer, streams, collapse, task, recipe, checkpoints, note, folder)
    domain = objective.network.domain_of(objective.evaluates_as)
    apart = measure_features(objective.network, task, domain)["proxy_a"].value if objective.heads else None
    labels = task.source.labels if task.source.labels is not None else np.arange(task.classes)
    found = findings(run.curves, label_entropy(labels, task.classes), apart, adapts=TARGET in objective.domains)
    return Outcome(objective.network, domain, tuple(run.curves), checkpoints, run.collapse, found)


def _train(
    run: _Run,
    trainer: Trainer,
    streams: tuple[Batches, ...],
    collapse: DomainCollapse,
    task: Task,
    recipe: Recipe,
    checkpoints: Checkpoints,
    note: Note,
    folder: Path | None,
) -> None:
    sums: dict[str, float] = {}
    since = run.step
    for places in zip(*(stream.indices(skip=run.step) for stream in streams), strict=True):
        for name, value in trainer.step(run.step, places).items():
            sums[name] = sums.get(name, 0.0) + float(value)
        run.step += 1
        if not np.isfinite(sums["loss"]):
            raise DivergedError(
                f"the loss became {sums['loss']} at step {run.step} of {recipe.steps}; "
                f"use a learning rate below {recipe.learning_rate:g} or a smaller clip_norm than {recipe.clip_norm:g}"
            )
        if run.step % recipe.watch_every and run.step != recipe.steps:
            continue
        means = {name: value / (run.step - since) for name, value in sums.items()}
        _note_point(run, means, trainer.objective, task, checkpoints, note)
        sums, since = {}, run.step
        collapsed = collapse.update(run.curves[-1])
        run.collapse = collapse.message
        run.over = run.step == recipe.steps or (collapsed and recipe.stop_on_collapse)
        if folder is not None:
            _write_state(run, trainer, folder)
        if run.over:
            return


def _note_point(
    run: _Run, means: dict[str, float], objective: Objective, task: Task, checkpoints: Checkpoints, note: Note
) -> None:
    run.curves.append({"step": run.step, **means, **watch(objective, task)})
    checkpoints.keep(run.step, objective.network.model)
    note(run.curves[-1])


def _write_state(run: _Run, trainer: Trainer, folder: Path) -> None:
    facts = {"step": run.step, "curves": run.curves, "collapse": run.collapse, "over": run.over}
    folder.mkdir(parents=True, exist_ok=True)
    Checkpoint(facts, trainer.state()).write(folder / _STATE_NAME)


def _go_on(run: _Run, trainer: Trainer, folder: Path) -> None:
    stored = Checkpoint.read(folder / _STATE_NAME)
    trainer.restore(stored.arrays)
    run.step, run.curves = stored.facts["step"], stored.facts["curves"]
    run.collapse, run.over = stored.facts["collapse"], stored.facts["over"]


def predict_logits(network: Network, pixels: np.ndarray, domain: int) -> np.ndarray:
    """Logits `(n, ..., classes)` float32 of images, normalised by one domain's statistics."""
    return np.asarray(network.infer(pixels, domain).logits)
