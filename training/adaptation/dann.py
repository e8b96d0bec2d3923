"""Domain-adversarial training: features from which a second head cannot tell the domains apart.

Ganin et al., JMLR 2016 (1505.07818). Statistics of batch normalisation are kept for each domain; shared ones cost
most of the gain, because the network is then evaluated with statistics that it was never trained with.
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

from training.adaptation.domain_heads import reversed_head
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task


class Dann(Objective):
    """Label loss on the source plus the loss of a domain head behind a gradient reversal."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        self.heads = (domain_head(network, recipe),)

    def losses(self, batch: Batch) -> Losses:
        """The schedule is inside the reversal; a small weight here would starve the reversed gradient only."""
        outputs = self.network(batch.images, batch.domains)
        logits = self.heads[0](outputs.features, training=True)
        loss, accuracy = domain_loss(logits, batch.domains)
        label_loss = self.label_loss(batch.labels, outputs.logits)
        return Losses({"label_loss": label_loss, "domain_loss": loss}, watched={"domain_accuracy": accuracy})


def domain_head(network: Network, recipe: Recipe, weight: float = 1.0) -> keras.Model:
    """The head that a network's features suit, behind a reversal of the recipe's strength times a weight."""
    return reversed_head(network.feature_shape, network.domain_head(), recipe.steps, weight * recipe.reversal)


def domain_loss(logits: Any, domains: Any, weights: Any = None) -> tuple[Any, Any]:
    """Binary cross-entropy of domain logits, and the share of images whose domain is told right.

    Args:
        logits: `(n, ...)`, positive for the target.
        domains: `(n,)` int32.
        weights: `(n,)` of the images, with mean 1, or None.
    """
    shape = [-1] + [1] * (len(logits.shape) - 1)
    wanted = tf.broadcast_to(tf.reshape(tf.cast(domains == TARGET, tf.float32), shape), tf.shape(logits))
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=logits)
    if weights is not None:
        losses *= tf.reshape(weights, shape)
    accuracy = tf.reduce_mean(tf.cast((logits > 0) == (wanted > 0.5), tf.float32))
    return tf.reduce_mean(losses), accuracy
