"""PNG files (W3C, Portable Network Graphics, second edition): header, proof by checksums, pixels, writing."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import imagecodecs
import numpy as np

from datasets.kernels import Kernels, kernels

Chunk = tuple[bytes, memoryview]
"""Kind and body of a part of a PNG file (5.3)."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE = 0, 2, 3
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, 4: 2, 6: 4}
"""Samples a pixel by colour type (11.2.2); a palette counts as its index."""

_HEAD, _NUMBER = struct.Struct(">I4s"), struct.Struct(">I")
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by samples a pixel
_INTERLACED = 28  # where a file says whether its rows are
_LEFT = 1  # the filter that takes the pixel to the left away (9.2)
_SLOW_TO_INFLATE = 1 << 20  # bytes of pixels; smaller images gain nothing by what is done to larger ones
_LARGEST_STORED = 65535  # bytes of a block that is not compressed, RFC 1951, 3.2.4


def png_header(data: bytes) -> tuple[int, int, int, int]:
    """Width, height, bits a sample and colour type.

    Raises:
        ValueError: the first chunk is no header, or the colour type does not exist.
    """
    if data[12:16] != b"IHDR":
        raise ValueError("the first chunk is not IHDR")
    width, height, bits, colour_type = struct.unpack_from(">IIBB", data, 16)
    if colour_type not in CHANNELS:
        raise ValueError(f"colour type {colour_type} does not exist")
    return width, height, bits, colour_type


def png_fault(data: bytes) -> str | None:
    """What is wrong with a PNG by the CRC of every chunk (5.3), or None; nothing is inflated."""
    if _proved(data):
        return None
    try:
        for _ in _chunks(data):
            pass
    except ValueError as fault:
        return str(fault)
    return None


def decode_png(data: bytes) -> np.ndarray:
    """Pixels as stored, `(height, width[, channels])` uint8 or uint16, without palette or fewer than 8 bits.

    Raises:
        ValueError: a checksum fails or the file is cut short.
        RuntimeError: libpng refuses it.
    """
    rows, loops = _Rows.of(data), kernels()
    with suppress(imagecodecs.DeflateError, ValueError):  # then libpng judges the file as it is
        if rows.plain:
            if loops and (rows.colour_type == GREY or rows.bits == 16):
                shape = (rows.height, rows.width, CHANNELS[rows.colour_type])
                return loops.undo_filters(rows.inflated(), shape, np.uint8 if rows.bits == 8 else np.uint16)
            if rows.colour_type == RGB and rows.size >= _SLOW_TO_INFLATE:
                data = _stored(data, rows.inflated(), rows.compressed[-4:])
    return np.asarray(imagecodecs.png_decode(data))


def count_png_ids(data: bytes) -> np.ndarray | None:
    """`(256,)` int64 pixels of each id in a grey PNG of 8 bits, decoded row by row and not kept.

    None where it has to be decoded otherwise, which also tells what is wrong with a damaged one.
    """
    return _tally(data, 8, lambda loops, rows: loops.count_filtered_ids(rows.inflated(), rows.height, rows.width))


def distinct_png_ids(data: bytes) -> np.ndarray | None:
    """The different ids in one of 16 bits, in ascending order; None as above."""
    return _tally(data, 16, lambda loops, rows: loops.distinct_filtered_ids(rows.inflated(), rows.height, rows.width))


