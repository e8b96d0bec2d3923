"""Conditional domain-adversarial training: the domain head sees features times predictions.

Long et al., NeurIPS 2018 (1705.10667), with the paper's multilinear map and its entropy conditioning (CDAN+E):
images whose class is certain count more.
"""

from __future__ import annotations

from typing import Any, ClassVar

import tensorflow as tf

from training.adaptation.dann import domain_loss
from training.adaptation.domain_heads import reversed_head
from training.adaptation.information import entropies
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task


class Cdan(Objective):
    """DANN on the outer product of features and class probabilities; no gradient flows through the latter."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        *places, channels = network.feature_shape
        shape = (*places, (channels or 0) * task.classes)
        # A head of the network's own is made for its bare features; the product is wider, so the usual ones serve.
        self.heads = (reversed_head(shape, network.domain_head(), recipe.steps, recipe.reversal),)

    def losses(self, batch: Batch) -> Losses:
        """The domain loss weighted by 1 + exp(-entropy), brought to mean 1 in each domain."""
        outputs = self.network(batch.images, batch.domains)
        probabilities = tf.stop_gradient(tf.nn.softmax(outputs.logits))
        logits = self.heads[0](multilinear(outputs.features, probabilities), training=True)
        certainty = _a_number_an_image(1.0 + tf.exp(-entropies(probabilities)))
        parts = (batch.of_source(certainty), batch.of_target(certainty))
        weights = tf.concat([part / tf.reduce_mean(part) for part in parts], 0)
        loss, accuracy = domain_loss(logits, batch.domains, weights)
        label_loss = self.label_loss(batch.labels, outputs.logits)
        return Losses({"label_loss": label_loss, "domain_loss": loss}, watched={"domain_accuracy": accuracy})


def multilinear(features: Any, probabilities: Any) -> Any:
    """The outer product of both at each place, flattened: `(n, ..., channels * classes)`.

    Probabilities of pixels are averaged down to the size of the feature maps first.
    """
    if len(features.shape) == 4:
        probabilities = tf.image.resize(probabilities, tf.shape(features)[1:3], method="area")
        probabilities = tf.ensure_shape(probabilities, [*features.shape[:3], probabilities.shape[-1]])
    product = features[..., :, None] * probabilities[..., None, :]
    leading = tf.shape(product)[:-2]
    return tf.reshape(product, tf.concat([leading, [features.shape[-1] * probabilities.shape[-1]]], 0))


def _a_number_an_image(values: Any) -> Any:
    return tf.reduce_mean(tf.reshape(values, [tf.shape(values)[0], -1]), axis=1)
