"""The ways through libdeflate and the loops in C against Pillow and libpng, decoders that share none of it."""

from __future__ import annotations

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from datasets.errors import BadSample
from datasets.images import decode_pixels
from datasets.png import decode_png, encode_png, png_fault
from tests.fixtures import photograph

LARGE = photograph(700, 600)


def _pieces(data: bytes, size: int) -> bytes:
    """The same PNG with its pixels in chunks of another size."""
    out, position, body = [data[:8]], 8, b""
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        if kind == b"IDAT":
            body += data[position + 8 : position + 8 + length]
        elif kind == b"IEND":
            parts = [body[start : start + size] for start in range(0, len(body), size)]
            out += [_chunk(b"IDAT", part) for part in parts] + [_chunk(b"IEND", b"")]
        else:
            out.append(data[position : position + 12 + length])
        position += 12 + length
    return b"".join(out)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.fixture(params=["in C", "without"], autouse=True)
def _loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without":
        monkeypatch.setattr("datasets.png.kernels", lambda: None)


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("chunk_bytes", [777, 8192, 1 << 30])
def test_a_photograph_is_what_pillow_makes_of_it(level: int, chunk_bytes: int) -> None:
    buffer = io.BytesIO()
    Image.fromarray(LARGE).save(buffer, "PNG", compress_level=level)
    data = _pieces(buffer.getvalue(), chunk_bytes)
    np.testing.assert_array_equal(decode_png(data), LARGE)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), LARGE)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("level", [1, 6, 9])
def test_other_libraries_read_what_is_written(channels: int, level: int) -> None:
    pixels = np.random.default_rng(channels).integers(0, 1 << 8, (37, 41, channels), np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels, level))) as image:
        image.load()
        np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    deep = pixels.astype(np.uint16) * 257 + 3
    decoded = imagecodecs.png_decode(encode_png(deep, level))  # libpng's; Pillow cuts 16 bits
    np.testing.assert_array_equal(decoded.reshape(deep.shape), deep)


def _label_map(dtype: type[np.unsignedinteger]) -> np.ndarray:
    """`(90, 130, 1)` ids in ragged patches, which makes encoders choose every filter."""
    generator = np.random.default_rng(3)
    coarse = generator.integers(0, np.iinfo(dtype).max, (9, 13), dtype)
    rows, columns = np.mgrid[:90, :130] + generator.integers(0, 3, (2, 90, 130))
    return coarse[np.minimum(rows // 10, 8), np.minimum(columns // 10, 12), None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_label_map_is_what_other_libraries_make_of_it(dtype: type[np.unsignedinteger]) -> None:
    ids = _label_map(dtype)
    written = imagecodecs.png_encode(ids)  # libpng chooses a filter for every row
    np.testing.assert_array_equal(decode_pixels(written), ids)
    if dtype == np.uint8:
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(written))), ids[:, :, 0])
    np.testing.assert_array_equal(decode_pixels(encode_png(ids)), ids)


def test_a_grey_that_is_to_be_seen_through_is_left_to_libpng() -> None:
    ids = _label_map(np.uint8)
    data = encode_png(ids)
    seen_through = data[:33] + _chunk(b"tRNS", b"\0\7") + data[33:]
    np.testing.assert_array_equal(decode_png(seen_through), imagecodecs.png_decode(seen_through))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("what", ["checksum", "too few rows", "too many rows", "filter", "interlaced"])
def test_a_damaged_label_map_is_judged_as_libpng_judges_it(what: str, dtype: type[np.unsignedinteger]) -> None:
    ids = _label_map(dtype)
    body = ids[:, :, 0].astype(ids.dtype.newbyteorder(">")).tobytes()
    row_bytes = 130 * ids.itemsize
    rows = b"".join(b"\0" + body[start : start + row_bytes] for start in range(0, len(body), row_bytes))
    stream = {
        "checksum": zlib.compress(rows)[:-4] + b"\1\2\3\4",
        "too few rows": zlib.compress(rows[: len(rows) // 2]),
        "too many rows": zlib.compress(rows + rows[: 1 + row_bytes]),
        "filter": zlib.compress(b"\7" + rows[1:]),
        "interlaced": zlib.compress(rows),
    }[what]
    header = struct.pack(">IIBBBBB", 130, 90, 8 * ids.itemsize, 0, 0, 0, what == "interlaced")
    data = encode_png(ids)[:8] + _chunk(b"IHDR", header) + _chunk(b"IDAT", stream) + _chunk(b"IEND", b"")
    if what == "too many rows":
        np.testing.assert_array_equal(decode_pixels(data), ids)
        return
    with pytest.raises(BadSample, match="the PNG is damaged"):
        decode_pixels(data)


def test_sixteen_bits_of_colour_are_exact() -> None:
    pixels = np.random.default_rng(5).integers(0, 1 << 16, (500, 400, 3), np.uint16)
    np.testing.assert_array_equal(decode_png(encode_png(pixels)), pixels)


def test_a_header_that_claims_another_order_of_rows_is_not_believed() -> None:
    data = bytearray(encode_png(LARGE))
    data[28] = 1  # interlaced by Adam7
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    with pytest.raises(BadSample, match="damaged"):
        decode_pixels(bytes(data))


@pytest.mark.parametrize("what", ["checksum of the pixels", "too few rows", "too many rows", "no deflate stream"])
def test_pixels_that_do_not_fit_their_header_are_refused_though_every_chunk_is_whole(what: str) -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in LARGE)
    stream = {
        "checksum of the pixels": zlib.compress(rows)[:-4] + b"\1\2\3\4",
        "too few rows": zlib.compress(rows[: len(rows) // 2]),
        "too many rows": zlib.compress(rows + rows[:1801]),
        "no deflate stream": b"\x78\x9c" + b"\xff" * 500,
    }[what]
    header = struct.pack(">IIBBBBB", 600, 700, 8, 2, 0, 0, 0)
    data = encode_png(LARGE)[:8] + _chunk(b"IHDR", header) + _chunk(b"IDAT", stream) + _chunk(b"IEND", b"")
    assert png_fault(data) is None
    if what == "too many rows":  # libpng reads what the header promises and leaves the rest
        np.testing.assert_array_equal(decode_pixels(data), LARGE)
        return
    with pytest.raises(BadSample, match="the PNG is damaged"):
        decode_pixels(data)


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_changed_byte_is_found_by_its_chunk(place: float) -> None:
    data = bytearray(encode_png(LARGE))
    data[int(place * len(data))] ^= 4
    with pytest.raises(BadSample, match="CRC"):
        decode_pixels(bytes(data))
