"""Deep adaptation by maximum mean discrepancy (DAN: Long et al., ICML 2015, 1502.02791)."""

from __future__ import annotations

from typing import Any, ClassVar

import tensorflow as tf

from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET

_WEIGHT = 1.0
_BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)


class Mmd(Objective):
    """Label loss on the source plus the discrepancy of the features under a sum of Gaussian kernels."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def losses(self, batch: Batch) -> Losses:
        """Both losses; maps are averaged over their places, so that a kernel compares images."""
        outputs = self.network(batch.images, batch.domains)
        features = outputs.features
        if len(features.shape) == 4:
            features = tf.reduce_mean(features, axis=(1, 2))
        distance = discrepancy(batch.of_source(features), batch.of_target(features))
        label_loss = self.label_loss(batch.labels, outputs.logits)
        alignment = _WEIGHT * self.ramp(batch.step) * distance
        return Losses({"label_loss": label_loss, "alignment_loss": alignment}, watched={"distance": distance})


def discrepancy(source: Any, target: Any) -> Any:
    """Biased squared MMD, which is never negative, of `(n, d)` and `(m, d)` features.

    Five Gaussian kernels exp(-|x - y|^2 / (b s)) are averaged; s, the mean squared distance of all pairs, has no
    gradient.
    """
    count = tf.shape(source)[0]
    rows = tf.concat([source, target], 0)
    squares = tf.reduce_sum(tf.square(rows), axis=1)
    distances = tf.maximum(squares[:, None] + squares[None, :] - 2.0 * tf.matmul(rows, rows, transpose_b=True), 0.0)
    total = tf.cast(tf.shape(rows)[0], tf.float32)
    scale = tf.stop_gradient(tf.reduce_sum(distances) / (total * (total - 1.0))) + 1e-12
    kernel = tf.add_n([tf.exp(-distances / (bandwidth * scale)) for bandwidth in _BANDWIDTHS]) / len(_BANDWIDTHS)
    own = tf.reduce_mean(kernel[:count, :count]) + tf.reduce_mean(kernel[count:, count:])
    return own - 2.0 * tf.reduce_mean(kernel[:count, count:])
