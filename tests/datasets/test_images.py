from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from datasets.errors import BadSample
from datasets.images import decode_colours, decode_pixels, exif_orientation, read_header, sniff_format
from datasets.png import encode_png, png_fault
from tests.fixtures import chunk, encoded, jpeg, photograph, png_bomb

PIXELS = photograph(30, 40)
_SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_the_format_and_size_come_from_the_content(format_: str) -> None:
    data = encoded(PIXELS, format_)
    header = read_header(data)
    assert sniff_format(data) == header.format == format_.lower()
    assert (header.height, header.width) == (30, 40)


@given(arrays(st.sampled_from([np.uint8, np.uint16]), _SHAPES))
def test_a_png_of_any_pixels_comes_back_exactly(pixels: np.ndarray) -> None:
    data = encode_png(pixels)
    decoded = decode_pixels(data)
    assert decoded.dtype == pixels.dtype
    np.testing.assert_array_equal(decoded, pixels)
    assert png_fault(data) is None
    assert data == encode_png(pixels)


def test_sixteen_bit_colours_are_exact_where_eight_bit_readers_lose_them() -> None:
    ids = np.zeros((5, 6, 3), np.uint16)
    ids[2, 3] = (7, 300, 0)
    np.testing.assert_array_equal(decode_pixels(encode_png(ids)), ids)


def test_a_palette_png_gives_its_indices_and_its_colours() -> None:
    image = Image.new("P", (2, 2))
    image.putpalette([9, 8, 7, 200, 0, 0, 0, 0, 250])
    image.putdata([0, 1, 2, 1])
    data = _saved(image)
    assert read_header(data).palette
    np.testing.assert_array_equal(decode_pixels(data)[:, :, 0], [[0, 1], [2, 1]])
    np.testing.assert_array_equal(decode_colours(data)[1, 0], [0, 0, 250])


def test_a_one_bit_png_gives_zeros_and_ones() -> None:
    image = Image.new("1", (3, 1))
    image.putdata([255, 0, 255])
    np.testing.assert_array_equal(decode_pixels(_saved(image))[:, :, 0], [[1, 0, 1]])


def test_jpeg_pixels_equal_those_of_another_decoder() -> None:
    data = jpeg(PIXELS)
    difference = decode_pixels(data).astype(int) - decode_colours(data)
    assert np.abs(difference).max() <= 2


def test_alpha_is_dropped_and_grey_repeated() -> None:
    alpha = np.concatenate([PIXELS, np.zeros((30, 40, 1), np.uint8)], axis=2)
    np.testing.assert_array_equal(decode_colours(encoded(alpha, "PNG")), PIXELS)
    np.testing.assert_array_equal(decode_colours(encode_png(PIXELS[:, :, :1])), np.repeat(PIXELS[:, :, :1], 3, 2))


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    data = _saved(Image.fromarray(PIXELS).convert("CMYK"), "JPEG", quality=95)
    assert read_header(data).channels == 4
    assert decode_pixels(data).shape == (30, 40, 3)
    assert np.abs(decode_pixels(data).astype(int) - PIXELS).mean() < 4


def test_the_first_frame_of_an_animation_is_taken() -> None:
    first = np.zeros((4, 5, 3), np.uint8)
    data = encoded(first, "GIF", save_all=True, append_images=[Image.fromarray(first + 255)])
    np.testing.assert_array_equal(decode_colours(data), first)


@pytest.mark.parametrize("cut", [0.02, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_a_cut_image_is_refused(format_: str, cut: float) -> None:
    data = encoded(photograph(64, 64), format_)
    with pytest.raises(BadSample):
        decode_colours(data[: int(len(data) * cut)])


def test_a_png_with_one_byte_changed_is_refused_and_named() -> None:
    data = bytearray(encode_png(PIXELS))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(BadSample, match="CRC|damaged"):
        decode_pixels(bytes(data))
    assert "CRC" in str(png_fault(bytes(data)))


@pytest.mark.parametrize(
    "data", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(BadSample):
        read_header(data)


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(BadSample, match="20000x20000"):
        decode_pixels(png_bomb())


def test_an_image_without_pixels_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 0, 5, 8, 0, 0, 0, 0)
    with pytest.raises(BadSample, match="no pixels"):
        read_header(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM"):
        try:
            decode_colours(prefix + data)
        except BadSample as error:
            assert error.reason


def test_exif_orientation_is_seen_and_not_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = jpeg(PIXELS, exif=exif)
    assert exif_orientation(data) == 6
    assert decode_pixels(data).shape == decode_colours(data).shape == (30, 40, 3)
    assert exif_orientation(jpeg(PIXELS)) == 1


def _saved(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    import io

    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()
