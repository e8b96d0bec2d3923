from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from conftest import DIGITS, MakeDataset

from datasets.errors import VerificationError
from datasets.key_index import INDEX_NAME
from datasets.tfrecord import RecordFault, masked_crc32c, read_records
from training.inputs.form import Form
from training.inputs.reading import load_arrays
from training.inputs.records import open_records


@pytest.fixture
def dataset(make_dataset: MakeDataset, digit_samples):  # type: ignore[no-untyped-def]
    return make_dataset({"train": digit_samples(23, 0), "test": digit_samples(5, 1)}, DIGITS, shards=4)


def test_records_by_number_are_those_that_tensorflow_reads_in_order(dataset) -> None:  # type: ignore[no-untyped-def]
    files = [str(path) for path in dataset.split("train").files]
    stored = list(tf.data.TFRecordDataset(files).as_numpy_iterator())
    records = open_records(dataset, "train")
    assert len(records) == 23
    which = np.random.default_rng(0).permutation(23)
    assert records.read(which) == [stored[index] for index in which]
    assert records.read([]) == []


def test_a_selection_keeps_the_stored_order_and_the_numbers(dataset) -> None:  # type: ignore[no-untyped-def]
    everything = open_records(dataset, "train")
    chosen = open_records(dataset, "train", lambda keys: tf.strings.regex_full_match(keys, ".*[02468]"))
    assert chosen.numbers.tolist() == list(range(0, 23, 2))
    assert chosen.read(range(len(chosen))) == everything.read(chosen.numbers)


def test_empty_shards_hold_nothing(make_dataset: MakeDataset, digit_samples) -> None:  # type: ignore[no-untyped-def]
    few = make_dataset({"train": digit_samples(2, 0)}, DIGITS, name="few", shards=5)
    assert len(open_records(few, "train").read([0, 1])) == 2


@pytest.mark.parametrize("place", ["payload", "length", "forged length"])
def test_a_changed_frame_is_named_before_anyone_parses_it(dataset, place: str) -> None:  # type: ignore[no-untyped-def]
    shard = dataset.split("train").files[1]
    offset = [offset for offset, _ in read_records(shard)][2]
    data = bytearray(shard.read_bytes())
    if place == "forged length":
        data[offset : offset + 8] = (1 << 40).to_bytes(8, "little")
        data[offset + 8 : offset + 12] = masked_crc32c(bytes(data[offset : offset + 8])).to_bytes(4, "little")
    else:
        data[offset + (40 if place == "payload" else 0)] ^= 1
    shard.write_bytes(data)
    records = open_records(dataset, "train")
    with pytest.raises(RecordFault, match=rf"{shard.name}: record 7 at byte {offset}"):
        records.read(range(23))
    with pytest.raises(VerificationError, match="realitygap verify"):
        load_arrays(dataset, "train", Form())


def test_a_shard_that_was_cut_or_is_missing_is_refused_unopened(dataset) -> None:  # type: ignore[no-untyped-def]
    shard = dataset.split("train").files[0]
    shard.write_bytes(shard.read_bytes()[:-5])
    with pytest.raises(VerificationError, match=rf"{shard.name} has \d+ bytes, not \d+"):
        open_records(dataset, "train")
    shard.unlink()
    with pytest.raises(VerificationError, match=f"{shard.name} is missing"):
        open_records(dataset, "train")
    assert len(open_records(dataset, "test")) == 5


@pytest.mark.parametrize("change", [lambda text: text[text.index("\n") + 1 :], lambda text: "\x00", lambda _: None])
def test_an_index_that_does_not_fit_the_manifest_is_refused(dataset, change) -> None:  # type: ignore[no-untyped-def]
    index = dataset.directory / INDEX_NAME
    text = change(index.read_text())
    index.unlink() if text is None else index.write_text(text)
    with pytest.raises(VerificationError, match="realitygap verify"):
        open_records(dataset, "train")