def encode_png(pixels: np.ndarray, level: int = 1) -> bytes:
    """Lossless PNG bytes of `(height, width, 1..4)` uint8 or uint16 pixels; the same pixels give the same bytes.

    All rows have one filter, and what compresses them takes half the time of libpng for files of about the same size:
    libdeflate for colours and the bytes of floats, zlib-ng for ids, normals and other codes, which have long runs.

    Args:
        pixels: what to store.
        level: of compression, 1 to 9; codes take the next, which costs zlib-ng no more.
    """
    height, width, channels = pixels.shape
    samples = pixels if pixels.dtype == np.uint8 else pixels.astype(">u2")
    rows = np.ascontiguousarray(samples).view(np.uint8).reshape(height, -1)
    reach = channels * samples.itemsize
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = _LEFT
    filtered[:, 1 : 1 + reach] = rows[:, :reach]
    np.subtract(rows[:, reach:], rows[:, :-reach], out=filtered[:, 1 + reach :])
    header = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, _COLOUR_TYPES[channels], 0, 0, 0)
    colours = samples.itemsize == 1 and channels >= 3
    encode, effort = (imagecodecs.deflate_encode, level) if colours else (imagecodecs.zlibng_encode, min(level + 1, 9))
    body = bytes(encode(filtered, level=effort))  # type: ignore[arg-type]  # any buffer will do
    return b"".join([SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", body), *_chunk(b"IEND")])


def _tally(data: bytes, bits: int, count: Callable[[Kernels, _Rows], np.ndarray]) -> np.ndarray | None:
    loops = kernels()
    if loops is None:
        return None
    with suppress(imagecodecs.DeflateError, ValueError):
        rows = _Rows.of(data)
        if rows.plain and (rows.colour_type, rows.bits) == (GREY, bits):
            return count(loops, rows)
    return None


class _Rows(NamedTuple):
    """The filtered rows of a PNG as they are stored, every chunk proved."""

    width: int
    height: int
    bits: int
    colour_type: int
    compressed: bytes
    plain: bool
    """Whether they follow each other (8.1), samples are whole bytes, and no colour is to be seen through (11.3.2)."""

    @classmethod
    def of(cls, data: bytes) -> _Rows:
        """Those of a file.

        Raises:
            ValueError: a checksum fails or the file is cut short.
        """
        chunks = list(_chunks(data))
        width, height, bits, colour_type = png_header(data)
        compressed = b"".join([body for kind, body in chunks if kind == b"IDAT"])
        plain = bits >= 8 and not data[_INTERLACED] and all(kind != b"tRNS" for kind, _ in chunks)
        return cls(width, height, bits, colour_type, compressed, plain)

    @property
    def size(self) -> int:
        """Bytes of all rows with their filters."""
        return self.height * (1 + self.width * CHANNELS[self.colour_type] * self.bits // 8)

    def inflated(self) -> bytes:
        """The rows.

        Raises:
            imagecodecs.DeflateError: they are damaged, or more than the header says.
            ValueError: they are fewer.
        """
        rows = bytes(imagecodecs.deflate_decode(self.compressed, out=self.size))
        if len(rows) != self.size:
            raise ValueError(f"wanted {self.size} bytes of rows, got {len(rows)}")
        return rows


def _stored(data: bytes, pixels: bytes, checksum: bytes) -> bytes:
    """The same image with its filtered rows not compressed.

    libpng spends most of its time inflating photographs, which libdeflate does three times as fast; what is left to
    libpng are the filters.
    """
    blocks: list[bytes | memoryview] = [b"\x78\x01"]
    view = memoryview(pixels)  # so that they are copied once, by the last join
    for start in range(0, len(pixels), _LARGEST_STORED):
        block = view[start : start + _LARGEST_STORED]
        last = start + len(block) == len(pixels)
        blocks += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return b"".join([SIGNATURE, data[8:33], *_chunk(b"IDAT", *blocks, checksum), *_chunk(b"IEND")])


def _chunk(kind: bytes, *body: bytes | memoryview) -> tuple[bytes | memoryview, ...]:
    crc = _crc32(kind)
    for part in body:
        crc = _crc32(part, crc)
    return struct.pack(">I", sum(map(len, body))), kind, *body, struct.pack(">I", crc)


def _crc32(data: bytes | memoryview, crc: int = 0) -> int:
    return imagecodecs.deflate_crc32(data, crc)  # type: ignore[arg-type]  # ten times as fast as zlib's


def _proved(data: bytes) -> bool:
    """Whether every chunk is known to be whole; if not, `_chunks` finds out."""
    loops = kernels()
    return loops is not None and loops.chunks_are_whole(data)


def _chunks(data: bytes) -> Iterator[Chunk]:
    """Kind and body of every chunk to the last, each proved by its CRC.

    Raises:
        ValueError: a CRC fails, or the file ends before its last chunk.
    """
    view, crc32, proved = memoryview(data), imagecodecs.deflate_crc32, _proved(data)  # hundreds in a photograph
    position, end = len(SIGNATURE), len(data)
    while position + 12 <= end:
        length, kind = _HEAD.unpack_from(data, position)
        stop = position + 8 + length
        if stop + 4 > end:
            raise ValueError(f"cut short inside chunk {kind.decode('latin-1')!r}")
        if not proved and crc32(view[position + 4 : stop]) != _NUMBER.unpack_from(data, stop)[0]:  # type: ignore[arg-type]
            raise ValueError(f"chunk {kind.decode('latin-1')!r} fails its CRC")
        yield kind, view[position + 8 : stop]
        if kind == b"IEND":
            return
        position = stop + 4
    raise ValueError("cut short: no IEND chunk")
