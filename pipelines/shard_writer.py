"""What a Beam worker does: read the items of one shard, check them, write the shard whole, say that it is done."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

import apache_beam as beam
import google_crc32c

from datasets.errors import BadSample, RealitygapError
from datasets.proof import Thoroughness, prove
from datasets.records import record_parts
from datasets.sample import Sample
from datasets.schema import Schema
from datasets.shards import Shard
from datasets.source import Reader, Rejection, Source
from datasets.statistics import Statistics
from datasets.tfrecord import RecordWriter
from pipelines.workspace import Workspace, sync_folder

_REPORT_EVERY_S = 0.25


class WriteShard(beam.DoFn):
    """Writes shards; everything it needs travels with it, what is dear is made once a worker."""

    def __init__(self, source: Source, workspace: Workspace, thoroughness: Thoroughness) -> None:
        self._source = source
        self._workspace = workspace
        self._thoroughness = thoroughness
        self._stack = ExitStack()
        self._reader: Reader | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"source": self._source, "workspace": self._workspace, "thoroughness": self._thoroughness}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def process(self, element: Shard) -> Iterator[str]:
        """Write one shard; yields its name."""
        try:
            if self._reader is None:
                self._reader = self._stack.enter_context(self._source.open_reader())
            write_shard(element, self._reader, self._source.schema, self._workspace, self._thoroughness)
        except Exception as error:
            kind = type(error).__name__
            message = str(error) if isinstance(error, RealitygapError | OSError) else f"{kind}: {error}"
            self._workspace.report_failure(kind, f"shard {element.name}: {message}")
            raise
        yield element.name

    def teardown(self) -> None:
        """Let go of what the reader held."""
        self._reader = None
        self._stack.close()


def write_shard(shard: Shard, reader: Reader, schema: Schema, workspace: Workspace, thoroughness: Thoroughness) -> None:
    """Write a shard under a temporary name, rename it when whole, then write down its facts."""
    path = workspace.folder / shard.name
    temporary = path.with_name(f".{shard.name}.{os.getpid()}.part")
    written = _Written(schema, shard.split, thoroughness)
    reported = 0.0
    with open(temporary, "wb") as file:
        writer = RecordWriter(file)
        for result in reader(shard.items):
            written.add(result, writer)
            if time.monotonic() - reported > _REPORT_EVERY_S:
                reported = time.monotonic()
                workspace.report_progress(shard.name, written.statistics.examples, len(written.rejections))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
    workspace.save_facts(shard.name, {**asdict(writer.facts()), **written.to_json()})
    workspace.report_progress(shard.name, written.statistics.examples, len(written.rejections))


@dataclass
class _Written:
    """What has become of the items of one shard so far; `images` are keys with length and CRC of the stored image."""

    schema: Schema
    split: str
    thoroughness: Thoroughness
    statistics: Statistics = field(default_factory=Statistics)
    rejections: list[Rejection] = field(default_factory=list)
    offsets: list[tuple[str, int]] = field(default_factory=list)
    images: list[tuple[str, int, int]] = field(default_factory=list)

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
            self.images.append((result.key, len(result.image.data), google_crc32c.value(result.image.data)))

    def to_json(self) -> dict[str, Any]:
        """Plain values for the shard's facts."""
        rejected = [asdict(rejection) for rejection in self.rejections]
        return {
            "statistics": self.statistics.to_json(),
            "rejected": rejected,
            "offsets": self.offsets,
            "images": self.images,
        }

    def _reject(self, sample: Sample, reason: str, file: str = "") -> None:
        self.rejections.append(Rejection(sample.key, self.split, file or sample.file_name, reason))
