"""Arrays that are used again once nobody looks at them: fresh pages for every frame cost as much as drawing it."""

from __future__ import annotations

import sys

import numpy as np


class ArrayPool:
    """Arrays by shape and type; each belongs to whoever holds it, or a view of it, and returns by being let go of.

    Args:
        limit: so many free ones of a kind are kept.
    """

    def __init__(self, limit: int = 4) -> None:
        self._limit = limit
        self._kept: dict[tuple[tuple[int, ...], str], list[np.ndarray]] = {}

    def take(self, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """An array with arbitrary contents that nothing else refers to."""
        kept = self._kept.setdefault((shape, dtype), [])
        for place in range(len(kept)):
            # The list's reference and that of the call itself: no one else holds the array, nor a view of it.
            if sys.getrefcount(kept[place]) == 2:
                return kept[place]
        array = np.empty(shape, dtype)
        if len(kept) < self._limit:
            kept.append(array)
        return array
