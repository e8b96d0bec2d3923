"""What a Beam worker does: read the items of one shard, check them, write the shard whole, say that it is done."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, field
from typing import Any

import apache_beam as beam

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
from pipelines.places import AnyWorkspace
from pipelines.plan import shard_of
from pipelines.remote_storage import set_filesystem_options


class WriteShard(beam.DoFn):
    """Writes shards; everything it needs travels with it, what is dear is made once a worker."""

    def __init__(
        self,
        source: Source,
        workspace: AnyWorkspace,
        thoroughness: Thoroughness,
        beam_options: tuple[str, ...] = (),
    ) -> None:
        self._beam_options = beam_options
        self._source = source
        self.workspace = workspace
        self._thoroughness = thoroughness
        self._stack = ExitStack()
        self._reader: Reader | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {
            "source": self._source,
            "workspace": self.workspace,
            "thoroughness": self._thoroughness,
            "beam_options": self._beam_options,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def setup(self) -> None:
        """Let this process reach what lies behind URLs."""
        set_filesystem_options(self._beam_options)

    def process(self, element: str) -> Iterator[str]:
        """Write the shard of that name; yields the name."""
        try:
            if self._reader is None:
                self._reader = self._stack.enter_context(self._source.open_reader())
            shard = shard_of(self.workspace.plan_of(element))
            write_shard(shard, self._reader, self._source.schema, self.workspace, self._thoroughness)
        except Exception as error:
            kind = type(error).__name__
            message = str(error) if isinstance(error, RealitygapError | OSError) else f"{kind}: {error}"
            with contextlib.suppress(OSError):  # the error itself matters more than word of it
                self.workspace.report_failure(kind, f"shard {element}: {message}")
            raise
        yield element

    def teardown(self) -> None:
        """Let go of what the reader held."""
        self._reader = None
        self._stack.close()


def write_shard(
    shard: Shard, reader: Reader, schema: Schema, workspace: AnyWorkspace, thoroughness: Thoroughness
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
            "traces": [astuple(trace) for trace in self.traces],
        }

    def _reject(self, sample: Sample, reason: str, file: str = "") -> None:
        self.rejections.append(Rejection(sample.key, self.split, file or sample.file_name, reason))
