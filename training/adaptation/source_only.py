"""Source only: trained on synthetic images and used on real ones as it is. The floor of every study."""

from __future__ import annotations

import keras

from training.adaptation.loop import Batches, Note, Outcome, fit
from training.adaptation.task import SOURCE, Recipe, Task


def adapt(model: keras.Model, task: Task, recipe: Recipe, seed: int, note: Note) -> Outcome:
    """Train on the labelled source images; target images are normalised by the source's statistics."""
    stream = Batches(task.source, SOURCE, recipe.batch, seed)
    return fit(model, (stream,), task, recipe, SOURCE, note)
