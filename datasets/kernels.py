"""The inner loops of label maps in C (`kernels.c`), where they have been compiled.

`make setup` compiles them if the machine has a C compiler. Without them libpng and numpy do the same, three times as
slowly, so who calls `kernels()` has a way for `None` too; what comes out is the same to the bit. The interpreter is
free for other threads while they run.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec

import numpy as np

_LIBRARY = "datasets._kernels"


class Kernels:
    """The compiled loops.

    Args:
        path: of the library.

    Raises:
        OSError: it is not one for this machine.
        AttributeError: it was compiled from another version of `kernels.c`.
    """

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        self._undo_filters, self._swap_bytes = library.undo_filters, library.swap_bytes
        self._count_ids, self._mark_ids = library.count_ids, library.mark_ids
        self._undo_filters.argtypes = (pointer, pointer, size, size, size)
        self._swap_bytes.argtypes = (pointer, size)
        self._count_ids.argtypes = self._mark_ids.argtypes = (pointer, size, pointer)
        self._swap_bytes.restype = self._count_ids.restype = self._mark_ids.restype = None

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
        if len(filtered) != height * (1 + row_bytes):
            raise ValueError(f"{height} rows of {row_bytes} bytes and their filters, got {len(filtered)} bytes")
        fault = self._undo_filters(filtered, pixels.ctypes.data, height, row_bytes, pixel_bytes)
        if fault:
            raise ValueError("a row names a filter that does not exist") if fault == 1 else MemoryError
        if pixels.itemsize == 2:
            self._swap_bytes(pixels.ctypes.data, pixels.size)
        return pixels

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


def _plain(ids: np.ndarray, dtype: type[np.unsignedinteger]) -> np.ndarray:
    if ids.dtype != dtype:
        raise ValueError(f"ids must be {np.dtype(dtype)}, got {ids.dtype}")
    return np.ascontiguousarray(ids)
