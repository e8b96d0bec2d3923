from __future__ import annotations

from pathlib import Path

from datasets.dataset import Dataset
from datasets.tfrecord import RecordWriter, read_records
from datasets.verification import verify


def _shard(dataset: Dataset, split: str = "train", index: int = 0) -> Path:
    return dataset.split(split).files[index]


def _faults(dataset: Dataset) -> str:
    return "\n".join(verify(Dataset.open(dataset.directory)))


def test_a_whole_set_has_no_fault_and_every_shard_is_looked_at(pets_set: Dataset) -> None:
    seen: list[str] = []
    assert verify(pets_set, seen.append) == ()
    assert sorted(seen) == sorted(path.name for path in pets_set.directory.glob("*.tfrecord-*"))


def test_a_changed_byte_is_named_by_shard_record_and_offset(pets_set: Dataset) -> None:
    shard = _shard(pets_set)
    offsets = [offset for offset, _ in read_records(shard)]
    data = bytearray(shard.read_bytes())
    data[offsets[1] + 40] ^= 1
    shard.write_bytes(data)
    assert f"{shard.name}: record 1 at byte {offsets[1]}: the payload fails its CRC" in _faults(pets_set)


def test_a_shard_cut_at_a_boundary_is_found_by_its_count(pets_set: Dataset) -> None:
    shard = _shard(pets_set)
    last = [offset for offset, _ in read_records(shard)][-1]
    shard.write_bytes(shard.read_bytes()[:last])
    assert f"{shard.name}: holds 1 records, the manifest says 2" in _faults(pets_set)


def test_missing_swapped_and_left_over_shards_are_named(pets_set: Dataset) -> None:
    first, second = _shard(pets_set, index=0), _shard(pets_set, index=1)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    assert f"{first.name}: is not the file that was written" in _faults(pets_set)
    second.rename(second.with_name(second.name.replace("of-00003", "of-00009")))
    assert f"{second.name}: the file is missing" in _faults(pets_set)
    assert "of-00009: not in the manifest" in _faults(pets_set)


def test_a_key_that_stands_twice_is_found(pets_set: Dataset) -> None:
    shard = _shard(pets_set)
    payloads = [payload for _, payload in read_records(shard)]
    with open(shard, "wb") as file:
        writer = RecordWriter(file)
        for payload in (*payloads, payloads[0]):
            writer.write([payload])
    assert "is already in " + shard.name in _faults(pets_set)


def test_a_record_that_is_no_sample_is_named(pets_set: Dataset) -> None:
    shard = _shard(pets_set)
    with open(shard, "wb") as file:
        RecordWriter(file).write([b""])
    assert f"{shard.name}: record 0 at byte 0: the record lacks" in _faults(pets_set)
