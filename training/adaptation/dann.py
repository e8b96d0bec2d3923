"""Domain-adversarial training: features from which a second head cannot tell the domains apart.

Ganin et al., JMLR 2016 (1505.07818). Statistics of batch normalisation are kept for each domain; shared ones cost
most of the gain, because the network is then evaluated with statistics that it was never trained with.
"""

from __future__ import annotations

import keras

from training.adaptation.loop import Batches, Note, Outcome, fit
from training.adaptation.task import SOURCE, TARGET, Recipe, Task
from training.networks import digits


def adapt(model: keras.Model, task: Task, recipe: Recipe, seed: int, note: Note) -> Outcome:
    """Train on labelled source and unlabelled target images, half a batch each, shuffled independently."""
    adversarial = digits.with_domain_head(model, recipe.steps, recipe.reversal)
    streams = (
        Batches(task.source, SOURCE, recipe.batch, seed),
        Batches(task.target.without_labels(), TARGET, recipe.batch, seed),
    )
    outcome = fit(adversarial, streams, task, recipe, TARGET, note)
    return Outcome(model, TARGET, outcome.curves, outcome.collapse)
