"""Signs that adaptation goes wrong, each with its remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_LN_2 = float(np.log(2.0))
_CHANCE_FACTOR = 1.5
_LOSS_TOLERANCE = 0.02
_PATIENCE = 3
_GUESSING_ACCURACY = 0.6
_TOLD_APART = 1.5  # of a proxy A-distance of at most 2: 7 in 8 images
_OVERPOWERING_ACCURACY = 0.98
_EXPLODED_LOSS = 10.0
_FEW_CLASSES = 0.3  # of the entropy of the source's labels


def mean_entropy(logits: np.ndarray) -> float:
    """Mean entropy in nats of predictions from `(..., classes)` logits; ln(classes) is a network that knows nothing."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return float(-(np.exp(log_probabilities) * log_probabilities).sum(axis=-1).mean())


class DomainCollapse:
    """Watches for the collapse of adversarial training.

    A collapsed network maps all images to one point: the domain head is left guessing (loss ln 2) and so is the
    classifier, on the source too. Either alone is no collapse: a domain head at ln 2 is what adaptation aims for.
    """

    def __init__(self, classes: int) -> None:
        self._chance = 1.0 / classes
        self._seen = 0
        self.message: str | None = None

    def update(self, point: Mapping[str, Any]) -> bool:
        """Take in a point of the learning curves; True once it was collapsed three times in a row."""
        at_chance = point["source_accuracy"] <= _CHANCE_FACTOR * self._chance
        guessing = abs(point.get("domain_loss", np.inf) - _LN_2) < _LOSS_TOLERANCE
        self._seen = self._seen + 1 if at_chance and guessing else 0
        if self._seen < _PATIENCE:
            return False
        self.message = self.message or (
            f"adversarial collapse at step {point['step']:.0f}: source accuracy {point['source_accuracy']:.3f} is at "
            f"chance and the domain loss {point['domain_loss']:.3f} is ln 2; "
            "lower the reversal's maximum or the learning rate, clip gradients harder, or normalise batches"
        )
        return True


def label_entropy(labels: np.ndarray, classes: int) -> float:
    """Entropy in nats of the shares of the classes among labels of any shape; what is no class is left out."""
    counts = np.bincount(labels[(labels >= 0) & (labels < classes)].ravel(), minlength=classes)
    shares = counts[counts > 0] / max(int(counts.sum()), 1)
    return float(-(shares * np.log(shares)).sum())


def findings(
    curves: Sequence[Mapping[str, Any]], diversity: float, proxy_a: float | None = None, adapts: bool = True
) -> tuple[str, ...]:
    """What is wrong with a finished run beside a collapse, a sentence each with the remedy.

    Four things are looked for: a domain head that guesses although the domains can be told apart, one that never lost,
    features that run away from it, and a classifier that adaptation has brought to answer with few of the classes.

    Args:
        curves: the watch points.
        diversity: `label_entropy` of the source, ln(classes) where all are as frequent.
        proxy_a: proxy A-distance of the features at the end, by a fresh classifier; None where it was not measured.
        adapts: whether the method looks at the target; one that does not cannot have brought it to anything.
    """
    found = []
    late = curves[-_PATIENCE:]
    accuracies = [point["domain_accuracy"] for point in late if "domain_accuracy" in point]
    if len(accuracies) == _PATIENCE:
        if max(accuracies) < _GUESSING_ACCURACY and proxy_a is not None and proxy_a > _TOLD_APART:
            found.append(
                f"dead domain head: it tells {accuracies[-1]:.0%} of the domains apart, a fresh linear classifier "
                f"{0.5 + proxy_a / 4:.0%}; raise its learning rate or width, or align class by class (cdan)"
            )
        if min(accuracies) >= _OVERPOWERING_ACCURACY:
            found.append(
                f"overpowering domain head: it still tells {accuracies[-1]:.0%} of the domains apart at the end; "
                "raise lambda, add dropout to the head, lower its learning rate, or take larger batches"
            )
    losses = [point["domain_loss"] for point in late if "domain_loss" in point]
    if losses and max(losses) > _EXPLODED_LOSS:
        found.append(
            f"exploding adversary: the domain loss has come to {max(losses):.3g}; clip gradients harder, lower lambda "
            "or the learning rate, or normalise batches"
        )
    diversities = [point["scores"]["diversity"] for point in late if "scores" in point]
    if adapts and len(diversities) == _PATIENCE and max(diversities) < _FEW_CLASSES * diversity:
        answered, labelled = np.exp(diversities[-1]), np.exp(diversity)
        found.append(
            f"few classes: predictions on the target are as diverse as {answered:.1f} equal classes, the source's "
            f"labels as {labelled:.1f}; lower the weight of the entropy, or add diversity (infomax)"
        )
    return tuple(found)
