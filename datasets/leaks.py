"""Images that stand in more than one split: a score on them is worth less than it seems.

Exact copies are known by length and checksum. Near copies (compressed anew, resized, brightened a little) are known by
the signs of the differences between neighbouring cells of a 16 x 17 grid of grey means, 256 bits of which two copies
share nearly all and two photographs about half (the "difference hash"). It needs pixels, so only images that were
decoded anyway have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import google_crc32c
import numpy as np

from datasets.raster import Raster
from datasets.sums import sum_bands

MOST_BITS_APART = 24
"""Of 256. On 600 photographs of pets, copies of half the size were at most 13 bits away, copies by JPEG of quality 50
at most 23 in 99 of 100 cases; the six pairs below 24 were one picture each, and the next pair was 44 away."""

_ROWS, _COLUMNS = 16, 17
_SMALLEST_SIDE = 64  # pixels; icons and digits look alike without being copies
_SMALLEST_SPREAD = 6.0  # grey levels between cells; an image without any structure looks like every other
_ROWS_MEASURED = 256
_BAND_BYTES = 2
_LARGEST_BUCKET = 64  # a band that more images share says nothing; near copies agree in other bands too


@dataclass(frozen=True)
class Trace:
    """What is remembered of one stored image.

    Attributes:
        split: where it stands.
        key: of its sample.
        length: bytes of the stored image.
        crc: CRC-32C of these bytes.
        looks: 64 hexadecimal digits, or empty where the pixels were not looked at or say too little.
    """

    split: str
    key: str
    length: int
    crc: int
    looks: str = ""

    @classmethod
    def of(cls, split: str, key: str, image: Raster) -> Trace:
        """The trace of a stored image."""
        looks = difference_hash(image.array) if image.decoded else ""
        return cls(split, key, len(image.data), google_crc32c.value(image.data), looks)


def difference_hash(pixels: np.ndarray) -> str:
    """64 hexadecimal digits for `(height, width, channels)` uint8 pixels; empty for small or flat images."""
    height, width, channels = pixels.shape
    if min(height, width) < _SMALLEST_SIDE:
        return ""
    rows = pixels.reshape(height, width * channels)[:: max(1, height // _ROWS_MEASURED)]
    by_row = sum_bands(rows, _edges(len(rows), _ROWS))  # of at most 32 rows
    green = by_row[:, channels // 2 :: channels]  # or the only channel
    sums = np.add.reduceat(green, _edges(width, _COLUMNS)[:-1], axis=1, dtype=np.uint32)
    means = sums * 16 // _areas(len(rows), width)  # in sixteenths of a level
    if _variance(means) < (16 * _SMALLEST_SPREAD) ** 2:
        return ""
    return np.packbits(means[:, 1:] > means[:, :-1]).tobytes().hex()


def _variance(values: np.ndarray) -> float:
    """Of a few whole numbers, for which numpy's own way takes five times as long."""
    count, total = values.size, int(values.sum())
    return (int(np.vdot(values, values)) - total * total / count) / count


@lru_cache
def _edges(size: int, cells: int) -> tuple[int, ...]:
    return tuple(cell * size // cells for cell in range(cells + 1))


@lru_cache
def _areas(height: int, width: int) -> np.ndarray:
    """`(16, 17)` pixels of each cell."""
    return np.outer(np.diff(_edges(height, _ROWS)), np.diff(_edges(width, _COLUMNS)))


def find_copies(traces: Iterable[Trace]) -> tuple[str, ...]:
    """Images that are the same to the byte in two splits or more, as `split/key = split/key`."""
    places: dict[tuple[int, int], list[Trace]] = {}
    for trace in traces:
        places.setdefault((trace.length, trace.crc), []).append(trace)
    several = (found for found in places.values() if len({trace.split for trace in found}) > 1)
    return tuple(sorted(" = ".join(sorted(map(_name, found))) for found in several))


def find_near_copies(traces: Iterable[Trace]) -> tuple[str, ...]:
    """Pairs of images in two splits that look the same but are not the same to the byte, as `split/key ~ split/key`."""
    known = [trace for trace in traces if trace.looks]
    if len({trace.split for trace in known}) < 2:
        return ()
    bits = np.array([np.frombuffer(bytes.fromhex(trace.looks), np.uint8) for trace in known])
    near = set()
    for one, other in _candidates(bits):
        first, second = known[one], known[other]
        if first.split == second.split or (first.length, first.crc) == (second.length, second.crc):
            continue
        if np.bitwise_count(bits[one] ^ bits[other]).sum() <= MOST_BITS_APART:
            near.add(" ~ ".join(sorted((_name(first), _name(second)))))
    return tuple(sorted(near))


def _candidates(bits: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of rows of `(n, bytes)` that agree in one band of 16 bits at least.

    All that are 15 bits apart or fewer do, and nearly all that are 24 apart.
    """
    bands = np.ascontiguousarray(bits).view(f"u{_BAND_BYTES}")
    for band in bands.T:
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[order], prepend=-1))
        for bucket in np.split(order, starts[1:]):
            if 1 < len(bucket) <= _LARGEST_BUCKET:
                rows = bucket.tolist()
                yield from ((a, b) for place, a in enumerate(rows) for b in rows[place + 1 :])


def _name(trace: Trace) -> str:
    return f"{trace.split}/{trace.key}"
