"""Distances between the domains on what a network makes of them, and on pixels that no training changes."""

from __future__ import annotations

import numpy as np

from training.adaptation.network import Network
from training.adaptation.task import SOURCE, Task
from training.distances import DISTANCES, Placed, pixel_features, placed

_MOST_IMAGES = 600


def measure_pixels(task: Task) -> dict[str, Placed]:
    """Distances by name on images averaged down to 8 x 8 cells."""
    source, target = task.source_watch.pixels[:_MOST_IMAGES], task.target_watch.pixels[:_MOST_IMAGES]
    one, other, noise = (pixel_features(images) for images in (source, target, noise_like(target)))
    return {name: placed(distance, one, other, noise) for name, distance in DISTANCES.items()}


def measure_features(network: Network, task: Task, target_domain: int) -> dict[str, Placed]:
    """Distances by name on the network's features, each domain normalised as it is when it is classified."""
    source, target = task.source_watch.pixels[:_MOST_IMAGES], task.target_watch.pixels[:_MOST_IMAGES]
    domains = (network.domain_of(SOURCE), target_domain, target_domain)
    images = (source, target, noise_like(target))
    rows = (feature_rows(network, pixels, domain) for pixels, domain in zip(images, domains, strict=True))
    one, other, noise = rows
    return {name: placed(distance, one, other, noise) for name, distance in DISTANCES.items()}


def feature_rows(network: Network, pixels: np.ndarray, domain: int) -> np.ndarray:
    """`(n, channels)` features; maps are averaged over their places."""
    features = np.asarray(network.infer(pixels, domain).features, np.float64)
    return features if features.ndim == 2 else np.asarray(features.mean(axis=(1, 2)))


def noise_like(examples: np.ndarray, seed: int = 0) -> np.ndarray:
    """Uniform noise of the examples' shape and range: as far from them as anything is."""
    rng = np.random.default_rng(seed)
    if examples.dtype == np.uint8:
        return rng.integers(0, 256, examples.shape, np.uint8)
    low, high = examples.min(), examples.max()
    return rng.uniform(2 * low - high, 2 * high - low, examples.shape).astype(examples.dtype)
