"""The inner loops of reading label maps and counting pixels in C (`kernels.c`), where they have been compiled.

`make setup` compiles them if the machine has a C compiler. Without them libpng and numpy do the same, four to eight
times as slowly, so who calls `kernels()` has a way for `None` too; what comes out is the same to the bit. The
interpreter is free for other threads while they run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise

import numpy as np

_LIBRARY = "datasets._kernels"
_Counts = ctypes.c_int64 * 256
_MOST_ROWS = 257  # of 255 each, which is what uint16 holds


class Kernels:
    """The compiled loops.

    Args:
        path: of the library; it is kept.

    Raises:
        OSError: it is not one for this machine.
        AttributeError: it was compiled from another version of `kernels.c`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        library = ctypes.CDLL(path)
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self._undo_filters, self._sum_bands = library.undo_filters, library.sum_bands
        self._count_ids, self._mark_ids = library.count_ids, library.mark_ids
        self._undo_filters.argtypes = (pointer, pointer, size, size, size, ctypes.c_int)
        self._count_ids.argtypes = self._mark_ids.argtypes = (pointer, size, pointer)
        self._count_filtered_ids, self._mark_filtered_ids = library.count_filtered_ids, library.mark_filtered_ids
        self._count_filtered_ids.argtypes = self._mark_filtered_ids.argtypes = (pointer, size, size, pointer)
        self._chunks_are_whole = library.chunks_are_whole
        self._chunks_are_whole.argtypes = (pointer, size)
        self._sum_bands.argtypes = (pointer, size, size, pointer, size, pointer, pointer)
        for function in (self._count_ids, self._mark_ids, self._sum_bands):
            function.restype = None

    def undo_filters(self, filtered: bytes, shape: tuple[int, int, int], dtype: type[np.unsignedinteger]) -> np.ndarray:
        """Pixels of a PNG from its inflated rows (PNG, second edition, 9).

        Args:
            filtered: of each row the number of its filter and its bytes.
            shape: `(height, width, channels)`.
            dtype: uint8 or uint16.

        Raises:
            ValueError: the bytes are too few or too many for the shape, or a row names a filter that does not exist.
        """
        height, width, channels = shape
        pixels = np.empty(shape, dtype)
        pixel_bytes = channels * pixels.itemsize
        row_bytes = width * pixel_bytes
        _check_rows(filtered, height, row_bytes)
        deep = pixels.itemsize == 2
        _check_fault(self._undo_filters(filtered, pixels.ctypes.data, height, row_bytes, pixel_bytes, deep))
        return pixels

    def count_filtered_ids(self, filtered: bytes, height: int, width: int) -> np.ndarray:
        """`(256,)` int64 pixels of each id in the inflated rows of a PNG of uint8 ids, whose pixels are not kept.

        Raises:
            ValueError: as `undo_filters` does.
        """
        _check_rows(filtered, height, width)
        counts = _Counts()  # numpy would take longer to say where an array lies than a small map takes
        _check_fault(self._count_filtered_ids(filtered, height, width, counts))
        return np.frombuffer(memoryview(counts).cast("B"), np.int64)

    def distinct_filtered_ids(self, filtered: bytes, height: int, width: int) -> np.ndarray:
        """The different ids in those of a PNG of uint16 ids, in ascending order.

        Raises:
            ValueError: as `undo_filters` does.
        """
        _check_rows(filtered, height, 2 * width)
        seen = np.zeros(1 << 16, np.bool_)
        _check_fault(self._mark_filtered_ids(filtered, height, 2 * width, seen.ctypes.data))
        return np.flatnonzero(seen)

    def count_ids(self, ids: np.ndarray) -> np.ndarray:
        """`(256,)` int64 pixels of each id in uint8 ids of any shape."""
        ids, counts = _plain(ids, np.uint8), np.zeros(256, np.int64)
        self._count_ids(ids.ctypes.data, ids.size, counts.ctypes.data)
        return counts

    def distinct_ids(self, ids: np.ndarray) -> np.ndarray:
        """The different ids among uint16 ids of any shape, in ascending order."""
        ids, seen = _plain(ids, np.uint16), np.zeros(1 << 16, np.bool_)
        self._mark_ids(ids.ctypes.data, ids.size, seen.ctypes.data)
        return np.flatnonzero(seen)

    def chunks_are_whole(self, data: bytes) -> bool:
        """Whether every chunk of a PNG to the last has the CRC that it says. `False` may mean that nobody looked."""
        return bool(self._chunks_are_whole(data, len(data)))

    def sum_bands(self, rows: np.ndarray, edges: Sequence[int]) -> np.ndarray:
        """`(bands, n)` uint16 sums over the rows from each edge to the next of `(m, n)` uint8 rows.

        Raises:
            ValueError: a band leaves the rows, or has more of them than uint16 can add up.
        """
        sums = np.zeros((len(edges) - 1, rows.shape[1]), np.uint16)
        self._sum(rows, edges, sums, None)
        return sums

    def sum_squares(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`(n,)` uint16 sums and uint32 sums of squares over `(m, n)` uint8 rows.

        Raises:
            ValueError: there are more rows than uint16 can add up.
        """
        sums, squares = np.zeros((1, rows.shape[1]), np.uint16), np.zeros(rows.shape[1], np.uint32)
        self._sum(rows, (0, len(rows)), sums, squares)
        return sums[0], squares

    def _sum(self, rows: np.ndarray, edges: Sequence[int], sums: np.ndarray, squares: np.ndarray | None) -> None:
        stride, step = rows.strides
        if rows.dtype != np.uint8 or step != 1 or stride < 0:
            raise ValueError(f"rows must be uint8 whose bytes follow each other, got {rows.dtype} {rows.strides}")
        most = max(stop - start for start, stop in pairwise(edges))
        if sorted(edges) != list(edges) or edges[0] < 0 or edges[-1] > len(rows) or most > _MOST_ROWS:
            raise ValueError(f"edges must rise from 0 to {len(rows)} by at most {_MOST_ROWS}, got {list(edges)}")
        bands = len(edges) - 1
        places = (ctypes.c_size_t * len(edges))(*edges)
        place_of_squares = None if squares is None else squares.ctypes.data
        self._sum_bands(rows.ctypes.data, stride, rows.shape[1], places, bands, sums.ctypes.data, place_of_squares)


@cache
def kernels() -> Kernels | None:
    """The compiled loops, None where there are none."""
    found = find_spec(_LIBRARY)
    if found is None or found.origin is None:
        return None
    try:
        return Kernels(found.origin)
    except (OSError, AttributeError):
        return None


def _check_rows(filtered: bytes, height: int, row_bytes: int) -> None:
    if not row_bytes or len(filtered) != height * (1 + row_bytes):
        raise ValueError(f"{height} rows of {row_bytes} bytes and their filters, got {len(filtered)} bytes")


def _check_fault(fault: int) -> None:
    if fault:
        raise ValueError("a row names a filter that does not exist") if fault == 1 else MemoryError


def _plain(ids: np.ndarray, dtype: type[np.unsignedinteger]) -> np.ndarray:
    if ids.dtype != dtype:
        raise ValueError(f"ids must be {np.dtype(dtype)}, got {ids.dtype}")
    return np.ascontiguousarray(ids)
