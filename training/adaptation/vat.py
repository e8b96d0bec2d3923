"""Virtual adversarial domain adaptation: VADA, the first stage of DIRT-T (Shu et al., ICLR 2018, 1802.08735).

DANN at a small weight, the entropy of target predictions, and predictions that do not change where an image is pushed
in the direction that changes them most (VAT: Miyato et al., 1704.03976).
"""

from __future__ import annotations

from typing import Any, ClassVar

import tensorflow as tf

from training.adaptation.dann import domain_head, domain_loss
from training.adaptation.information import mean_entropy
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task

_DOMAIN_WEIGHT = 0.3
_TARGET_WEIGHT = 0.1
_SOURCE_WEIGHT = 1.0
_RADIUS = 0.03  # root of the mean square of the perturbation, over the range of values
_PROBE = 1e-3


class Vat(Objective):
    """The losses of DANN, entropy, and virtual adversarial training on both domains."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        self.heads = (domain_head(network, recipe, _DOMAIN_WEIGHT),)

    def losses(self, batch: Batch) -> Losses:
        """Four losses, those on the target rising as the classifier learns."""
        outputs = self.network(batch.images, batch.domains)
        logits = self.heads[0](outputs.features, training=True)
        domain, accuracy = domain_loss(logits, batch.domains)
        divergences = self.divergences(batch)
        source, target = (tf.reduce_mean(part(divergences)) for part in (batch.of_source, batch.of_target))
        ramp = self.ramp(batch.step)
        entropy = mean_entropy(batch.of_target(outputs.logits))
        return Losses(
            {
                "label_loss": self.label_loss(batch.labels, outputs.logits),
                "domain_loss": domain,
                "entropy_loss": _TARGET_WEIGHT * ramp * entropy,
                "smoothness_loss": ramp * (_SOURCE_WEIGHT * source + _TARGET_WEIGHT * target),
            },
            watched={"domain_accuracy": accuracy},
        )

    def divergences(self, batch: Batch) -> Any:
        """`(n, ...)` divergence of the predictions on pushed images from those on the images.

        Without dropout, under which two passes differ without any push, but in training mode: a network could be
        constant under its moving statistics, which it is not trained with, and change under those of its batches.
        """
        clean = tf.stop_gradient(tf.nn.log_softmax(self.network(batch.images, batch.domains, dropout=False).logits))
        direction = unit(self.random(tf.shape(batch.images), batch.step, 5, tf.random.stateless_normal))
        with tf.GradientTape() as tape:
            tape.watch(direction)
            probed = batch.images + _PROBE * self.value_range * direction
            pushed = self.network(probed, batch.domains, dropout=False).logits
            loss = tf.reduce_sum(divergence(clean, tf.nn.log_softmax(pushed)))
        direction = tf.stop_gradient(unit(tape.gradient(loss, direction)))
        moved = batch.images + _RADIUS * self.value_range * direction
        return divergence(clean, tf.nn.log_softmax(self.network(moved, batch.domains, dropout=False).logits))


def divergence(logarithms: Any, others: Any) -> Any:
    """Kullback-Leibler divergence of log probabilities along the last axis."""
    return tf.reduce_sum(tf.exp(logarithms) * (logarithms - others), axis=-1)


def unit(values: Any) -> Any:
    """Each image scaled to a root of the mean square of 1."""
    axes = tuple(range(1, len(values.shape)))
    return values * tf.math.rsqrt(tf.reduce_mean(tf.square(values), axis=axes, keepdims=True) + 1e-24)
