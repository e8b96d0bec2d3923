"""Names of shard files, and which items go into which shard."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from datasets.source import Item

TARGET_SHARD_BYTES = 64 * 1024 * 1024
_SMALLEST_SPREAD = 8
_EXAMPLES_WORTH_A_SHARD = 32
_EVEN = 4  # more shards than the spread come in multiples, so that two or four workers end together


@dataclass(frozen=True)
class Shard:
    """One shard of a split: the unit of work, of commit and of resumption.

    Attributes:
        name: file name, `NAME-SPLIT.tfrecord-00000-of-00016` as TensorFlow Datasets writes it.
        split: the split it belongs to.
        index: its place among the shards of the split.
        items: what it holds, in order.
    """

    name: str
    split: str
    index: int
    items: tuple[Item, ...]


def shard_name(dataset: str, split: str, index: int, count: int) -> str:
    """The file name of one shard."""
    return f"{dataset}-{split}.tfrecord-{index:05}-of-{count:05}"


def default_shard_count(examples: int, total_bytes: int, shard_bytes: int = TARGET_SHARD_BYTES) -> int:
    """Shards of at most about `shard_bytes`, and at least up to eight so that workers share even a small split.

    It depends on the data alone, never on the number of workers: any number of them writes the same files.
    """
    by_size = math.ceil(total_bytes / shard_bytes)
    if by_size > _SMALLEST_SPREAD:
        by_size = math.ceil(by_size / _EVEN) * _EVEN
    spread = min(_SMALLEST_SPREAD, math.ceil(examples / _EXAMPLES_WORTH_A_SHARD))
    return max(1, min(examples, max(by_size, spread)))


def plan_shards(
    dataset: str,
    items: Sequence[Item],
    seed: int,
    num_shards: int | None = None,
    shard_bytes: int = TARGET_SHARD_BYTES,
    max_examples: int | None = None,
) -> tuple[Shard, ...]:
    """Permute the items of every split by a seeded hash of their keys and cut them evenly into shards.

    With `max_examples` only so many of each split are taken, the first of the permutation.

    A pure function of keys, seed and shard count: where an item lies does not depend on listing order or workers.
    """
    shards: list[Shard] = []
    for split in sorted({item.split for item in items}):
        members = sorted((i for i in items if i.split == split), key=lambda item: _order(seed, item.key))[:max_examples]
        size = sum(item.size_bytes for item in members)
        count = num_shards or default_shard_count(len(members), size, shard_bytes)
        count = min(count, len(members))
        for index in range(count):
            start, stop = (len(members) * edge // count for edge in (index, index + 1))
            shards.append(Shard(shard_name(dataset, split, index, count), split, index, tuple(members[start:stop])))
    return tuple(shards)


def _order(seed: int, key: str) -> tuple[bytes, str]:
    return hashlib.sha256(f"{seed}:{key}".encode()).digest(), key
