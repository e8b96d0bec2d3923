"""Whole silhouettes: where each object would be seen if nothing stood before it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

BITS = 32


@dataclass(frozen=True, eq=False)
class AmodalMasks:
    """The silhouettes of all objects of one frame, one bit each.

    Attributes:
        bits: `(height, width, planes)` uint32; object i owns bit `i % 32` of plane `i // 32`.
        instances: the id of each object, in that order.
    """

    bits: np.ndarray
    instances: tuple[int, ...]

    def mask(self, instance: int) -> np.ndarray:
        """`(height, width)` bool: pixels whose centre the object would cover."""
        return self._plane(self.instances.index(instance), slice(None), slice(None))

    @cached_property
    def extents(self) -> np.ndarray:
        """`(n, 4)` int: top, left, bottom, right pixel edges of each silhouette within the frame; 0 where it is empty.

        All bits at once: the columns and rows are or-ed together first.
        """
        return extents_of_bits(
            np.bitwise_or.reduce(self.bits, axis=1), np.bitwise_or.reduce(self.bits, axis=0), len(self.instances)
        )

    @cached_property
    def areas(self) -> np.ndarray:
        """`(n,)` int: pixels of each silhouette."""
        areas = np.zeros(len(self.instances), np.int64)
        for place, (top, left, bottom, right) in enumerate(self.extents.tolist()):
            areas[place] = np.count_nonzero(self._plane(place, slice(top, bottom), slice(left, right)))
        return areas

    def run_lengths(self, instance: int) -> list[int]:
        """The silhouette as `run_lengths` codes it."""
        place = self.instances.index(instance)
        _, left, _, right = self.extents[place].tolist()
        return run_lengths(self._plane(place, slice(None), slice(left, right)), left, self.bits.shape[1])

    def _plane(self, place: int, rows: slice, columns: slice) -> np.ndarray:
        return (self.bits[rows, columns, place // BITS] & np.uint32(1 << place % BITS)) != 0


def extents_of_bits(rows: np.ndarray, columns: np.ndarray, count: int) -> np.ndarray:
    """`(count, 4)` int: top, left, bottom, right edges from `(height, planes)` and `(width, planes)` of or-ed bits."""
    extents = np.zeros((count, 4), np.int64)
    for axis, line in enumerate((rows, columns)):
        shifts = np.arange(BITS, dtype=np.uint32)
        used = ((line[:, :, None] >> shifts) & 1).astype(bool).reshape(len(line), -1)[:, :count]
        present = used.any(axis=0)
        extents[:, axis] = np.where(present, used.argmax(axis=0), 0)
        extents[:, axis + 2] = np.where(present, len(line) - used[::-1].argmax(axis=0), 0)
    return extents


def run_lengths(mask: np.ndarray, left: int = 0, width: int | None = None) -> list[int]:
    """COCO's uncompressed run-length code of a mask: lengths of 0s and 1s in turn, down columns.

    Args:
        mask: `(height, n)` bool, columns `left` to `left + n` of the whole mask; there is nothing beside them.
        left: of the first column given.
        width: of the whole mask; that of the columns given where there are no others.
    """
    height, given = mask.shape
    flat = np.zeros(mask.size + 2, np.int8)
    flat[1:-1] = mask.T.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + left * height
    total = height * (left + given if width is None else width)
    if changes.size and changes[-1] == total:
        changes = changes[:-1]
    return np.diff(np.concatenate([[0], changes, [total]])).tolist()


def from_run_lengths(counts: list[int], height: int, width: int) -> np.ndarray:
    """The inverse of `run_lengths`: `(height, width)` bool."""
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape((height, width), order="F")
