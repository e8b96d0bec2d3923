from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DIGITS, MakeDataset

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.sample import Sample
from training.augmentation_options import Augmentation
from training.inputs.cache import cached_arrays, fits, held_arrays
from training.inputs.form import Form
from training.inputs.reading import load_arrays
from training.inputs.selection import held_out, not_held_out
from training.inputs.stream import Stream, in_step

Batch = dict[str, np.ndarray]
FORM = Form(("image", "label"), (20, 20))
CHANGES = Augmentation(flip=True, scale=(0.7, 1.5), colour=0.2, noise=5, cutout=0.3)


@pytest.fixture
def dataset(make_dataset: MakeDataset, digit_samples: Callable[[int, int], list[Sample]]) -> Dataset:
    return make_dataset({"train": digit_samples(53, 0)}, DIGITS, shards=4)


def _take(stream: Stream, count: int, first: int = 0) -> list[Batch]:
    return list(itertools.islice(stream.batches(first).as_numpy_iterator(), count))


def _same(one: list[Batch], other: list[Batch]) -> None:
    for left, right in zip(one, other, strict=True):
        assert left.keys() == right.keys()
        for name in left:
            np.testing.assert_array_equal(left[name], right[name])


def _keys(batches: list[Batch]) -> list[bytes]:
    return [key for batch in batches for key in batch["key"].tolist()]


