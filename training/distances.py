"""How far apart two domains are, on features that the caller names.

All take `(n, channels)` and `(m, channels)` arrays. A number on its own says little: `placed` sets it between the
distance of two halves of one domain and that to noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Distance = Callable[[np.ndarray, np.ndarray], float]

_BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Placed:
    """A distance with what it is to be read against.

    Attributes:
        value: of both domains.
        floor: of two random halves of the target.
        ceiling: the greatest that the distance can be, where there is such, else that of the target and noise.
        share: (value - floor) / (ceiling - floor); 0 is one domain; it may exceed 1. None where both ends agree.
    """

    value: float
    floor: float
    ceiling: float
    share: float | None


def placed(distance: Distance, source: np.ndarray, target: np.ndarray, noise: np.ndarray, seed: int = 0) -> Placed:
    """A distance between its floor and its ceiling.

    The source and the noise are held against half of the target, so that all three numbers have the same sample sizes.
    """
    order = np.random.default_rng(seed).permutation(len(target))
    half = len(target) // 2
    one, other = target[order[:half]], target[order[half : 2 * half]]
    value, floor = (distance(rows[:half], other) for rows in (source, one))
    ceiling = _GREATEST.get(distance) or distance(noise[:half], other)
    span = ceiling - floor
    return Placed(value, floor, ceiling, (value - floor) / span if span > 0 else None)


def proxy_a_distance(source: np.ndarray, target: np.ndarray, seed: int = 0) -> float:
    """2 (1 - 2 e), e the error of a linear classifier of the domains on the half that it has not seen.

    Ben-David et al., NIPS 2007; 0 where the domains cannot be told apart, 2 where they always can. Both domains count
    alike in the error whatever their sizes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    halves = []
    for rows in (source, target):
        order = rng.permutation(len(rows))
        halves.append((rows[order[: len(rows) // 2]], rows[order[len(rows) // 2 :]]))
    (seen_source, source_test), (seen_target, target_test) = halves
    rows = np.concatenate([seen_source, seen_target]).astype(np.float64)
    domains = np.repeat([0, 1], [len(seen_source), len(seen_target)])
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, max_iter=500, class_weight="balanced", random_state=seed)
    )
    classifier.fit(rows, domains)
    error = (classifier.predict(source_test).mean() + 1.0 - classifier.predict(target_test).mean()) / 2
    return float(np.clip(2.0 * (1.0 - 2.0 * error), 0.0, 2.0))


def maximum_mean_discrepancy(source: np.ndarray, target: np.ndarray) -> float:
    """Unbiased squared MMD (Gretton et al., JMLR 2012, equation 3) under five Gaussian kernels.

    Their widths are a quarter to four times the mean squared distance of all pairs. May be slightly negative.
    """
    rows = np.concatenate([source, target]).astype(np.float64)
    squares = np.square(rows).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None] - 2 * rows @ rows.T, 0)
    scale = distances.sum() / (len(rows) * (len(rows) - 1)) + 1e-12
    kernel = np.mean([np.exp(-distances / (bandwidth * scale)) for bandwidth in _BANDWIDTHS], axis=0)
    return _unbiased(kernel, len(source))


def kernel_inception_distance(source: np.ndarray, target: np.ndarray) -> float:
    """Unbiased squared MMD under (x y / channels + 1)^3 (KID: Binkowski et al., ICLR 2018, 1801.01401)."""
    rows = np.concatenate([source, target]).astype(np.float64)
    return _unbiased((rows @ rows.T / rows.shape[1] + 1.0) ** 3, len(source))


DISTANCES: dict[str, Distance] = {
    "proxy_a": proxy_a_distance,
    "mmd": maximum_mean_discrepancy,
    "kid": kernel_inception_distance,
}
"""Distances by name."""

_GREATEST: dict[Distance, float] = {proxy_a_distance: 2.0}


def pixel_features(images: np.ndarray, side: int = 8) -> np.ndarray:
    """Fixed features that no training changes: images averaged down to `side` x `side` cells, values 0 to 1.

    Args:
        images: `(n, height, width, channels)` uint8, or `(n, numbers)`, which are handed back.
        side: cells a side.
    """
    if images.ndim == 2:
        return images.astype(np.float64)
    rows, columns = (np.linspace(0, length, side + 1).astype(int)[:-1] for length in images.shape[1:3])
    sums = np.add.reduceat(np.add.reduceat(images.astype(np.float64), rows, axis=1), columns, axis=2)
    areas = np.diff([*rows, images.shape[1]])[:, None] * np.diff([*columns, images.shape[2]])
    return np.asarray((sums / areas[..., None] / 255.0).reshape(len(images), -1))


def _unbiased(kernel: np.ndarray, count: int) -> float:
    own, other, between = kernel[:count, :count], kernel[count:, count:], kernel[:count, count:]
    n, m = len(own), len(other)
    inside = (own.sum() - np.trace(own)) / (n * (n - 1)) + (other.sum() - np.trace(other)) / (m * (m - 1))
    return float(inside - 2 * between.mean())
