from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PIL import Image

from datasets.errors import BadSample, UsageError
from datasets.label_lookups import lookup
from datasets.raster import Raster
from datasets.sample import CameraPose, Objects, Sample
from datasets.schema import Column, Schema
from datasets.transforms import Crop, Transform, transformed
from tests.fixtures import jpeg, photograph

SCHEMA = Schema.of(Column("image", (None, None, 3)), Column("semantic", (None, None, 1), "camvid"))
INTRINSICS = np.array([[100, 0, 20], [0, 120, 15], [0, 0, 1]], np.float32)


def sample(height: int = 30, width: int = 40) -> Sample:
    generator = np.random.default_rng(0)
    return Sample(
        "a",
        photograph(height, width),
        semantic=generator.integers(0, 12, (height, width, 1)).astype(np.uint8),
        instance=np.arange(height * width, dtype=np.uint16).reshape(height, width, 1),
        depth=generator.random((height, width, 1)).astype(np.float32),
        disparity=generator.integers(0, 5000, (height, width, 1)).astype(np.uint16),
        objects=Objects(np.array([[0, 0, 0.5, 0.5], [0.6, 0.6, 1, 1]], np.float32), np.array([3, 4]), np.array([1, 2])),
        camera=CameraPose(INTRINSICS),
    )


def test_nothing_to_do_keeps_the_very_bytes() -> None:
    plain = dataclasses.replace(sample(), image=Raster.from_bytes(jpeg(photograph(30, 40))))
    assert Transform(size=(30, 40)).apply(plain, None) is plain
    assert Transform(crop=Crop(40, 30, 0, 0)).apply(plain, None).image is plain.image
    assert Transform().changes_nothing


def test_a_crop_cuts_every_map_and_moves_boxes_and_camera() -> None:
    before = sample()
    after = Transform(crop=Crop(20, 15, 10, 5)).apply(before, None)
    for path in ("image", "semantic", "instance", "depth", "disparity"):
        np.testing.assert_array_equal(after.value(path).array, before.value(path).array[5:20, 10:30])
    np.testing.assert_allclose(after.objects.bbox, [[0, 0, 10 / 15, 0.5], [13 / 15, 0.7, 1, 1]], rtol=1e-5)
    np.testing.assert_allclose(after.camera.intrinsics, [[100, 0, 10], [0, 120, 10], [0, 0, 1]])
    outside = Transform(crop=Crop(10, 10, 0, 0)).apply(before, None)
    assert outside.objects.label.tolist() == [3]
    assert outside.objects.instance.tolist() == [1]


def test_a_crop_beyond_the_image_is_a_bad_sample() -> None:
    with pytest.raises(BadSample, match="reaches to 41x30, the image is 40x30"):
        Transform(crop=Crop(31, 30, 10, 0)).apply(sample(), None)


@pytest.mark.parametrize("text", ["", "10x10", "10x10+0", "0x5+0+0", "axb+0+0", "5x5+-1+0"])
def test_a_crop_is_written_in_one_way(text: str) -> None:
    with pytest.raises(UsageError, match="--crop"):
        Crop.parse(text)
    assert Crop.parse("20x10+3+4") == Crop(20, 10, 3, 4)


def test_halving_takes_the_mean_of_four_colours_and_the_nearest_id() -> None:
    before = sample()
    after = Transform(size=(15, 20)).apply(before, None)
    means = before.image.array.reshape(15, 2, 20, 2, 3).astype(np.float64).mean(axis=(1, 3))
    assert np.abs(after.image.array - means).max() <= 1
    ids = Image.fromarray(before.semantic.array[:, :, 0]).resize((20, 15), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(after.semantic.array[:, :, 0], np.asarray(ids))
    np.testing.assert_allclose(after.camera.intrinsics, [[50, 0, 10], [0, 60, 7.5], [0, 0, 1]])
    np.testing.assert_array_equal(after.objects.bbox, before.objects.bbox)


@pytest.mark.parametrize("size", [(7, 9), (31, 57), (30, 41)])
def test_nearest_neighbours_are_those_of_pillow_at_any_size(size: tuple[int, int]) -> None:
    before = sample()
    after = Transform(size=size).apply(before, None)
    ids = Image.fromarray(before.semantic.array[:, :, 0]).resize(size[::-1], Image.Resampling.NEAREST)
    np.testing.assert_array_equal(after.semantic.array[:, :, 0], np.asarray(ids))
    assert after.image.shape == (*size, 3)
    assert set(after.depth.array.ravel()) <= set(before.depth.array.ravel())


def test_disparity_is_a_length_and_scales_with_the_width() -> None:
    before = sample()
    after = Transform(size=(30, 20)).apply(before, None).disparity.array[:, :, 0].astype(int)
    nearest = before.disparity.array[:, 1::2, 0].astype(int)
    np.testing.assert_array_equal(after == 0, nearest == 0)
    seen = nearest > 0
    assert np.abs((after[seen] - 1) / 256 - (nearest[seen] - 1) / 256 / 2).max() <= 1 / 256


def test_classes_are_looked_up_and_what_is_lost_is_counted() -> None:
    transform = Transform(label_space="street8")
    before = sample()
    after = transform.apply(before, transform.lookup_for(SCHEMA))
    table = lookup("camvid", "street8").table
    np.testing.assert_array_equal(after.semantic.array, table[before.semantic.array])
    lost = {i: int((before.semantic.array == i).sum()) for i in range(12) if table[i] == 255}
    assert dict(after.unmapped_pixels) == lost
    assert transform.schema(SCHEMA)["semantic"].label_space == "street8"


def test_the_schema_says_the_new_sizes() -> None:
    assert Transform(size=(15, 20)).schema(SCHEMA)["image"].shape == (15, 20, 3)
    assert Transform(crop=Crop(8, 6, 0, 0)).schema(SCHEMA)["semantic"].shape == (6, 8, 1)
    assert Transform(crop=Crop(8, 6, 0, 0), size=(3, 4)).schema(SCHEMA)["image"].shape == (3, 4, 3)


def test_an_impossible_label_space_is_refused() -> None:
    with pytest.raises(UsageError, match="no class ids of pixels"):
        Transform(label_space="camvid11").lookup_for(Schema.of(Column("image", (None, None, 3))))
    with pytest.raises(UsageError):
        Transform(label_space="digits").lookup_for(SCHEMA)


def test_a_source_without_a_transform_is_itself(pets_tree) -> None:
    from datasets.pets import Pets

    pets = Pets(pets_tree.root)
    assert transformed(pets, Transform()) is pets
