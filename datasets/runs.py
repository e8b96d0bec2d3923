"""Runs of equal ids in a label map: what costs one look at each pixel, and then only as much as there are outlines."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from PIL import Image

_FEW = 1 / 8  # runs a pixel; with more of them a plain histogram is faster
_FEW_IDS = 4  # up to so many are sooner looked for one by one


def count_ids(ids: np.ndarray, expected: Collection[int] = ()) -> np.ndarray:
    """`(256,)` int64 pixels of each id in `(height, width, 1)` uint8 ids.

    The result does not depend on `expected`, the ids that there should be; it is only found sooner.
    """
    if 0 < len(expected) <= _FEW_IDS:
        counts = np.zeros(256, np.int64)
        for index in expected:
            counts[index] = np.count_nonzero(ids == index)
        if counts.sum() == ids.size:
            return counts
    values, lengths = _runs(ids)
    if lengths is not None:
        return np.bincount(values, lengths, 256).astype(np.int64)  # its float64 sums are exact below 2**53
    height, width = ids.shape[:2]
    image = Image.frombuffer("L", (width, height), np.ascontiguousarray(ids), "raw", "L", 0, 1)
    return np.array(image.histogram(), np.int64)  # ten times as fast as numpy.bincount, which widens every id first


def count_distinct(ids: np.ndarray) -> int:
    """How many ids other than 0 occur in `(height, width, 1)` ids of any integer type."""
    values, _ = _runs(ids)
    return int(np.count_nonzero(np.unique(values)))


def _runs(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Ids and lengths of the runs, row by row as one line; lengths are None, and ids those of all pixels, if many."""
    flat = ids.reshape(-1)
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    if len(ends) > _FEW * len(flat):
        return flat, None
    ends = np.append(ends, len(flat) - 1)
    lengths = ends.copy()
    lengths[1:] -= ends[:-1]
    lengths[0] += 1
    return flat[ends], lengths
