"""Entropies of predictions, as losses."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

LEAST = 1e-8
"""Added to probabilities before their logarithm is taken."""


def entropies(probabilities: Any) -> Any:
    """Entropy in nats along the last axis of class probabilities."""
    return -tf.reduce_sum(probabilities * tf.math.log(probabilities + LEAST), axis=-1)


def mean_entropy(logits: Any) -> Any:
    """Mean entropy in nats over all images and pixels: low where the network is sure."""
    logarithms = tf.nn.log_softmax(logits)
    return -tf.reduce_mean(tf.reduce_sum(tf.exp(logarithms) * logarithms, axis=-1))


def diversity(logits: Any) -> Any:
    """Entropy in nats of the mean prediction: high where all classes are predicted."""
    probabilities = tf.nn.softmax(logits)
    return entropies(tf.reduce_mean(tf.reshape(probabilities, [-1, logits.shape[-1]]), axis=0))
