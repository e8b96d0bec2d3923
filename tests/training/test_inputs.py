from __future__ import annotations

import io

import keras  # noqa: F401  (sets TensorFlow up before it is used bare)
import numpy as np
import pytest
import tensorflow as tf
from conftest import DIGITS, SEGMENTATION, MakeDataset
from PIL import Image

from datasets.errors import UsageError, VerificationError
from datasets.labels import IGNORE, LABEL_SPACES
from datasets.raster import Raster
from datasets.sample import Sample
from datasets.schema import Column, Schema
from training.inputs import (
    Form,
    count_selected,
    flip_at_random,
    held_out,
    load_arrays,
    not_held_out,
    read_split,
)

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


def test_shuffled_order_depends_on_the_seed_alone_and_mixes_shards(make_dataset: MakeDataset, digit_samples) -> None:  # type: ignore[no-untyped-def]
    samples = digit_samples(60, 0)
    dataset = make_dataset({"train": samples}, DIGITS, shards=4)

    def two_passes(seed: int) -> list[list[bytes]]:
        examples = read_split(dataset, "train", Form(), shuffle_seed=seed)
        return [[row["key"] for row in examples.as_numpy_iterator()] for _ in range(2)]

    first, second = two_passes(1), two_passes(1)
    assert first == second
    assert first[0] != first[1]
    assert two_passes(2)[0] != first[0]
    stored = [sample.key.encode() for sample in samples]
    assert sorted(first[0]) == sorted(first[1]) == sorted(stored)
    shard_of = {key: index * 4 // 60 for index, key in enumerate(stored)}
    assert len({shard_of[key] for key in first[0][:10]}) >= 3


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
    assert count_selected(dataset, "train", held_out(0.2, 7)) == len(held)


def test_flip_mirrors_image_and_label_together_with_the_same_draws_in_every_run(make_dataset: MakeDataset) -> None:
    dataset = make_dataset({"train": _segmentation_samples(24)}, SEGMENTATION)
    plain = list(read_split(dataset, "train", Form(("image", "semantic"), (16, 16))).as_numpy_iterator())

    def flipped() -> list[dict[str, np.ndarray]]:
        examples = read_split(dataset, "train", Form(("image", "semantic"), (16, 16)))
        return list(flip_at_random(examples, 3).as_numpy_iterator())

    mirrored = []
    for before, after, again in zip(plain, flipped(), flipped(), strict=True):
        np.testing.assert_array_equal(after["image"], again["image"])
        mirrored.append(not np.array_equal(after["image"], before["image"]))
        step = -1 if mirrored[-1] else 1
        np.testing.assert_array_equal(after["image"], before["image"][:, ::step])
        np.testing.assert_array_equal(after["semantic"], before["semantic"][:, ::step])
    assert 4 <= sum(mirrored) <= 20


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


def test_a_shard_cut_inside_a_header_is_noticed(make_dataset: MakeDataset, digit_samples) -> None:  # type: ignore[no-untyped-def]
    dataset = make_dataset({"train": digit_samples(6, 0)}, DIGITS, shards=1)
    shard = dataset.split("train").files[0]
    whole = shard.read_bytes()
    first = 16 + int.from_bytes(whole[:8], "little")
    shard.write_bytes(whole[: first + 5])
    assert sum(1 for _ in tf.data.TFRecordDataset([str(shard)])) == 1, "TensorFlow began to notice: the guard can go"
    with pytest.raises(VerificationError, match="realitygap verify"):
        load_arrays(dataset, "train", Form())


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
