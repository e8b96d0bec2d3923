"""One point of the learning curves: accuracy in both domains, health, and the label-free scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.adaptation.gradient_reversal import GradientReversal
from training.adaptation.health import mean_entropy
from training.adaptation.objective import Objective
from training.adaptation.task import Images, Task
from training.metrics.confusion import Confusion
from training.selection import Evidence, label_free_scores


def watch(objective: Objective, task: Task) -> dict[str, Any]:
    """Accuracies on held-out images, entropy on the target, lambda where there is one, and `scores` by name.

    Target labels go into `target_accuracy` and, of label maps, `target_mean_iou`, and nothing else; label-free scores
    are made of `Evidence`, which has none.
    """
    network = objective.network
    domain = network.domain_of(objective.evaluates_as)
    trained_on = network.domain_of(objective.domains[0] if objective.domains else 0)
    source = network.infer(task.source_watch.pixels, trained_on)
    target = network.infer(task.target_watch.pixels, domain)
    assert task.source_watch.labels is not None
    evidence = Evidence.of(
        source.logits, source.features, task.source_watch.labels, target.logits, target.features, task.ignore
    )
    point: dict[str, Any] = {
        "source_accuracy": accuracy(source.logits, task.source_watch, task.ignore),
        "target_accuracy": accuracy(target.logits, task.target_watch, task.ignore),
        "entropy": mean_entropy(target.logits),
        "scores": label_free_scores(evidence),
    }
    if task.dense:
        point["target_mean_iou"] = mean_iou(target.logits, task.target_watch, task.classes)
    layers = [layer for head in objective.heads for layer in head.layers]
    reversals = [layer for layer in layers if isinstance(layer, GradientReversal)]
    return point | ({"lambda": float(reversals[0].strength)} if reversals else {})


def accuracy(logits: np.ndarray, images: Images, ignore: int) -> float:
    """Share of the labelled images or pixels that are recognised."""
    assert images.labels is not None
    counted = images.labels != ignore
    return float(np.mean((logits.argmax(axis=-1) == images.labels)[counted]))


def mean_iou(logits: np.ndarray, images: Images, classes: int) -> float:
    """Mean intersection over union of label maps at the network's size, over the classes that occur."""
    assert images.labels is not None
    return Confusion.of(images.labels, logits.argmax(axis=-1), classes).mean_iou
