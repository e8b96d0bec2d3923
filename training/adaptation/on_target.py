"""Trained on target: real images with their labels. The ceiling of every study."""

from __future__ import annotations

import keras

from training.adaptation.loop import Batches, Note, Outcome, fit
from training.adaptation.task import TARGET, Recipe, Task


def adapt(model: keras.Model, task: Task, recipe: Recipe, seed: int, note: Note) -> Outcome:
    """Train on the labelled target images alone, for as many steps as the other methods."""
    stream = Batches(task.target, TARGET, recipe.batch, seed)
    return fit(model, (stream,), task, recipe, TARGET, note)
