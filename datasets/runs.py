"""Runs of equal ids in a label map: what costs one look at each pixel, and then only as much as there are outlines."""

from __future__ import annotations

import numpy as np
from PIL import Image

from datasets.kernels import kernels

_FEW = 1 / 8  # runs a pixel; with more of them a plain histogram is faster


def count_ids(ids: np.ndarray) -> np.ndarray:
    """`(256,)` int64 pixels of each id in `(height, width, 1)` uint8 ids."""
    loops = kernels()
    if loops:
        return loops.count_ids(ids)
    values, lengths = _runs(ids)
    if lengths is not None:
        return np.bincount(values, lengths, 256).astype(np.int64)  # its float64 sums are exact below 2**53
    height, width = ids.shape[:2]
    image = Image.frombuffer("L", (width, height), np.ascontiguousarray(ids), "raw", "L", 0, 1)
    return np.array(image.histogram(), np.int64)  # ten times as fast as numpy.bincount, which widens every id first


def count_distinct(ids: np.ndarray) -> int:
    """How many ids other than 0 occur in `(height, width, 1)` ids of any integer type."""
    loops = kernels() if ids.dtype == np.uint16 else None
    return int(np.count_nonzero(loops.distinct_ids(ids) if loops else np.unique(_runs(ids)[0])))


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
