from __future__ import annotations

import numpy as np
import pytest

from datasets.errors import BadSample
from datasets.fields import FIELDS
from datasets.kernels import kernels
from datasets.png import encode_png
from datasets.raster import Raster
from datasets.sample import CameraPose, Objects, Sample
from tests.fixtures import jpeg, photograph

IMAGE = photograph(2, 3)


def test_a_source_images_bytes_are_kept() -> None:
    data = jpeg(photograph(8, 9))
    raster = Raster.from_bytes(data)
    assert raster.data is data
    assert raster.shape == (8, 9, 3)
    assert raster.array.shape == (8, 9, 3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_map_survives_encoding_to_the_bit(dtype: str) -> None:
    values = np.random.default_rng(0).integers(0, 255, (5, 7, 1)).astype(dtype)
    if dtype == "float32":
        values[0, 0], values[0, 1], values[1, 1] = np.inf, -0.0, np.float32(1) / 3
    again = Raster.from_bytes(Raster.from_array(values).data, dtype)
    assert again.array.dtype == values.dtype
    assert again.array.tobytes() == values.tobytes()
    assert again.shape == values.shape


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
@pytest.mark.parametrize("form", ["array", "encoded", "decoded", "without loops in C"])
def test_ids_are_counted_whatever_form_a_map_is_in(form: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.random.default_rng(1).integers(0, 7, (33, 70, 1)).astype(dtype) * (36 if dtype == "uint8" else 9001)
    raster = Raster.from_array(ids)
    if form != "array":
        raster = Raster.from_bytes(raster.data, dtype)
    if form == "without loops in C":
        monkeypatch.setattr("datasets.png.kernels", lambda: None)
    elif form == "decoded":
        _ = raster.array
    elif form == "encoded" and dtype != "uint32" and kernels():
        monkeypatch.setattr("datasets.raster.decode_pixels", lambda data: pytest.fail("all pixels were decoded"))
    if dtype != "uint8":
        assert raster.instance_count == 6
    else:
        np.testing.assert_array_equal(raster.id_counts, np.bincount(ids.ravel(), minlength=256))


def test_a_damaged_map_is_found_when_its_ids_are_counted() -> None:
    for ids in (np.full((9, 20, 1), 3, np.uint8), np.full((9, 20, 1), 3, np.uint16)):
        data = bytearray(encode_png(ids))
        data[-20] ^= 1
        raster = Raster.from_bytes(bytes(data))
        with pytest.raises(BadSample, match="the PNG is damaged"):
            _ = raster.id_counts if ids.itemsize == 1 else raster.instance_count


def test_maps_may_be_given_as_arrays() -> None:
    sample = Sample("a", IMAGE, semantic=np.ones((2, 3, 1), np.uint8))
    assert isinstance(sample.image, Raster)
    assert isinstance(sample.semantic, Raster)


@pytest.mark.parametrize(
    "fields, message",
    [
        (
            {"semantic": np.zeros((2, 3, 3), np.uint8)},
            r"semantic must be uint8 \(height, width, 1\), got uint8 \(2, 3, 3\)",
        ),
        ({"semantic": np.zeros((2, 3, 1), np.uint16)}, r"semantic must be uint8 .* got uint16"),
        ({"instance": np.zeros((2, 3, 1), np.uint8)}, r"instance must be uint16"),
        ({"depth": np.zeros((2, 4, 1), np.float32)}, "depth is 4x2 but the image is 3x2"),
        ({"label": -1}, "label must be a class index of 0 or more, got -1"),
        (
            {"objects": Objects(np.zeros((2, 4), np.float32), np.zeros(3, np.int64))},
            r"objects.label must be int64 \(2,\)",
        ),
        ({"objects": Objects(np.zeros((2, 4)), np.zeros(2, np.int64))}, "objects.bbox must be float32"),
        ({"camera": CameraPose(np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32))}, "camera.intr"),
    ],
)
def test_a_wrong_field_is_refused_and_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="sample 'aachen_000001': " + message):
        Sample("aachen_000001", IMAGE, **fields)


def test_a_sample_needs_a_key() -> None:
    with pytest.raises(ValueError, match="key"):
        Sample("", IMAGE)


def test_present_follows_the_table() -> None:
    sample = Sample("a", IMAGE, label=3, objects=Objects(np.zeros((0, 4), np.float32), np.zeros(0, np.int64)))
    paths = [field.path for field, _ in sample.present]
    assert paths == ["key", "file_name", "image", "label", "objects.bbox", "objects.label"]
    assert paths == [path for path in FIELDS if path in paths]


def test_a_damaged_encoded_map_is_found_when_looked_at() -> None:
    data = bytearray(encode_png(IMAGE))
    data[-20] ^= 1
    raster = Raster.from_bytes(bytes(data))
    with pytest.raises(BadSample):
        _ = raster.array
