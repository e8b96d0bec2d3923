from __future__ import annotations

import json
from pathlib import Path

import pytest

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


DESCRIBING = ("dataset_info.json", "features.json", "label.labels.txt", "README.md", "keys.tsv", "rejected.jsonl")


@pytest.mark.parametrize("name", DESCRIBING)
def test_a_missing_file_beside_the_shards_is_one_fault_and_hides_no_other(pets_set: Dataset, name: str) -> None:
    (pets_set.directory / name).unlink()
    assert verify(pets_set) == (f"{name}: the file is missing",)
    _shard(pets_set).unlink()
    faults = _faults(pets_set)
    assert f"{name}: the file is missing" in faults
    assert f"{_shard(pets_set).name}: the file is missing" in faults


@pytest.mark.parametrize(
    "name, fault",
    [
        ("dataset_info.json", "is not what the manifest says it must be"),
        ("features.json", "is not what the manifest says it must be"),
        ("label.labels.txt", "is not what the manifest says it must be"),
        ("keys.tsv", "does not name every record at its place"),
    ],
)
def test_a_changed_file_beside_the_shards_is_named(pets_set: Dataset, name: str, fault: str) -> None:
    path = pets_set.directory / name
    text = path.read_bytes()
    for changed in (text[:-1], text.replace(b"\n", b"\r\n"), text.replace(b"a", b"b", 1), text + b" "):
        path.write_bytes(changed)
        assert verify(pets_set) == (f"{name}: {fault}",)
    path.write_bytes(b"\xff" + text)
    assert _faults(pets_set).startswith(f"{name}: is no text: ")


@pytest.mark.parametrize("line", ["{", "[]", "1", '{"key": "a"}', '{"key": "a", "split": "b", "file": "", "why": ""}'])
def test_a_damaged_line_of_rejections_is_named_by_its_number(pets_set: Dataset, line: str) -> None:
    path = pets_set.directory / "rejected.jsonl"
    whole = json.dumps(
        {"key": "a", "split": "train", "file": "a.jpg", "reason": "\u2028 parts no lines"}, ensure_ascii=False
    )
    path.write_text(f"{whole}\n", "utf-8")
    assert verify(pets_set) == ("rejected.jsonl: holds 1 lines, the manifest says 0",)
    path.write_text(f"{whole}\n{line}\n", "utf-8")
    (fault,) = verify(pets_set)
    assert fault.startswith("rejected.jsonl: line 2 is not what was written there: ")


def test_a_shard_that_cannot_be_read_is_one_fault(pets_set: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("datasets.verification.file_facts", refuse)
    faults = verify(pets_set)
    shards = [path.name for split in ("test", "train") for path in pets_set.split(split).files]
    assert faults[:-1] == tuple(f"{name}: cannot be read: Permission denied" for name in shards)
    assert faults[-1].startswith("keys.tsv: ")


def test_the_describing_files_of_every_kind_of_set_follow_from_the_manifest_as_it_is_read(
    rendered_set: Dataset, digits_set: Dataset
) -> None:
    assert verify(rendered_set) == verify(digits_set) == ()
