"""Deep CORAL: features of both domains with equal covariance (Sun and Saenko, ECCV workshops 2016, 1607.01719)."""

from __future__ import annotations

from typing import Any, ClassVar

import tensorflow as tf

from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET

_WEIGHT = 100.0
"""The paper chooses it so that both losses end up alike; this does for a hundred rectified, normalised features."""


class Coral(Objective):
    """Label loss on the source plus the distance of the covariances of the features."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def losses(self, batch: Batch) -> Losses:
        """Both losses; the second rises as the classifier learns."""
        outputs = self.network(batch.images, batch.domains)
        distance = covariance_distance(
            as_rows(batch.of_source(outputs.features)), as_rows(batch.of_target(outputs.features))
        )
        label_loss = self.label_loss(batch.labels, outputs.logits)
        alignment = _WEIGHT * self.ramp(batch.step) * distance
        return Losses({"label_loss": label_loss, "alignment_loss": alignment}, watched={"distance": distance})


def covariance_distance(source: Any, target: Any) -> Any:
    """Squared Frobenius norm of the difference of covariances over 4 d^2, equation 1 of the paper.

    Args:
        source: `(n, d)` features.
        target: `(m, d)` features.
    """
    difference = _covariance(source) - _covariance(target)
    return tf.reduce_sum(tf.square(difference)) / (4.0 * float(source.shape[-1]) ** 2)


def as_rows(features: Any) -> Any:
    """Features `(n, ..., channels)` with every place a row of its own."""
    return tf.reshape(features, [-1, features.shape[-1]])


def _covariance(rows: Any) -> Any:
    centred = rows - tf.reduce_mean(rows, axis=0, keepdims=True)
    return tf.matmul(centred, centred, transpose_a=True) / (tf.cast(tf.shape(rows)[0], tf.float32) - 1.0)
