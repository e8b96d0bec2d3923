from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from datasets.tfrecord import _LARGE, RecordFault, RecordWriter, file_facts, masked_crc32c, read_records

PAYLOADS = [b"first", b"", b"x" * 1000]


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "shard"
    _write(path, PAYLOADS)
    return path


def _write(path: Path, payloads: list[bytes]) -> RecordWriter:
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        for payload in payloads:
            writer.write([payload])
    return writer


def test_tensorflow_reads_the_records(shard: Path) -> None:
    assert [bytes(record.numpy()) for record in tf.data.TFRecordDataset(str(shard))] == PAYLOADS


def test_the_bytes_are_those_of_tensorflows_writer(tmp_path: Path, shard: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as writer:
        for payload in PAYLOADS:
            writer.write(payload)
    assert (tmp_path / "theirs").read_bytes() == shard.read_bytes()


def test_pieces_are_one_record(tmp_path: Path, shard: Path) -> None:
    with open(tmp_path / "pieces", "wb") as file:
        writer = RecordWriter(file)
        for payload in PAYLOADS:
            writer.write([payload[:3], b"", payload[3:]])
    assert (tmp_path / "pieces").read_bytes() == shard.read_bytes()


@pytest.mark.parametrize("size", [_LARGE - 1, _LARGE, 3 * _LARGE])
def test_records_of_any_size_are_those_of_tensorflows_writer(tmp_path: Path, size: int) -> None:
    payloads = [np.random.default_rng(size).bytes(size), b"small", b"y" * size]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as theirs:
        for payload in payloads:
            theirs.write(payload)
    with open(tmp_path / "ours", "wb") as file:
        writer = RecordWriter(file)
        offsets = [writer.write([payload[:2], payload[2:-3], payload[-3:]]) for payload in payloads]
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert writer.facts() == file_facts(tmp_path / "ours")
    assert list(read_records(tmp_path / "ours")) == list(zip(offsets, payloads, strict=True))


def test_offsets_point_at_the_frames(shard: Path) -> None:
    data = shard.read_bytes()
    for offset, payload in read_records(shard):
        assert struct.unpack_from("<Q", data, offset) == (len(payload),)
    assert [payload for _, payload in read_records(shard)] == PAYLOADS


def test_the_writers_facts_are_those_of_the_file(tmp_path: Path) -> None:
    writer = _write(tmp_path / "shard", PAYLOADS)
    assert writer.facts() == file_facts(tmp_path / "shard")


def test_every_cut_inside_a_record_is_found(shard: Path) -> None:
    data = shard.read_bytes()
    boundaries = {offset for offset, _ in read_records(shard)} | {len(data)}
    for length in range(len(data)):
        shard.write_bytes(data[:length])
        if length in boundaries:
            assert file_facts(shard).records < len(PAYLOADS)
        else:
            with pytest.raises(RecordFault, match="shard: record"):
                file_facts(shard)


@given(position=st.integers(0, 1000), flip=st.integers(1, 255))
def test_every_changed_byte_is_found(tmp_path_factory: pytest.TempPathFactory, position: int, flip: int) -> None:
    path = tmp_path_factory.mktemp("flip") / "shard"
    _write(path, PAYLOADS)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= flip
    path.write_bytes(data)
    with pytest.raises(RecordFault):
        file_facts(path)


@pytest.mark.parametrize("length", [10**9, 10**12, 2**63 - 1, 2**64 - 1])
def test_a_forged_length_is_refused_before_memory_is_taken(tmp_path: Path, length: int) -> None:
    header = struct.pack("<Q", length)
    path = tmp_path / "forged"
    path.write_bytes(header + struct.pack("<I", masked_crc32c(header)) + bytes(100))
    with pytest.raises(RecordFault, match=f"record 0 at byte 0: announces {length} bytes"):
        list(read_records(path))
