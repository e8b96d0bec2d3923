from __future__ import annotations

import io

import keras  # noqa: F401  (sets TensorFlow up before it is used bare)
import numpy as np
import pytest
from conftest import DIGITS, SEGMENTATION, MakeDataset
from PIL import Image

from datasets.errors import UsageError, VerificationError
from datasets.labels import IGNORE, LABEL_SPACES
from datasets.raster import Raster
from datasets.sample import Sample
from datasets.schema import Column, Schema
from training.inputs.form import Form
from training.inputs.reading import load_arrays, read_split
from training.inputs.records import open_records
from training.inputs.selection import held_out, not_held_out

RNG = np.random.default_rng(5)


def _smooth(height: int, width: int) -> np.ndarray:
    noise = RNG.integers(0, 256, (height // 4 + 1, width // 4 + 1, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


def _encoded(pixels: np.ndarray, format_: str) -> Raster:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_)
    return Raster.from_bytes(buffer.getvalue())


def _segmentation_samples(count: int) -> list[Sample]:
    return [
        Sample(
            key=f"pet_{index:03}",
            image=_encoded(_smooth(30 + index, 47), "PNG"),
            semantic=RNG.integers(1, 4, (30 + index, 47, 1)).astype(np.uint8),  # type: ignore[arg-type]
        )
        for index in range(count)
    ]


def test_images_and_labels_are_those_that_pillow_decodes(make_dataset: MakeDataset) -> None:
    samples = _segmentation_samples(7)
    dataset = make_dataset({"train": samples}, SEGMENTATION)
    table = LABEL_SPACES["pets_trimap"].index_table
    read = list(read_split(dataset, "train", Form(("image", "semantic"))).as_numpy_iterator())
    assert [row["key"].decode() for row in read] == [sample.key for sample in samples]
    for row, sample in zip(read, samples, strict=True):
        np.testing.assert_array_equal(row["image"], np.asarray(Image.open(io.BytesIO(sample.image.data))))
        assert sample.semantic is not None
        np.testing.assert_array_equal(row["semantic"], table[sample.semantic.array[:, :, 0]])
        assert set(np.unique(row["semantic"])) <= {0, 1, 2}


def test_jpeg_pixels_are_those_that_pillow_decodes(make_dataset: MakeDataset) -> None:
    sample = Sample(key="photo", image=_encoded(_smooth(61, 43), "JPEG"), label=3)
    dataset = make_dataset({"train": [sample]}, DIGITS, shards=1)
    row = next(read_split(dataset, "train", Form()).as_numpy_iterator())
    np.testing.assert_array_equal(row["image"], np.asarray(Image.open(io.BytesIO(sample.image.data))))
    assert row["label"] == 3


def test_resizing_is_antialiased_like_pillows_and_labels_keep_their_ids(make_dataset: MakeDataset) -> None:
    samples = _segmentation_samples(4)
    dataset = make_dataset({"train": samples}, SEGMENTATION)
    table = LABEL_SPACES["pets_trimap"].index_table
    for row, sample in zip(
        read_split(dataset, "train", Form(("image", "semantic"), (16, 24))).as_numpy_iterator(), samples, strict=True
    ):
        image = Image.fromarray(sample.image.array).resize((24, 16), Image.Resampling.BILINEAR)
        assert np.abs(row["image"].astype(int) - np.asarray(image).astype(int)).max() <= 1
        assert sample.semantic is not None
        labels = Image.fromarray(sample.semantic.array[:, :, 0]).resize((24, 16), Image.Resampling.NEAREST)
        np.testing.assert_array_equal(row["semantic"], table[np.asarray(labels)])


def test_grey_becomes_colour_and_colour_grey_as_pillow_does_it(make_dataset: MakeDataset) -> None:
    colour, grey = _smooth(12, 12), RNG.integers(0, 256, (12, 12)).astype(np.uint8)
    schema = Schema.of(Column("image", (12, 12, None)), Column("label", (), "digits"))
    samples = [
        Sample(key="a", image=_encoded(colour, "PNG"), label=0),
        Sample(key="b", image=_encoded(grey, "PNG"), label=1),
    ]
    dataset = make_dataset({"train": samples}, schema, shards=1)
    as_grey = load_arrays(dataset, "train", Form(channels=1))["image"]
    assert np.abs(as_grey[0, :, :, 0].astype(int) - np.asarray(Image.fromarray(colour).convert("L"))).max() <= 1
    np.testing.assert_array_equal(as_grey[1, :, :, 0], grey)
    as_colour = load_arrays(dataset, "train", Form(channels=3))["image"]
    np.testing.assert_array_equal(as_colour[1], np.repeat(grey[:, :, None], 3, axis=2))


def test_held_out_part_is_disjoint_complete_and_independent_of_order(make_dataset: MakeDataset, digit_samples) -> None:  # type: ignore[no-untyped-def]
    samples = digit_samples(200, 1)
    dataset = make_dataset({"train": samples}, DIGITS)
    other = make_dataset({"train": samples[::-1]}, DIGITS, name="reversed", shards=5)

    def keys(of, select) -> set[bytes]:  # type: ignore[no-untyped-def]
        return set(load_arrays(of, "train", Form(), select=select)["key"].tolist())

    held, kept = keys(dataset, held_out(0.2, 7)), keys(dataset, not_held_out(0.2, 7))
    assert held.isdisjoint(kept)
    assert held | kept == {sample.key.encode() for sample in samples}
    assert 20 <= len(held) <= 60
    assert keys(other, held_out(0.2, 7)) == held
    assert keys(dataset, held_out(0.2, 8)) != held
    assert len(open_records(dataset, "train", held_out(0.2, 7))) == len(held)


def test_ids_outside_the_label_space_are_ignored(make_dataset: MakeDataset) -> None:
    labels = np.full((8, 8, 1), 2, np.uint8)
    labels[0, 0], labels[1, 1] = IGNORE, 9
    sample = Sample(key="a", image=np.zeros((8, 8, 3), np.uint8), semantic=labels)  # type: ignore[arg-type]
    dataset = make_dataset({"train": [sample]}, SEGMENTATION, shards=1)
    found = load_arrays(dataset, "train", Form(("semantic",)))["semantic"][0]
    assert found[0, 0] == found[1, 1] == IGNORE
    assert (found == 1).sum() == 62


@pytest.mark.parametrize("mode", ["P", "1"])
def test_a_label_map_that_tensorflow_would_misread_is_refused(make_dataset: MakeDataset, mode: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.ones((8, 8), np.uint8)).convert(mode).save(buffer, "PNG")
    semantic = Raster((8, 8, 1), "uint8", buffer.getvalue())
    sample = Sample(key="a", image=np.zeros((8, 8, 3), np.uint8), semantic=semantic)  # type: ignore[arg-type]
    dataset = make_dataset({"train": [sample]}, SEGMENTATION, shards=1)
    with pytest.raises(VerificationError, match="must be a PNG of 8-bit grey"):
        load_arrays(dataset, "train", Form(("semantic",)))


def test_area_resampling_is_the_mean_of_what_a_pixel_covers(make_dataset: MakeDataset) -> None:
    samples = _segmentation_samples(4)
    dataset = make_dataset({"train": samples}, SEGMENTATION)

    def weights(large: int, small: int) -> np.ndarray:
        """`(small, large)` shares of each large pixel in each small one."""
        edges = np.arange(small + 1) * large / small
        low, high = edges[:-1, None], edges[1:, None]
        return np.clip(np.minimum(high, np.arange(large) + 1) - np.maximum(low, np.arange(large)), 0, 1) * small / large

    form = Form(("image",), (16, 24), resampling="area")
    for row, sample in zip(read_split(dataset, "train", form).as_numpy_iterator(), samples, strict=True):
        pixels = sample.image.array.astype(float)
        wanted = np.einsum("ih,jw,hwc->ijc", weights(pixels.shape[0], 16), weights(pixels.shape[1], 24), pixels)
        assert np.abs(row["image"] - wanted).max() <= 0.501
    grown = Form(("image",), (64, 96), resampling="area")
    for row, sample in zip(read_split(dataset, "train", grown).as_numpy_iterator(), samples, strict=True):
        image = Image.fromarray(sample.image.array).resize((96, 64), Image.Resampling.BILINEAR)
        assert np.abs(row["image"].astype(int) - np.asarray(image).astype(int)).max() <= 1


def test_labels_are_looked_up_in_another_space_by_name_or_left_as_stored(make_dataset: MakeDataset) -> None:
    schema = Schema.of(Column("image", (None, None, 3)), Column("semantic", (None, None, 1), "cityscapes19"))
    labels = np.array([[[0], [1], [13], [255]], [[18], [8], [10], [11]]], np.uint8)
    sample = Sample(key="a", image=np.zeros((2, 4, 3), np.uint8), semantic=labels)  # type: ignore[arg-type]
    dataset = make_dataset({"train": [sample]}, schema, shards=1)
    names = LABEL_SPACES["camvid11"].names
    found = load_arrays(dataset, "train", Form(("semantic",), label_space="camvid11"))["semantic"][0]
    assert [names[index].lower() for index in found[0, :3]] == ["road", "pavement", "car"]
    assert found[0, 3] == IGNORE
    stored = load_arrays(dataset, "train", Form(("semantic",), stored_ids=True))["semantic"][0]
    np.testing.assert_array_equal(stored, labels[:, :, 0])
    with pytest.raises(UsageError, match="no label space 'camvid12'"):
        load_arrays(dataset, "train", Form(("semantic",), label_space="camvid12"))
    with pytest.raises(UsageError, match="exclude each other"):
        Form(("semantic",), label_space="camvid11", stored_ids=True)


def test_errors_name_the_split_the_field_and_the_sizes(make_dataset: MakeDataset) -> None:
    dataset = make_dataset({"train": _segmentation_samples(3)}, SEGMENTATION)
    with pytest.raises(UsageError, match=r"no split 'test'; there are train"):
        load_arrays(dataset, "test", Form(("image",)))
    with pytest.raises(UsageError, match="no field 'label'; it has"):
        load_arrays(dataset, "train", Form(("image", "label")))
    with pytest.raises(UsageError, match="images of 3 sizes"):
        load_arrays(dataset, "train", Form(("image",)))
    with pytest.raises(UsageError, match=r"channels must be 1 .* got 4"):
        Form(channels=4)
