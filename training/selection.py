"""Choosing a checkpoint without target labels, and how good that choice was.

Every score is higher where the checkpoint promises more. What they are computed from, `Evidence`, has no place for a
target label. How honest selection changes comparisons: Musgrave et al., 2111.15672 and 2208.07360.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.selection_risk import deep_embedded_risk

_MOST_ROWS = 2000
_TEMPERATURE = 0.05
_LEAST = 1e-12

DEFAULT_SCORE = "infomax"
"""Ranked checkpoints best in our own runs on MNIST-M, and needs no features."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a choice without target labels may look at.

    Attributes:
        source: `(n, classes)` probabilities of held-out source images or pixels.
        source_labels: `(n,)` their classes.
        source_features: `(n, channels)`.
        target: `(m, classes)` probabilities of unlabelled target images or pixels.
        target_features: `(m, channels)`.
    """

    source: np.ndarray
    source_labels: np.ndarray
    source_features: np.ndarray
    target: np.ndarray
    target_features: np.ndarray

    @classmethod
    def of(
        cls,
        source_logits: np.ndarray,
        source_features: np.ndarray,
        source_labels: np.ndarray,
        target_logits: np.ndarray,
        target_features: np.ndarray,
        ignore: int,
    ) -> Evidence:
        """From logits and features; of pixels, an even selection of at most 2,000 with the features at their place."""
        places = np.flatnonzero(source_labels.reshape(-1) != ignore)
        own = places[_evenly(len(places))]
        others = _evenly(target_logits[..., 0].size)
        return cls(
            _softmax(_rows(source_logits)[own]),
            source_labels.reshape(-1)[own].astype(np.int64),
            _features_at(source_features, source_logits, own),
            _softmax(_rows(target_logits)[others]),
            _features_at(target_features, target_logits, others),
        )


def label_free_scores(evidence: Evidence) -> dict[str, float]:
    """All scores by name."""
    return {name: float(score(evidence)) for name, score in SCORES.items()}


def source_validation(evidence: Evidence) -> float:
    """Accuracy on held-out source images."""
    return float(np.mean(evidence.source.argmax(axis=1) == evidence.source_labels))


def sureness(evidence: Evidence) -> float:
    """Minus the mean entropy of target predictions, in nats (Morerio et al., ICLR 2018, 1711.10288)."""
    return -float(_entropies(evidence.target).mean())


def diversity(evidence: Evidence) -> float:
    """Entropy of the mean target prediction, in nats: ln(classes) where all classes are predicted alike."""
    return float(_entropies(evidence.target.mean(axis=0)))


def information(evidence: Evidence) -> float:
    """Diversity less entropy: the mutual information of image and prediction (Musgrave et al., 2208.07360)."""
    return diversity(evidence) + sureness(evidence)


def batch_nuclear_norm(evidence: Evidence) -> float:
    """Nuclear norm of the matrix of target predictions over its greatest value (Cui et al., CVPR 2020, 2003.12237)."""
    count, classes = evidence.target.shape
    return float(np.linalg.norm(evidence.target, "nuc") / np.sqrt(count * min(count, classes)))


def soft_neighborhood_density(evidence: Evidence) -> float:
    """Mean entropy of each target prediction's similarity to all others (SND: Saito et al., ICCV 2021, 2108.10860)."""
    rows = evidence.target / np.maximum(np.linalg.norm(evidence.target, axis=1, keepdims=True), _LEAST)
    similarity = rows @ rows.T / _TEMPERATURE
    np.fill_diagonal(similarity, -np.inf)
    return float(_entropies(_softmax(similarity)).mean())


def deep_embedded_validation(evidence: Evidence) -> float:
    """Minus the source risk reweighted to the target's features (DEV: You et al., ICML 2019)."""
    wrong = (evidence.source.argmax(axis=1) != evidence.source_labels).astype(np.float64)
    return -deep_embedded_risk(evidence.source_features, evidence.target_features, wrong)


SCORES: dict[str, Callable[[Evidence], float]] = {
    "source_validation": source_validation,
    "entropy": sureness,
    "diversity": diversity,
    "infomax": information,
    "bnm": batch_nuclear_norm,
    "snd": soft_neighborhood_density,
    "dev": deep_embedded_validation,
}
"""Label-free scores by name."""


def best_point(curve: Sequence[Mapping[str, Any]], score: str) -> int:
    """Place in the curve of the checkpoint with the highest score, the earliest of equals; `oracle` looks at labels."""
    values = [truth_of(point) if score == "oracle" else point["scores"][score] for point in curve]
    return int(np.argmax([-np.inf if value is None or np.isnan(value) else value for value in values]))


def truth_of(point: Mapping[str, Any]) -> float:
    """What a checkpoint is worth by target labels: mean IoU of label maps, else accuracy."""
    return float(point.get("target_mean_iou", point["target_accuracy"]))


@dataclass(frozen=True)
class Audit:
    """How good a label-free score was, found with labels afterwards.

    Attributes:
        correlation: Spearman's rank correlation of score and `truth_of` over the checkpoints; None where either does
            not vary.
        regret: `truth_of` the best checkpoint minus that of the chosen one.
    """

    correlation: float | None
    regret: float


def audit(curve: Sequence[Mapping[str, Any]], score: str) -> Audit:
    """Hold a score against the target accuracy of the watch points."""
    truth = np.array([truth_of(point) for point in curve], np.float64)
    values = np.array([point["scores"][score] for point in curve], np.float64)
    return Audit(rank_correlation(values, truth), float(truth.max() - truth[best_point(curve, score)]))


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's rho, equal values sharing the mean of their ranks; None where one of both does not vary."""
    ranks = [_ranks(values) - (len(values) - 1) / 2 for values in (first, second)]
    norms = [float(np.sqrt(np.square(rank).sum())) for rank in ranks]
    return float(ranks[0] @ ranks[1]) / (norms[0] * norms[1]) if min(norms) > 0 else None


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[places])


def _entropies(probabilities: np.ndarray) -> Any:
    return -(probabilities * np.log(np.maximum(probabilities, _LEAST))).sum(axis=-1)


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def _rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])


def _evenly(count: int) -> np.ndarray:
    """At most 2,000 of `count` places, at even distances."""
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_ROWS)).round().astype(np.int64))


def _features_at(features: np.ndarray, logits: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Features of images or, where `places` are those of pixels, of the coarser map's place that the pixel lies in."""
    if features.ndim == 2:
        return features[places]
    index = np.unravel_index(places, logits.shape[:-1])
    rows = index[1] * features.shape[1] // logits.shape[1]
    columns = index[2] * features.shape[2] // logits.shape[2]
    return np.asarray(features[index[0], rows, columns])
