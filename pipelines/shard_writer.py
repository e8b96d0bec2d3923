"""What a worker does: read the items of one shard, check them, write the shard whole, say that it is done.

Beam is not imported here: worker processes of this machine start in a fraction of the time without it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from datasets.errors import BadSample, RealitygapError
from datasets.leaks import Trace
from datasets.proof import Thoroughness, prove
from datasets.records import record_parts
from datasets.sample import Sample
from datasets.schema import Schema
from datasets.shards import Shard
from datasets.source import Reader, Rejection, Source
from datasets.statistics import Statistics
from datasets.tfrecord import RecordWriter
from pipelines.plan import shard_of

if TYPE_CHECKING:
    from pipelines.places import AnyWorkspace


@dataclass(frozen=True)
class ShardJob:
    """What all shards of one build have in common; it is sent to every worker.

    Attributes:
        source: of the samples.
        workspace: where plans are found and shards go.
        thoroughness: how photographs are proved whole.
        beam_options: for filesystems of Beam's that need some.
    """

    source: Source
    workspace: AnyWorkspace
    thoroughness: Thoroughness
    beam_options: tuple[str, ...] = ()


class ShardWriter:
    """Writes shards of one job; what is dear (archives, a renderer) is made at the first and kept until closed."""

    def __init__(self, job: ShardJob) -> None:
        self._job = job
        self._stack = ExitStack()
        self._reader: Reader | None = None
        if job.beam_options:
            from pipelines.remote_storage import set_filesystem_options

            set_filesystem_options(job.beam_options)

    def write(self, name: str, on_filled: Callable[[], object] = lambda: None) -> None:
        """Write the shard of that name; `on_filled` is called when only the disk is still to be waited for."""
        workspace = self._job.workspace
        try:
            if self._reader is None:
                self._reader = self._stack.enter_context(self._job.source.open_reader())
            shard = shard_of(workspace.plan_of(name))
            write_shard(shard, self._reader, self._job.source.schema, workspace, self._job.thoroughness, on_filled)
        except Exception as error:
            kind = type(error).__name__
            message = str(error) if isinstance(error, RealitygapError | OSError) else f"{kind}: {error}"
            with contextlib.suppress(OSError):  # the error itself matters more than word of it
                workspace.report_failure(kind, f"shard {name}: {message}")
            raise

    def close(self) -> None:
        """Let go of what the reader held."""
        self._reader = None
        self._stack.close()


def write_shard(
    shard: Shard,
    reader: Reader,
    schema: Schema,
    workspace: AnyWorkspace,
    thoroughness: Thoroughness,
    on_filled: Callable[[], object] = lambda: None,
) -> None:
    """Write a shard whole or not at all, then write down its facts."""
    written = _Written(schema, shard.split, thoroughness)
    reported = 0.0
    with workspace.open_shard(shard.name) as file:
        writer = RecordWriter(file)
        for result in reader(shard.items):
            written.add(result, writer)
            if time.monotonic() - reported > workspace.report_every_s:
                reported = time.monotonic()
                workspace.report_progress(shard.name, written.statistics.examples, len(written.rejections))
        on_filled()
    workspace.save_facts(
        shard.name, {**asdict(writer.facts()), **written.to_json(), "origin": dict(getattr(reader, "origin", {}))}
    )
    workspace.report_progress(shard.name, written.statistics.examples, len(written.rejections))


@dataclass
class _Written:
    """What has become of the items of one shard so far."""

    schema: Schema
    split: str
    thoroughness: Thoroughness
    statistics: Statistics = field(default_factory=Statistics)
    rejections: list[Rejection] = field(default_factory=list)
    offsets: list[tuple[str, int]] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)

    def add(self, result: Sample | Rejection, writer: RecordWriter) -> None:
        """Check, count and write one sample, or keep why not."""
        if isinstance(result, Rejection):
            self.rejections.append(result)
            return
        try:
            self.schema.check(result)
            notes = prove(result.image, self.thoroughness) if result.image.encoded else ()
            self.statistics.add(result, self.schema, notes)
        except BadSample as error:
            self._reject(result, error.reason, error.file)
        except ValueError as error:
            self._reject(result, str(error))
        else:
            self.offsets.append((result.key, writer.write(record_parts(result))))
            self.traces.append(Trace.of(self.split, result.key, result.image))

    def to_json(self) -> dict[str, Any]:
        """Plain values for the shard's facts."""
        rejected = [asdict(rejection) for rejection in self.rejections]
        return {
            "statistics": self.statistics.to_json(),
            "rejected": rejected,
            "offsets": self.offsets,
            "traces": [(t.split, t.key, t.length, t.crc, t.looks) for t in self.traces],
        }

    def _reject(self, sample: Sample, reason: str, file: str = "") -> None:
        self.rejections.append(Rejection(sample.key, self.split, file or sample.file_name, reason))
