from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import BadSample
from datasets.jpeg import jpeg_fault
from datasets.png import encode_png
from datasets.proof import Thoroughness, prove
from datasets.raster import Raster
from tests.fixtures import jpeg, photograph

PIXELS = photograph(40, 50)
EACH = pytest.mark.parametrize("thoroughness", ["full", "fast", "strict"])


@EACH
@pytest.mark.parametrize(
    "data", [jpeg(PIXELS), jpeg(PIXELS, progressive=True), jpeg(PIXELS, comment=b"x"), encode_png(PIXELS)]
)
def test_a_whole_image_is_whole(data: bytes, thoroughness: Thoroughness) -> None:
    assert prove(Raster.from_bytes(data), thoroughness) == ()


@EACH
@given(share=st.floats(0.3, 0.99))
def test_every_cut_is_found(thoroughness: Thoroughness, share: float) -> None:
    for data in (jpeg(PIXELS), encode_png(PIXELS)):
        with pytest.raises(BadSample, match="damaged|header"):
            prove(Raster.from_bytes(data[: int(len(data) * share)]), thoroughness)


@EACH
@pytest.mark.parametrize("where", [0.3, 0.5, 0.9])
def test_a_changed_byte_of_a_png_is_found(thoroughness: Thoroughness, where: float) -> None:
    data = bytearray(encode_png(PIXELS))
    data[int(len(data) * where)] ^= 0x55
    with pytest.raises(BadSample, match="CRC"):
        prove(Raster.from_bytes(bytes(data)), thoroughness)


def test_stray_bytes_before_the_end_are_noted_and_bytes_after_it_harmless() -> None:
    data = jpeg(PIXELS)
    (length,) = struct.unpack_from(">H", data, 4)
    end_of_first_segment = 4 + length
    stray = data[:end_of_first_segment] + b"\0\1\2" + data[end_of_first_segment:]
    assert prove(Raster.from_bytes(stray), "full") == ("jpeg-stray-bytes",)
    assert prove(Raster.from_bytes(stray), "fast") == ()
    assert prove(Raster.from_bytes(data + b"trailing"), "fast") == ()


@pytest.mark.parametrize("seed", range(8))
def test_changed_bytes_among_the_pixels_are_rejected_or_named_as_damage(seed: int) -> None:
    data = bytearray(jpeg(photograph(120, 160)))
    for place in np.random.default_rng(seed).integers(700, len(data) - 2, 20):
        data[place] ^= 0x5A
    try:
        assert prove(Raster.from_bytes(bytes(data)), "full") == ("jpeg-damaged-pixels",)
    except BadSample as error:
        assert "damaged" in error.reason


@pytest.mark.parametrize("seed", range(8))
def test_strict_takes_no_jpeg_with_a_complaint(seed: int) -> None:
    whole = jpeg(photograph(120, 160))
    assert prove(Raster.from_bytes(whole), "strict") == ()
    data = bytearray(whole)
    for place in np.random.default_rng(seed).integers(700, len(data) - 2, 20):
        data[place] ^= 0x5A
    with pytest.raises(BadSample, match="the JPEG is damaged"):
        prove(Raster.from_bytes(bytes(data)), "strict")


@given(st.binary(max_size=100))
def test_any_bytes_are_judged_without_an_error(data: bytes) -> None:
    jpeg_fault(b"\xff\xd8" + data)


def test_full_leaves_the_pixels_ready() -> None:
    raster = Raster.from_bytes(encode_png(PIXELS))
    prove(raster, "full")
    np.testing.assert_array_equal(raster.array, PIXELS)
