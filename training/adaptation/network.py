"""The classifier in two domains, as methods see it: logits, features, and whose statistics normalise."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from training.adaptation.domain_batch_normalization import DomainBatchNormalization
from training.adaptation.domain_heads import head_on_maps, head_on_vectors
from training.adaptation.task import SOURCE, BatchNorm

_MOST_NUMBERS = 1 << 20  # of the images that are inferred at a time

Head = Callable[[keras.KerasTensor], keras.KerasTensor]
"""Features -> domain logits `(n, 1)`, positive for the target."""


class Outputs(NamedTuple):
    """What a network says of a batch.

    Attributes:
        logits: `(n, classes)` or `(n, height, width, classes)` float32.
        features: `(n, channels)` or `(n, rows, columns, channels)`: what domains are compared by.
    """

    logits: Any
    features: Any


@dataclass(frozen=True, eq=False)
class Network:
    """A classifier of images or pixels.

    Attributes:
        model: `{"image", "domain"}` -> `{"label": logits}`; what is saved.
        features: name of the layer whose output is compared between domains.
        batch_norm: mode; see `Recipe`.
        head: builds a domain head on the features; None takes the one that suits their shape.
    """

    model: keras.Model
    features: str
    batch_norm: BatchNorm = "per_domain"
    head: Head | None = None

    def __post_init__(self) -> None:
        for layer in self.model.layers:
            if isinstance(layer, DomainBatchNormalization):
                layer.frozen = self.batch_norm == "frozen"
        outputs = {"label": self.model.output["label"], "features": self.model.get_layer(self.features).output}
        object.__setattr__(self, "body", keras.Model(self.model.input, outputs))
        object.__setattr__(self, "_infer", tf.function(self._forward, reduce_retracing=True, autograph=False))

    def __call__(
        self, images: Any, domains: Any, training: bool = True, dropout: bool = True, statistics: bool = True
    ) -> Outputs:
        """Logits and features of images `(n, ...)` of the domains `(n,)` int32.

        Without `dropout` two passes in training mode can be compared; without `statistics` what a pass in training mode
        sees is normalised by its batch and leaves no trace in the moving statistics.
        """
        images, domains = tf.convert_to_tensor(images), tf.convert_to_tensor(domains)
        if self.batch_norm != "per_domain":
            domains = tf.zeros_like(domains) + SOURCE
        with contextlib.ExitStack() as held:
            if not dropout:
                held.enter_context(_held(self.model, keras.layers.Dropout, "rate", 0.0))
            if not statistics:
                held.enter_context(_held(self.model, DomainBatchNormalization, "momentum", 1.0))
            outputs = self.body({"image": images, "domain": domains}, training=training)  # type: ignore[attr-defined]
        return Outputs(tf.cast(outputs["label"], tf.float32), tf.cast(outputs["features"], tf.float32))

    def domain_head(self) -> Head:
        """What builds the domain head."""
        if self.head is not None:
            return self.head
        return head_on_vectors if len(self.feature_shape) == 1 else head_on_maps

    @property
    def feature_shape(self) -> tuple[int | None, ...]:
        """Shape of one example's features."""
        return tuple(self.model.get_layer(self.features).output.shape[1:])

    @property
    def normalises(self) -> bool:
        """Whether it has statistics of domains at all."""
        return any(isinstance(layer, DomainBatchNormalization) for layer in self.model.layers)

    def domain_of(self, domain: int) -> int:
        """The domain whose statistics normalise images of a domain: the source's where they share them."""
        return domain if self.batch_norm == "per_domain" else SOURCE

    def infer(self, pixels: np.ndarray, domain: int, batch: int | None = None) -> Outputs:
        """Logits and features as arrays, in evaluation mode.

        Args:
            pixels: `(n, ...)`.
            domain: whose statistics normalise.
            batch: images at a time; None takes as many as `images_at_a_time`.
        """
        parts, batch = [], batch or images_at_a_time(pixels)
        for start in range(0, len(pixels), batch):
            chunk = pixels[start : start + batch]
            parts.append(self._infer(tf.constant(chunk), tf.fill([len(chunk)], domain)))  # type: ignore[attr-defined]
        return Outputs(*(np.concatenate([np.asarray(part[place]) for part in parts]) for place in (0, 1)))

    def _forward(self, images: Any, domains: Any) -> tuple[Any, Any]:
        return tuple(self(images, domains, training=False))


def images_at_a_time(pixels: np.ndarray) -> int:
    """At most 256, and fewer of large images, whose maps would fill the memory."""
    return int(np.clip(_MOST_NUMBERS // max(int(np.prod(pixels.shape[1:])), 1), 1, 256))


@contextlib.contextmanager
def _held(model: keras.Model, kind: type[keras.layers.Layer], name: str, value: float) -> Iterator[None]:
    """Calls inside, which a graph records once and for all, find an attribute of all layers of a kind at this value."""
    found = [layer for layer in model.layers if isinstance(layer, kind)]
    before = [getattr(layer, name) for layer in found]
    try:
        for layer in found:
            setattr(layer, name, value)
        yield
    finally:
        for layer, own in zip(found, before, strict=True):
            setattr(layer, name, own)
