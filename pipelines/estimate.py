"""How long a build would take, from some of its items that are really read, checked and written to a scratch folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from datasets.describe import human_bytes
from datasets.errors import RealitygapError
from datasets.proof import Thoroughness
from datasets.shards import Shard
from datasets.source import Item, Source
from pipelines.plan import Build
from pipelines.shard_writer import write_shard
from pipelines.workspace import Workspace

_SECONDS = 3.0
_MOST_ITEMS = 256


@dataclass(frozen=True)
class Measured:
    """What a sample of the items took.

    Attributes:
        items: how many were done.
        seconds: one worker's time for them, after its start.
        start_s: what one worker needs before its first item.
        bytes: size of their records.
        rejected: how many were rejected.
        fault: why nothing could be measured, else empty.
    """

    items: int = 0
    seconds: float = 0.0
    start_s: float = 0.0
    bytes: int = 0
    rejected: int = 0
    fault: str = ""

    def lines(self, build: Build, workers: int, where: str) -> tuple[str, ...]:
        """The estimate for the user; it says what it rests on."""
        if self.fault:
            return (f"time: not estimated, for the sample failed: {self.fault}",)
        seconds = self.start_s + self.seconds / self.items * build.examples / workers
        size = human_bytes(int(self.bytes / self.items * build.examples))
        rejected = f"; {self.rejected} of the sample were rejected" if self.rejected else ""
        return (
            f"time: about {_human(seconds)} {where}, for {size} of records",
            f"  measured just now: {self.items} items in {self.seconds:.2f} s on one worker after {self.start_s:.1f} s "
            f"to start, written to a scratch folder and removed{rejected}; workers are taken to add up",
        )


def measure(source: Source, build: Build, thoroughness: Thoroughness) -> Measured:
    """Do every n-th item for about three seconds, on one worker in this process."""
    try:
        with tempfile.TemporaryDirectory(prefix="realitygap-sample-") as folder, source.open_reader() as reader:
            workspace = Workspace(Path(folder) / "sample" / "0")
            workspace.forget_progress()
            began = time.perf_counter()
            _write(
                _share(build, 1), reader, source, workspace, thoroughness
            )  # what is made at first use is not counted
            start_s = time.perf_counter() - began
            done = Measured(start_s=start_s)
            for count in _growing():
                share = _share(build, count)
                began = time.perf_counter()
                facts = _write(share, reader, source, workspace, thoroughness)
                seconds = time.perf_counter() - began
                done = replace(
                    done, items=len(share.items), seconds=seconds, bytes=facts["bytes"], rejected=len(facts["rejected"])
                )
                if seconds > _SECONDS / 3 or len(share.items) < count:
                    break
            return done
    except (RealitygapError, OSError) as error:
        return Measured(fault=str(error))


def _growing() -> Iterator[int]:
    count = 4
    while count <= _MOST_ITEMS:
        yield count
        count *= 4


def _share(build: Build, count: int) -> Shard:
    """So many items, evenly spread over the build."""
    items: list[Item] = [item for shard in build.shards for item in shard.items]
    step = max(1, len(items) // count)
    return replace(build.shards[0], items=tuple(items[::step][:count]))


def _write(share: Shard, reader, source: Source, workspace: Workspace, thoroughness: Thoroughness):  # type: ignore[no-untyped-def]
    write_shard(share, reader, source.schema, workspace, thoroughness)
    return workspace.facts(share.name)


def _human(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
