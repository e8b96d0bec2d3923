"""Weights of classes, from the pixel counts that a data set's manifest holds of its training split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from datasets.errors import UsageError
from datasets.labels import IGNORE, LabelSpace


def class_weights(
    kind: str, statistics: Mapping[str, Any], space: LabelSpace, path: str = "semantic", table: np.ndarray | None = None
) -> list[float]:
    """The weight of each class, by dense index.

    Args:
        kind: a name of `CLASS_WEIGHTS`.
        statistics: of the training split, as its manifest has them.
        space: the classes that are trained on.
        path: the field whose pixels are counted.
        table: `(256,)` the dense index of each stored id, where the stored ids are of another space.

    Raises:
        UsageError: there is no such kind, or the manifest has no counts of the field.
    """
    if kind not in CLASS_WEIGHTS:
        raise UsageError(f"there are no class weights {kind!r}; there are {', '.join(CLASS_WEIGHTS)}")
    if not statistics.get("pixels", {}).get(path):
        raise UsageError(f"the manifest counts no pixels of {path!r} in this split, so classes cannot be weighed")
    table = space.index_table if table is None else table
    pixels = _by_class(statistics["pixels"][path], table, len(space))
    # Of ids that become one class, images that have several of them are known only to be some of them.
    images = np.minimum(_by_class(statistics["images"][path], table, len(space)), statistics["examples"])
    return [float(weight) for weight in CLASS_WEIGHTS[kind](pixels, images * _mean_area(statistics))]


def median_frequency(pixels: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Median frequency over frequency: Eigen and Fergus, ICCV 2015 (1411.4734); 0 for classes that do not occur.

    Args:
        pixels: `(classes,)` pixels of each class.
        area: `(classes,)` pixels of all images in which the class occurs.
    """
    present = pixels > 0
    frequency = pixels[present] / area[present]
    weights = np.zeros(len(pixels))
    weights[present] = np.median(frequency) / frequency if present.any() else 0
    return weights


def root_median_frequency(maps: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Square roots of `median_frequency` over label maps in memory, between 1/10 and 10.

    The root, because the full weights, which differ a thousandfold between sky and sign, let a small network paint
    thin things over everything else.

    Args:
        maps: `(n, height, width)` dense ids each; other ids than those of classes are void.
        classes: how many there are.

    Returns:
        `(classes,)`; 1/10 for classes that do not occur.
    """
    pixels, area = np.zeros(classes), np.zeros(classes)
    for labels in maps:
        for label_map in labels:
            counts = np.bincount(label_map.reshape(-1), minlength=classes)[:classes]
            pixels += counts
            area += (counts > 0) * label_map.size
    return np.clip(np.sqrt(median_frequency(pixels, area)), 0.1, 10)


def log_inverse(pixels: np.ndarray, area: np.ndarray) -> np.ndarray:
    """1 / ln(1.02 + share of the labelled pixels): Paszke et al., ENet, 2016 (1606.02147); from 1.4 to 50.5.

    Args:
        pixels: `(classes,)` pixels of each class.
        area: not used.
    """
    return 1 / np.log(1.02 + pixels / max(pixels.sum(), 1))


CLASS_WEIGHTS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "median_frequency": median_frequency,
    "log_inverse": log_inverse,
}
"""Ways to weigh classes by name."""


def _by_class(counts: Mapping[str, int], table: np.ndarray, classes: int) -> np.ndarray:
    sums = np.zeros(classes, np.int64)
    for stored, count in counts.items():
        if table[int(stored)] != IGNORE:
            sums[table[int(stored)]] += count
    return sums


def _mean_area(statistics: Mapping[str, Any]) -> float:
    """Pixels of an image; where sizes differ the mean, as the manifest does not say which sizes a class occurs in."""
    areas = {size: np.prod([int(side) for side in size.split("x")]) for size in statistics["sizes"]}
    return float(sum(areas[size] * count for size, count in statistics["sizes"].items()) / statistics["examples"])
