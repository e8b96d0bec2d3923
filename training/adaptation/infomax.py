"""Information maximisation: sure of each target image, and of all classes over them.

Joint training with the source (after Hu et al., ICML 2017), and without it as SHOT has it: Liang et al., ICML 2020
(2002.08546): the classifier is held, features are moved under it by information maximisation and by pseudo-labels of
the nearest class centre.
"""

from __future__ import annotations

from typing import Any, ClassVar

import keras
import tensorflow as tf

from training.adaptation.adabn import recompute_statistics
from training.adaptation.information import diversity, mean_entropy
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Task

_WEIGHT = 0.3
_PSEUDO_LABEL_WEIGHT = 0.3


class InfoMax(Objective):
    """Label loss on the source plus entropy less diversity of predictions on the target."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def losses(self, batch: Batch) -> Losses:
        """Both losses; the second rises as the classifier learns."""
        outputs = self.network(batch.images, batch.domains)
        target = batch.of_target(outputs.logits)
        information = mean_entropy(target) - diversity(target)
        label_loss = self.label_loss(batch.labels, outputs.logits)
        loss = _WEIGHT * self.ramp(batch.step) * information
        return Losses({"label_loss": label_loss, "information_loss": loss})


class Shot(Objective):
    """Information maximisation and pseudo-labels on target images alone, under the source's classifier."""

    domains: ClassVar[tuple[int, ...]] = (TARGET,)

    def begin(self, task: Task) -> None:
        """Start from the target's own statistics; the source's would blur all predictions."""
        if self.network.normalises and self.network.batch_norm == "per_domain":
            recompute_statistics(self.network.model, task.target.pixels, TARGET)

    @property
    def trained(self) -> list[Any]:
        """The weights up to the features: the classifier behind them is what the source has taught."""
        below = keras.Model(self.network.model.input, self.network.model.get_layer(self.network.features).output)
        return list(below.trainable_variables)

    def losses(self, batch: Batch) -> Losses:
        """Both losses; pixels have no pseudo-labels, for their features have another size than their classes."""
        outputs = self.network(batch.images, batch.domains)
        network = {"information_loss": mean_entropy(outputs.logits) - diversity(outputs.logits)}
        if not self.dense:
            labels = nearest_centres(tf.stop_gradient(outputs.features), tf.stop_gradient(outputs.logits))
            network["pseudo_label_loss"] = _PSEUDO_LABEL_WEIGHT * self.label_loss(labels, outputs.logits)
        return Losses(network)


def nearest_centres(features: Any, logits: Any) -> Any:
    """`(n,)` int32: the class whose centre is nearest by angle.

    A centre is the mean of the features weighted by the class's probability, as in equations 4 and 5 of the paper, here
    over the batch.
    """
    rows = tf.math.l2_normalize(features, axis=1)
    centres = tf.math.l2_normalize(tf.matmul(tf.nn.softmax(logits), rows, transpose_a=True), axis=1)
    return tf.argmax(tf.matmul(rows, centres, transpose_b=True), axis=1, output_type=tf.int32)
