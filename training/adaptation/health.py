"""Signs that adversarial training goes wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_LN_2 = float(np.log(2.0))
_CHANCE_FACTOR = 1.5
_LOSS_TOLERANCE = 0.02
_PATIENCE = 3


def mean_entropy(logits: np.ndarray) -> float:
    """Mean entropy in nats of the predictions of `(n, classes)` logits; ln(classes) is a network that knows nothing."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-(np.exp(log_probabilities) * log_probabilities).sum(axis=1).mean())


class DomainCollapse:
    """Watches for the collapse of adversarial training.

    A collapsed network maps all images to one point: the domain head is left guessing (loss ln 2) and so is the
    classifier, on the source too. Either alone is no collapse: a domain head at ln 2 is what adaptation aims for.
    """

    def __init__(self, classes: int) -> None:
        self._chance = 1.0 / classes
        self._seen = 0
        self.message: str | None = None

    def update(self, point: Mapping[str, float]) -> bool:
        """Take in a point of the learning curves; True once it was collapsed three times in a row."""
        at_chance = point["source_accuracy"] <= _CHANCE_FACTOR * self._chance
        guessing = abs(point.get("domain_loss", np.inf) - _LN_2) < _LOSS_TOLERANCE
        self._seen = self._seen + 1 if at_chance and guessing else 0
        if self._seen < _PATIENCE:
            return False
        self.message = (
            f"adversarial collapse at step {point['step']:.0f}: source accuracy {point['source_accuracy']:.3f} is at "
            f"chance and the domain loss {point['domain_loss']:.3f} is ln 2; "
            "lower the reversal's maximum or the learning rate"
        )
        return True
