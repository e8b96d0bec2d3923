"""What a Beam worker does: read the items of one shard, check them, write the shard whole, say that it is done."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import apache_beam as beam

from datasets.errors import BadSample, RealitygapError
from datasets.records import sample_to_record
from datasets.sample import Sample
from datasets.shards import Shard
from datasets.source import Reader, Rejection, Source
from datasets.statistics import Statistics
from datasets.tfrecord import RecordWriter
from pipelines.workspace import Workspace, sync_folder

_REPORT_EVERY_S = 0.25


class WriteShard(beam.DoFn):
    """Writes shards; everything it needs travels with it, what is dear is made once a worker."""

    def __init__(self, source: Source, workspace: Workspace) -> None:
        self._source = source
        self._workspace = workspace
        self._stack = ExitStack()
        self._reader: Reader | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_source": self._source, "_workspace": self._workspace}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_source"], state["_workspace"])  # type: ignore[misc]

    def process(self, element: Shard) -> Iterator[str]:
        """Write one shard; yields its name."""
        try:
            if self._reader is None:
                self._reader = self._stack.enter_context(self._source.open_reader())
            write_shard(element, self._reader, self._source, self._workspace)
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


def write_shard(shard: Shard, reader: Reader, source: Source, workspace: Workspace) -> None:
    """Write a shard under a temporary name, rename it when whole, then write down its facts."""
    path = workspace.folder / shard.name
    temporary = path.with_name(f".{shard.name}.{os.getpid()}.part")
    statistics, rejections = Statistics(), []
    reported = 0.0
    with open(temporary, "wb") as file:
        writer = RecordWriter(file)
        for result in reader(shard.items):
            rejection = _write(result, shard, source, statistics, writer)
            if rejection:
                rejections.append(asdict(rejection))
            if time.monotonic() - reported > _REPORT_EVERY_S:
                reported = time.monotonic()
                workspace.report_progress(shard.name, statistics.examples, len(rejections))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)
    workspace.save_facts(
        shard.name,
        {**asdict(writer.facts()), "statistics": statistics.to_json(), "rejected": rejections},
    )
    workspace.report_progress(shard.name, statistics.examples, len(rejections))


def _write(
    result: Sample | Rejection, shard: Shard, source: Source, statistics: Statistics, writer: RecordWriter
) -> Rejection | None:
    if isinstance(result, Rejection):
        return result
    try:
        source.schema.check(result)
        statistics.add(result, source.schema)
    except BadSample as error:
        return Rejection(result.key, shard.split, error.file or result.file_name, error.reason)
    except ValueError as error:
        return Rejection(result.key, shard.split, result.file_name, str(error))
    writer.write(sample_to_record(result))
    return None
