"""Networks of the catalogue made ready for two domains: an input for the domain, statistics of each, logits."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from datasets.errors import UsageError
from training.adaptation.domain_batch_normalization import DomainBatchNormalization

DOMAINS = 2


def with_domains(model: keras.Model) -> keras.Model:
    """A copy of a model whose batch normalisation keeps statistics for each domain; its weights are copied.

    Args:
        model: images -> class probabilities, ending in a softmax layer.

    Returns:
        `{"image", "domain"}` -> `{"label": logits}`. Both domains begin with the model's own statistics.

    Raises:
        UsageError: the model has several outputs, inner models with statistics, or does not end in a softmax layer.
    """
    _check(model)
    image = keras.Input(model.inputs[0].shape[1:], name="image")
    domain = keras.Input((), dtype="int32", name="domain")

    def clone(layer: Any) -> Any:
        if not isinstance(layer, layers.BatchNormalization):
            return layer.__class__.from_config(layer.get_config())
        return DomainBatchNormalization(DOMAINS, momentum=layer.momentum, epsilon=layer.epsilon, name=layer.name)

    def call(layer: Any, *arguments: Any, **options: Any) -> Any:
        return (
            layer(*arguments, domain) if isinstance(layer, DomainBatchNormalization) else layer(*arguments, **options)
        )

    # Only a model whose inputs are all used can be cloned, so the domain passes through to an output of its own.
    passed = keras.Input((), dtype="int32")
    logits = model.layers[-1].input
    both = keras.Model([model.inputs[0], passed], [logits, layers.Identity()(passed)])
    cloned = keras.models.clone_model(both, [image, domain], clone_function=clone, call_function=call)
    copy = keras.Model({"image": image, "domain": domain}, {"label": cloned.outputs[0]}, name=model.name)
    for layer in copy.layers:
        if layer.weights:
            layer.set_weights(_weights(model.get_layer(layer.name), layer))
    return copy


def default_features(model: keras.Model) -> str:
    """The layer by which domains are compared: the last of those with the smallest maps, the bottleneck."""
    maps = [layer for layer in model.layers if len(getattr(layer.output, "shape", ())) == 4]
    sides = [layer.output.shape[1] * layer.output.shape[2] for layer in maps]
    least = min(sides)
    return str([layer.name for layer, side in zip(maps, sides, strict=True) if side == least][-1])


def _check(model: keras.Model) -> None:
    if len(model.outputs) != 1 or len(model.inputs) != 1:
        raise UsageError(f"network {model.name!r} has several outputs; adaptation needs one")
    inner = [layer.name for layer in model.layers if isinstance(layer, keras.Model)]
    if inner:
        raise UsageError(f"network {model.name!r} holds the inner models {inner}, which have no statistics of domains")
    if not isinstance(model.layers[-1], layers.Softmax):
        raise UsageError(f"network {model.name!r} ends in {model.layers[-1].name!r}; adaptation needs a softmax layer")


def _weights(original: Any, layer: Any) -> list[Any]:
    weights = original.get_weights()
    if not isinstance(layer, DomainBatchNormalization):
        return list(weights)
    gamma, beta, mean, variance = weights
    return [gamma, beta, *(np.stack([statistic] * DOMAINS) for statistic in (mean, variance))]
