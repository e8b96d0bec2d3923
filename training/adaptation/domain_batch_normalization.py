"""Batch normalisation with statistics of each domain (after AdaBN, Li et al. 2016, 1603.04779)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("realitygap")
class DomainBatchNormalization(keras.layers.Layer):
    """Batch normalisation in which each image is normalised by the statistics of its own domain.

    In training these are the statistics of those images of the batch that belong to the domain, whatever else is in
    the batch; at evaluation the domain's moving statistics. Scale and shift are shared. Statistics of a domain without
    images in the batch stay as they are.

    Args:
        domains: number of domains.
        momentum: of the moving statistics.
        epsilon: added to variances.
    """

    def __init__(self, domains: int = 2, momentum: float = 0.9, epsilon: float = 1e-3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.domains = domains
        self.momentum = momentum
        self.epsilon = epsilon
        self.frozen = False
        """Whether training, too, normalises by the moving statistics and leaves them as they are."""

    def build(self, inputs_shape: Any, domain_shape: Any = None) -> None:
        """Make scale and shift `(channels,)` and the moving statistics `(domains, channels)`."""
        channels = inputs_shape[-1]
        self.gamma = self.add_weight(shape=(channels,), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(channels,), initializer="zeros", name="beta")
        moving = {"shape": (self.domains, channels), "trainable": False, "autocast": False, "dtype": "float32"}
        self.moving_mean = self.add_weight(initializer="zeros", name="moving_mean", **moving)
        self.moving_variance = self.add_weight(initializer="ones", name="moving_variance", **moving)

    def call(self, inputs: Any, domain: Any, training: bool = False) -> Any:
        """Normalise `(n, ..., channels)` by the statistics of `domain` `(n,)`; float32 inside."""
        values = ops.cast(inputs, "float32")
        if training and not self.frozen:
            mean, variance = self._batch_statistics(values, domain)
        else:
            mean, variance = ops.convert_to_tensor(self.moving_mean), ops.convert_to_tensor(self.moving_variance)
        scale = ops.cast(self.gamma, "float32") * ops.rsqrt(variance + self.epsilon)
        shift = ops.cast(self.beta, "float32") - mean * scale
        normalised = values * _per_image(scale, domain, values) + _per_image(shift, domain, values)
        return ops.cast(normalised, inputs.dtype)

    def _batch_statistics(self, values: Any, domain: Any) -> tuple[Any, Any]:
        """Mean and variance `(domains, channels)` of the batch; the moving ones take their share of them."""
        members = ops.transpose(ops.one_hot(domain, self.domains, dtype="float32"))
        counts = ops.sum(members, axis=1, keepdims=True)
        weights = members / ops.maximum(counts, 1.0)
        places = tuple(range(1, len(values.shape) - 1))
        mean = ops.matmul(weights, ops.mean(values, axis=places))
        deviations = ops.square(values - _per_image(mean, domain, values))
        variance = ops.matmul(weights, ops.mean(deviations, axis=places))
        share = (1.0 - self.momentum) * ops.cast(counts > 0, "float32")
        self.moving_mean.assign_add(share * (ops.stop_gradient(mean) - self.moving_mean))
        self.moving_variance.assign_add(share * (ops.stop_gradient(variance) - self.moving_variance))
        return mean, variance

    def compute_output_shape(self, inputs_shape: Any, domain_shape: Any = None) -> Any:
        """The shape of the inputs."""
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        own = {"domains": self.domains, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


def _per_image(table: Any, domain: Any, values: Any) -> Any:
    """Rows `(domains, channels)` looked up for each image and shaped to broadcast over its places."""
    # A product and not a look-up: its gradient needs no scatter, so it is fast and the same in every run.
    rows = ops.matmul(ops.one_hot(domain, table.shape[0], dtype="float32"), table)
    return ops.reshape(rows, (-1, *[1] * (len(values.shape) - 2), values.shape[-1]))
