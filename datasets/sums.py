"""Sums over rows of pixels, which tell what is on an image without looking at each pixel from Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from datasets.kernels import kernels


def sum_bands(rows: np.ndarray, edges: Sequence[int]) -> np.ndarray:
    """`(bands, n)` uint16 sums over the rows from each edge to the next, at most 257, of `(m, n)` uint8 rows."""
    loops = kernels()
    if loops:
        return loops.sum_bands(rows, edges)
    bands = [rows[start:stop] for start, stop in pairwise(edges)]
    return np.stack([np.add.reduce(band, axis=0, dtype=np.uint16) for band in bands])


def sum_squares(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`(n,)` uint16 sums and uint32 sums of squares over at most 257 `(m, n)` uint8 rows."""
    loops = kernels()
    if loops:
        return loops.sum_squares(rows)
    values = rows.astype(np.uint16)
    sums = np.add.reduce(values, axis=0, dtype=np.uint16)
    values *= values
    return sums, np.add.reduce(values, axis=0, dtype=np.uint32)
