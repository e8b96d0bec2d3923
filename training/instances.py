"""From a map of classes to objects: connected components, or a watershed where objects touch."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
from scipy import ndimage

from datasets.errors import UsageError
from training.metrics.average_precision import PredictedInstance
from training.metrics.instance_iou import MANY

Split = Literal["components", "watershed"]

_EIGHT = np.ones((3, 3), bool)


def instance_map(
    semantic: np.ndarray,
    things: Collection[int],
    split: Split = "components",
    least_pixels: int = 1,
    neck: float = 0.6,
    least_radius: float = 3.0,
) -> np.ndarray:
    """Number the objects of the countable classes.

    Args:
        semantic: `(height, width)` class ids as a label space stores them.
        things: ids of the countable classes, 1 or more, because 0 * 1000 + n would look like another class.
        split: `components` takes what is connected, corners included, for one object; `watershed` also cuts it where it
            narrows between two blobs.
        least_pixels: smaller objects get no number: their pixels keep the class id, as groups do.
        neck: of `watershed`: two blobs are cut apart where what joins them is narrower than this share of the smaller.
        least_radius: of `watershed`: a blob whose inscribed circle is smaller is never cut off, in pixels.

    Returns:
        `(height, width)` int32: class id * 1000 + n for objects, n from 0 by falling size, and the class id for all
        else. Of a class the 1000 largest objects are numbered.

    Raises:
        UsageError: a countable class has id 0 or below, or there is no such way to split.
    """
    if split not in ("components", "watershed"):
        raise UsageError(f"objects are split by components or watershed, got {split!r}")
    if any(label < 1 for label in things):
        raise UsageError(f"ids of countable classes must be 1 or more, got {sorted(things)}; use the stored ids")
    numbered = semantic.astype(np.int32)
    for label in sorted(things):
        mask = semantic == label
        if mask.any():
            parts = _components(mask) if split == "components" else _watershed(mask, neck, least_radius)
            _number(numbered, parts, label, least_pixels)
    return numbered


def predicted_instances(instances: np.ndarray, probabilities: np.ndarray | None = None) -> list[PredictedInstance]:
    """The objects of an instance map, as AP wants them.

    Args:
        instances: of `instance_map`.
        probabilities: `(height, width)` of the class that was predicted; the mean over an object is its confidence.
            None gives all 1.
    """
    found = []
    for number in np.unique(instances[instances >= MANY]).tolist():
        mask = instances == number
        score = 1.0 if probabilities is None else float(probabilities[mask].mean())
        found.append(PredictedInstance(mask, number // MANY, score))
    return found


def _components(mask: np.ndarray) -> np.ndarray:
    return ndimage.label(mask, _EIGHT)[0]


def _watershed(mask: np.ndarray, neck: float, least_radius: float) -> np.ndarray:
    """Basins of the distance to the outside, flooded from the deepest place up; 0 outside the mask."""
    height, width = (side + 2 for side in mask.shape)
    depth = ndimage.distance_transform_edt(np.pad(mask, 1)).ravel()  # beyond the image is outside
    order = np.flatnonzero(depth)
    order = order[np.argsort(-depth[order], kind="stable")]
    around = [down * width + right for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
    basin = np.zeros(height * width, np.int64).tolist()
    levels = depth.tolist()
    into, peak = [0], [0.0]  # of each basin: the one that it was joined to, and its deepest place

    def joined(number: int) -> int:
        while into[number] != number:
            number = into[number]
        return number

    for place in order.tolist():
        level = levels[place]
        beside = [place + step for step in around if basin[place + step]]
        if not beside:
            basin[place] = len(into)
            into.append(len(into))
            peak.append(level)
            continue
        basin[place] = joined(basin[max(beside, key=levels.__getitem__)])
        met = sorted({joined(basin[other]) for other in beside}, key=lambda number: -peak[number])
        for other in met[1:]:  # the deepest takes in those that it meets at a wide neck, and those that are small
            if peak[other] < least_radius or level > neck * peak[other]:
                into[other] = met[0]
    numbers = np.array([joined(number) for number in range(len(into))])
    return numbers[basin].reshape(height, width)[1:-1, 1:-1]


def _number(numbered: np.ndarray, parts: np.ndarray, label: int, least_pixels: int) -> None:
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")
    kept = [part for part in order if sizes[part] >= max(1, least_pixels)][:MANY]
    table = np.full(len(sizes), label, np.int32)
    table[kept] = label * MANY + np.arange(len(kept))
    inside = parts > 0
    numbered[inside] = table[parts[inside]]
