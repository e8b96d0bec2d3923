"""The records of a split by number, read from any place of any shard and proved before anyone parses them."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import Dataset
from datasets.errors import VerificationError
from datasets.key_index import INDEX_NAME, places
from datasets.tfrecord import FOOTER_BYTES, HEADER_BYTES, RecordFault, masked_crc32c

Selection = Callable[[Any], Any]
"""Which examples of a split are taken, by their keys: string tensor -> bool tensor of the same shape."""


@dataclass(frozen=True, eq=False)
class Records:
    """Records of one split that can be read in any order; in memory are 20 bytes a record.

    Attributes:
        files: shards in order.
        shards: `(n,)` int32, the shard of each record; records are numbered in stored order.
        offsets: `(n,)` int64, the byte at which its frame begins.
        sizes: `(n,)` int64, bytes of its frame.
        numbers: `(n,)` int64, its number in the whole split, of which these may be a selection.
    """

    files: tuple[Path, ...]
    shards: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets)

    def read(self, which: Iterable[int]) -> list[bytes]:
        """The payloads of some records, by their place in these arrays.

        Raises:
            RecordFault: a frame is not the one that was written there.
        """
        return [self._read_one(int(index)) for index in which]

    def _read_one(self, index: int) -> bytes:
        path, offset, size = self.files[self.shards[index]], int(self.offsets[index]), int(self.sizes[index])
        length = size - HEADER_BYTES - FOOTER_BYTES
        # Opened anew each time: nothing to close, no limit on the number of shards, and it costs microseconds.
        handle = os.open(path, os.O_RDONLY)
        try:
            header = os.pread(handle, HEADER_BYTES, offset)
            payload = os.pread(handle, length, offset + HEADER_BYTES)
            footer = os.pread(handle, FOOTER_BYTES, offset + size - FOOTER_BYTES)
        finally:
            os.close(handle)
        if header[:8] != struct.pack("<Q", length) or len(payload) != length:
            raise RecordFault(path, int(self.numbers[index]), offset, f"no frame of {length} bytes begins here")
        if footer != struct.pack("<I", masked_crc32c(payload)):
            raise RecordFault(path, int(self.numbers[index]), offset, "the payload fails its CRC")
        return payload


def open_records(dataset: Dataset, split: str, select: Selection | None = None) -> Records:
    """Find the records of a split through the key index, held against the manifest first.

    Raises:
        UsageError: no such split.
        VerificationError: a shard has not the size that the manifest says, or the index names other records.
    """
    files = dataset.split(split).files
    facts = dataset.manifest.splits[split].shards
    for path, shard in zip(files, facts, strict=True):
        found = path.stat().st_size if path.is_file() else None
        if found != shard.bytes:
            state = "is missing" if found is None else f"has {found} bytes, not {shard.bytes}"
            raise VerificationError(f"data set {dataset.name!r}: {path.name} {state}; run `realitygap verify` on it")
    number_of = {path.name: number for number, path in enumerate(files)}
    index = dataset.directory / INDEX_NAME
    try:
        rows = sorted(
            (number_of[place.file], place.offset, place.key) for place in places(index) if place.split == split
        )
    except (OSError, KeyError, ValueError) as error:
        raise VerificationError(
            f"{index} cannot be read ({error!r}); run `realitygap verify` on the data set, or make it again"
        ) from None
    shards = np.array([row[0] for row in rows], np.int32)
    if np.bincount(shards, minlength=len(files)).tolist() != [shard.examples for shard in facts]:
        raise VerificationError(f"{index} names other records than the manifest; run `realitygap verify` on it")
    offsets = np.array([row[1] for row in rows], np.int64)
    ends = np.append(offsets[1:], 0)
    last = np.append(shards[1:] != shards[:-1], True)[: len(rows)]
    ends[last] = np.array([shard.bytes for shard in facts], np.int64)[shards[last]]
    taken = np.ones(len(rows), bool)
    if select is not None and rows:
        taken = np.asarray(select(np.array([row[2].encode() for row in rows], object)), bool)
    numbers = np.flatnonzero(taken)
    return Records(files, shards[numbers], offsets[numbers], (ends - offsets)[numbers], numbers)
