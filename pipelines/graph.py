"""The Beam pipeline: the same two steps on every engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from weakref import WeakValueDictionary

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipelines.shard_writer import ShardJob, ShardWriter
from pipelines.worker_processes import WorkerProcesses


class WriteShard(beam.DoFn):
    """Writes shards in the worker that Beam brings."""

    def __init__(self, job: ShardJob) -> None:
        self.job = job
        self._writer: ShardWriter | None = None

    def __getstate__(self) -> ShardJob:
        return self.job

    def __setstate__(self, job: ShardJob) -> None:
        self.__init__(job)  # type: ignore[misc]

    def setup(self) -> None:
        """Let this process reach what lies behind URLs."""
        self._writer = ShardWriter(self.job)

    def process(self, element: str) -> Iterator[str]:
        """Write the shard of that name; yields the name."""
        assert self._writer is not None
        self._writer.write(element)
        yield element

    def teardown(self) -> None:
        """Let go of what the reader held."""
        if self._writer is not None:
            self._writer.close()


class TakeShard(beam.DoFn):
    """Takes shards from worker processes of this process as they are written."""

    def __init__(self, processes: WorkerProcesses) -> None:
        self._name = id(processes)
        _PROCESSES[self._name] = processes

    def process(self, element: str) -> Iterator[str]:
        """Wait for the shard of that name; yields the name."""
        _PROCESSES[self._name].wait_for(element)
        yield element


_PROCESSES: WeakValueDictionary[int, WorkerProcesses] = WeakValueDictionary()
"""Beam pickles its steps even where they never leave the process; these cannot be."""


def build_graph(pipeline: beam.Pipeline, step: beam.DoFn, shards: Sequence[str], spread: bool = True) -> None:
    """The whole pipeline: names of shards in, names of written shards out; no sample ever travels through Beam.

    Args:
        pipeline: gets the steps.
        step: what happens to each name.
        shards: the names.
        spread: whether there is more than one worker that names have to be spread over.
    """
    _ = pipeline | "Shards" >> beam.Create(list(shards), reshuffle=spread) | "Write" >> beam.ParDo(step)


def run_here(step: beam.DoFn, shards: Sequence[str], threads: int) -> None:
    """Run the pipeline in this process, in so many threads; returns when it is through."""
    mode = "in_memory" if threads == 1 else "multi_threading"
    options = PipelineOptions([], direct_num_workers=threads, direct_running_mode=mode, save_main_session=False)
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
    build_graph(pipeline, step, shards, spread=threads > 1)
    pipeline.run().wait_until_finish()
