"""Options that every build of a data set takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from datasets.errors import UsageError
from datasets.proof import Thoroughness

WorkerKind = Literal["in-process", "threads", "processes"]


@dataclass(frozen=True)
class BuildOptions:
    """How a data set is built.

    Attributes:
        num_shards: shard files of each split; by default as many as the data ask for (at most about 64 MiB each).
        seed: of the order of samples in the shards, and of every rendered frame.
        workers: how many shards are worked on at once; by default one for each processor.
        overwrite: replace a finished data set, and begin an unfinished one anew. Otherwise a finished one is left
            alone and an unfinished one with the same options is resumed.
        max_rejected: how many samples may be rejected before the data set is held back (exit code 3).
        max_examples_per_split: take so many of each split, chosen by the seed.
        shard_megabytes: about how large a shard file may be; not together with `num_shards`.
        verify: how photographs are proved whole: `full` decodes every pixel and measures colours, `fast` reads the
            checksums of PNG and the segments of JPEG, `strict` decodes and rejects every JPEG with a complaint.
        dry_run: print what would be done and do nothing.
    """

    num_shards: int | None = None
    seed: int = 0
    workers: int | None = None
    overwrite: bool = False
    max_rejected: int = 0
    max_examples_per_split: int | None = None
    shard_megabytes: int | None = None
    verify: Thoroughness = "full"
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.num_shards and self.shard_megabytes:
            raise UsageError("--num-shards and --shard-megabytes say the same thing twice; give one of them")
        for name in ("num_shards", "workers", "max_examples_per_split", "shard_megabytes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"--{name.replace('_', '-')} must be 1 or more, got {value}")
        for name in ("seed", "max_rejected"):
            if getattr(self, name) < 0:
                raise UsageError(f"--{name.replace('_', '-')} must be 0 or more, got {getattr(self, name)}")

    def worker_count(self, shards: int) -> int:
        """How many workers to start for so many shards."""
        wanted = self.workers or len(os.sched_getaffinity(0))
        return max(1, min(wanted, shards))
