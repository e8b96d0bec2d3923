"""The files in which MNIST comes: idx, plain or gzipped (LeCun et al., yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from datasets.errors import UsageError

MAX_BYTES = 1 << 30
"""Files that announce more are refused before any memory is taken for them."""

_GZIP = b"\x1f\x8b"
_UINT8 = 8


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """A read-only uint8 array of so many dimensions.

    Raises:
        UsageError: missing, not idx of unsigned bytes, another number of dimensions, or more or fewer values than the
            header says.
    """
    try:
        with open(path, "rb") as raw:
            zipped = raw.read(2) == _GZIP
        with gzip.open(path, "rb") if zipped else open(path, "rb") as file:
            header = file.read(4 + 4 * dimensions)
            shape = _shape(path, header, dimensions)
            wanted = math.prod(shape)
            values = file.read(wanted + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path} cannot be read as an idx file: {error}") from None
    if len(values) != wanted:
        came = f"{len(values):,} bytes" if len(values) < wanted else "more"
        raise UsageError(f"{path} announces {shape}, which is {wanted:,} bytes, and holds {came}. Fetch it again")
    return np.frombuffer(values, np.uint8).reshape(shape)


def _shape(path: Path, header: bytes, dimensions: int) -> tuple[int, ...]:
    if len(header) != 4 + 4 * dimensions or header[:4] != bytes((0, 0, _UINT8, dimensions)):
        wanted = f"000008{dimensions:02x}, idx of {dimensions} dimensions of bytes"
        raise UsageError(f"{path} must begin with {wanted}; got {header.hex() or 'nothing'}")
    shape = struct.unpack(f">{dimensions}I", header[4:])
    if math.prod(shape) > MAX_BYTES:
        raise UsageError(f"{path} announces {shape}, which is more than {MAX_BYTES:,} bytes")
    return shape
