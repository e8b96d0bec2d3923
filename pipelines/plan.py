"""What a build is going to do, known before it reads a pixel and without importing Beam."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from datasets.shards import TARGET_SHARD_BYTES, Shard, plan_shards
from datasets.source import Item, Plan, Source
from pipelines.options import BuildOptions


@dataclass(frozen=True)
class Build:
    """What is going to be built.

    Attributes:
        plan: the items.
        shards: their places.
        target: where the data set will stand.
    """

    plan: Plan
    shards: tuple[Shard, ...]
    target: Path

    @property
    def examples(self) -> int:
        """Number of items."""
        return sum(len(shard.items) for shard in self.shards)

    @property
    def bytes(self) -> int:
        """About how large the records will be."""
        return sum(item.size_bytes for shard in self.shards for item in shard.items)


def plan_build(source: Source, data_dir: Path, options: BuildOptions) -> Build:
    """List the items and give each its shard."""
    plan = source.plan()
    shard_bytes = (options.shard_megabytes or 0) * 1_000_000 or TARGET_SHARD_BYTES
    shards = plan_shards(
        source.name, plan.items, options.seed, options.num_shards, shard_bytes, options.max_examples_per_split
    )
    return Build(plan, shards, data_dir / source.name / source.version)


def shard_text(shard: Shard) -> str:
    """A shard as text, for the worker that will write it."""
    rows = [(item.key, item.split, item.file, item.size_bytes, dict(item.facts)) for item in shard.items]
    return json.dumps((shard.name, shard.split, shard.index, rows))


def shard_of(text: str) -> Shard:
    """The shard of a text; facts of items are plain values, so they come back as they were."""
    name, split, index, rows = json.loads(text)
    return Shard(name, split, index, tuple(Item(*row) for row in rows))