def test_every_epoch_is_another_permutation_of_the_split_and_mixes_shards(dataset: Dataset) -> None:
    stream = Stream(dataset, "train", FORM, 8, seed=1)
    assert stream.steps_per_epoch == 7
    batches = _take(stream, 21)
    assert [len(batch["key"]) for batch in batches] == ([8] * 6 + [5]) * 3
    stored = load_arrays(dataset, "train", FORM)
    epochs = [_keys(batches[start : start + 7]) for start in (0, 7, 14)]
    assert all(sorted(epoch) == sorted(stored["key"].tolist()) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    place = {key: index for index, key in enumerate(stored["key"].tolist())}
    assert len({place[key] * 4 // 53 for key in epochs[0][:12]}) == 4
    for batch in batches:
        rows = [place[key] for key in batch["key"].tolist()]
        np.testing.assert_array_equal(batch["image"], stored["image"][rows])
        np.testing.assert_array_equal(batch["label"], stored["label"][rows])


def test_the_order_depends_on_the_seed_alone(dataset: Dataset) -> None:
    _same(_take(Stream(dataset, "train", FORM, 8, 1), 9), _take(Stream(dataset, "train", FORM, 8, 1), 9))
    assert _keys(_take(Stream(dataset, "train", FORM, 8, 2), 7)) != _keys(
        _take(Stream(dataset, "train", FORM, 8, 1), 7)
    )
    assert _keys(_take(Stream(dataset, "train", FORM, 5, 1), 11)) == _keys(
        _take(Stream(dataset, "train", FORM, 8, 1), 7)
    )


@pytest.mark.parametrize("kept", ["nowhere", "in memory", "on disk"])
@pytest.mark.parametrize("first", [1, 6, 7, 12])
def test_a_stream_that_begins_at_a_step_goes_on_exactly(
    dataset: Dataset, tmp_path: Path, kept: str, first: int
) -> None:
    options: dict[str, object] = {
        "nowhere": {}, "in memory": {"memory_bytes": 10**9}, "on disk": {"cache": tmp_path / "cache"}
    }[kept]  # type: ignore[assignment]  # fmt: skip
    stream = Stream(dataset, "train", FORM, 8, 3, not_held_out(0.2, 0), CHANGES, **options)  # type: ignore[arg-type]
    whole = _take(stream, 16)
    again = Stream(dataset, "train", FORM, 8, 3, not_held_out(0.2, 0), CHANGES, **options)  # type: ignore[arg-type]
    _same(_take(again, 16 - first, first), whole[first:])


@pytest.mark.parametrize("augmentation", [Augmentation(), CHANGES])
def test_the_cache_changes_nothing_and_nothing_is_decoded_twice(
    dataset: Dataset, tmp_path: Path, augmentation: Augmentation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(seed: int, cache: Path | None) -> Stream:
        return Stream(dataset, "train", FORM, 8, seed, not_held_out(0.2, 0), augmentation, cache=cache)

    decoded = _take(stream(5, None), 13)
    _same(_take(stream(5, tmp_path / "cache"), 13), decoded)
    monkeypatch.setattr("training.inputs.cache.make_decoder", None)
    _same(_take(stream(5, tmp_path / "cache"), 13), decoded)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_memory_holds_the_same_examples_up_to_its_limit(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = cached_arrays(tmp_path, dataset, "train", FORM)
    size = sum(array.nbytes for name, array in stored.items() if name != "key")
    assert not fits(dataset, "train", FORM, size - 1)
    assert not fits(dataset, "train", Form(), 10**9)  # images of any size
    assert fits(dataset, "train", FORM, size)
    held = held_arrays(dataset, "train", FORM)
    assert held.keys() == stored.keys()
    for name, array in stored.items():
        np.testing.assert_array_equal(held[name], array)
    assert not Stream(dataset, "train", FORM, 8, 5, memory_bytes=size - 1).held_in_memory
    stream = Stream(dataset, "train", FORM, 8, 5, memory_bytes=size)
    assert stream.held_in_memory
    first = _take(stream, 2)
    monkeypatch.setattr("training.inputs.stream.make_decoder", None)  # nothing is decoded twice
    _same(_take(stream, 2), first)


def test_a_cache_that_another_container_left_half_made_is_in_nobodys_way(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes of two containers may have one number."""
    folder = tmp_path / "cache"
    whole = cached_arrays(tmp_path / "elsewhere", dataset, "train", FORM)
    name = next((tmp_path / "elsewhere").iterdir()).name
    foreign = folder / f".{os.getpid()}-{name}"
    foreign.mkdir(parents=True)
    (foreign / "image.npy").write_bytes(b"half")
    with monkeypatch.context() as broken:
        broken.setattr("training.inputs.cache.np.save", _full_disk)
        with pytest.raises(OSError, match="no space"):
            cached_arrays(folder, dataset, "train", FORM)
    assert [path.name for path in folder.iterdir()] == [foreign.name]
    for field, array in cached_arrays(folder, dataset, "train", FORM).items():
        np.testing.assert_array_equal(array, whole[field])
    assert {path.name for path in folder.iterdir()} == {foreign.name, name}
    assert (foreign / "image.npy").read_bytes() == b"half"


def _full_disk(*arguments: object, **options: object) -> None:
    raise OSError("no space left on device")


def test_the_cache_is_of_one_data_set_and_form(dataset: Dataset, tmp_path: Path) -> None:
    forms = (FORM, Form(("image", "label"), (20, 20), resampling="area"), Form(("image",), (16, 16)))
    for form in forms:
        _take(Stream(dataset, "train", form, 8, 0, cache=tmp_path / "cache"), 1)
    assert len(list((tmp_path / "cache").iterdir())) == 3
    with pytest.raises(UsageError, match="give a size"):
        _take(Stream(dataset, "train", Form(), 8, 0, cache=tmp_path), 1)


def test_augmentation_of_an_example_depends_on_seed_epoch_and_key_alone(dataset: Dataset) -> None:
    def by_key(batches: list[Batch]) -> dict[bytes, np.ndarray]:
        return {
            key: image for batch in batches for key, image in zip(batch["key"].tolist(), batch["image"], strict=True)
        }

    small, large = (
        Stream(dataset, "train", FORM, 4, 3, None, CHANGES),
        Stream(dataset, "train", FORM, 16, 3, None, CHANGES),
    )
    one, other = by_key(_take(small, 14)), by_key(_take(large, 4))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[key], other[key]) for key in one)
    later = by_key(_take(large, 4, first=4))
    assert not any(np.array_equal(one[key], later[key]) for key in one)


def test_two_domains_come_in_step_from_independent_streams(
    make_dataset: MakeDataset, digit_samples: Callable[[int, int], list[Sample]], dataset: Dataset
) -> None:
    target = make_dataset({"adapt": digit_samples(11, 7)}, DIGITS, name="target", shards=2)
    streams = {
        "source": Stream(dataset, "train", FORM, 8, 0, whole_batches=True),
        "target": Stream(target, "adapt", Form(("image",), (20, 20)), 4, 1, whole_batches=True),
    }
    both = list(itertools.islice(in_step(streams).as_numpy_iterator(), 15))
    for name, stream in streams.items():
        _same([pair[name] for pair in both], _take(stream, 15))
    assert {len(pair["source"]["key"]) + len(pair["target"]["key"]) for pair in both} == {12}
    assert "label" not in both[0]["target"]
    resumed = list(itertools.islice(in_step(streams, 9).as_numpy_iterator(), 6))
    _same([pair["target"] for pair in resumed], [pair["target"] for pair in both[9:]])
    with pytest.raises(UsageError, match="other seeds"):
        in_step({"one": streams["source"], "two": streams["source"]})


def test_small_sets_and_large_batches(dataset: Dataset) -> None:
    batches = _take(Stream(dataset, "train", FORM, 100, 0), 2)
    assert [len(batch["key"]) for batch in batches] == [53, 53]
    with pytest.raises(UsageError, match="53 examples do not fill a batch of 100"):
        Stream(dataset, "train", FORM, 100, 0, whole_batches=True)
    with pytest.raises(UsageError, match="no example is left"):
        Stream(dataset, "train", FORM, 8, 0, held_out(0.0, 0))
    with pytest.raises(UsageError, match="seed must be 0 or more"):
        Stream(dataset, "train", FORM, 8, -1)


def test_large_records_are_read_one_by_one_to_the_same_batches(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = _take(Stream(dataset, "train", FORM, 8, 1), 9)
    monkeypatch.setattr("training.inputs.reading._LARGE_BYTES", 0)
    _same(_take(Stream(dataset, "train", FORM, 8, 1), 9), wanted)
    _same(_take(Stream(dataset, "train", FORM, 8, 1), 4, first=5), wanted[5:])


def test_reading_keeps_no_more_than_a_few_batches(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    from training.inputs import records

    one = records.Records._read_one
    monkeypatch.setattr(records.Records, "_read_one", lambda self, index: read.append(index) or one(self, index))
    next(iter(Stream(dataset, "train", FORM, 1, 0).batches()))
    assert len(read) <= 48, "two calls for records, two batches waiting, and what is being decoded"
