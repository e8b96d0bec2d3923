"""An adversary on the predictions: AdaptSegNet (Tsai et al., CVPR 2018, 1802.10349) and AdvEnt (Vu et al., CVPR 2019).

A discriminator learns to tell source predictions from target predictions; the network learns target predictions that
pass for the source's. Unlike DANN there is no gradient reversal: both have a loss and an optimiser of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf

from training.adaptation.dann import domain_loss
from training.adaptation.domain_heads import discriminator_on_maps, head_on_vectors
from training.adaptation.information import LEAST
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task

_WEIGHT_ON_MAPS = 1e-3
_WEIGHT_ON_VECTORS = 0.1  # ten numbers an image are far less of a signal than a map of them


class OutputSpace(Objective):
    """AdaptSegNet: the adversary sees class probabilities."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        _add_adversary(self, task)

    def losses(self, batch: Batch) -> Losses:
        """The network's losses, and the discriminator's on predictions through which no gradient flows."""
        return _adversarial_losses(self, batch, lambda probabilities: probabilities)


class AdvEnt(Objective):
    """AdvEnt: the adversary sees -p log p / ln C, how much each class adds to the uncertainty."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        _add_adversary(self, task)

    def losses(self, batch: Batch) -> Losses:
        """The same with weighted self-information."""
        return _adversarial_losses(self, batch, self_information)


def self_information(probabilities: Any) -> Any:
    """`(n, ..., classes)`: how much each class adds to the uncertainty, 1 in all for a network that knows nothing."""
    return -probabilities * tf.math.log(probabilities + LEAST) / tf.math.log(float(probabilities.shape[-1]))


def _add_adversary(objective: Objective, task: Task) -> None:
    predictions = keras.Input((*(task.size if task.dense else ()), task.classes))
    discriminator = discriminator_on_maps if task.dense else head_on_vectors
    objective.adversary = keras.Model(predictions, discriminator(predictions), name="discriminator")
    if not task.dense:
        objective.adversary_rate = objective.recipe.learning_rate


def _adversarial_losses(objective: Objective, batch: Batch, seen_of: Callable[[Any], Any]) -> Losses:
    """Both sides' losses, where the discriminator sees what `seen_of` makes of class probabilities."""
    assert objective.adversary is not None
    outputs = objective.network(batch.images, batch.domains)
    seen = seen_of(tf.nn.softmax(outputs.logits))
    fooled = objective.adversary(batch.of_target(seen), training=True)
    deception, _ = domain_loss(fooled, tf.fill([tf.shape(fooled)[0]], SOURCE))
    own, accuracy = domain_loss(objective.adversary(tf.stop_gradient(seen), training=True), batch.domains)
    weight = _WEIGHT_ON_MAPS if objective.dense else _WEIGHT_ON_VECTORS
    label_loss = objective.label_loss(batch.labels, outputs.logits)
    return Losses(
        {"label_loss": label_loss, "adversarial_loss": weight * deception},
        {"domain_loss": own},
        {"domain_accuracy": accuracy},
    )
