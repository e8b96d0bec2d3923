"""Beam's local runner, named outright: the default one first tries to fetch a program from the network."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from datasets.proof import Thoroughness
from datasets.shards import Shard
from datasets.source import Source
from pipelines.options import WorkerKind
from pipelines.shard_writer import WriteShard
from pipelines.workspace import Workspace

_RUNNING_MODES = {"threads": "multi_threading", "processes": "multi_processing"}


def run_local(
    source: Source,
    workspace: Workspace,
    shards: Sequence[Shard],
    workers: int,
    kind: WorkerKind,
    thoroughness: Thoroughness = "full",
) -> None:
    """Write the shards with so many threads or processes of this machine; returns when all are written.

    Processes are processes also when there is one: software OpenGL and TensorFlow crash each other in one process, and
    the caller may hold TensorFlow.
    """
    mode = "in_memory" if workers == 1 and kind == "threads" else _RUNNING_MODES[kind]
    options = PipelineOptions(direct_num_workers=workers, direct_running_mode=mode, save_main_session=False)
    with chatter_in(workspace.folder / "workers.log"), beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
        build_graph(pipeline, WriteShard(source, workspace, thoroughness), shards)


def build_graph(pipeline: beam.Pipeline, writer: WriteShard, shards: Sequence[Shard]) -> None:
    """The whole pipeline: shards in, names of written shards out; no sample ever travels through Beam."""
    _ = pipeline | "Shards" >> beam.Create(list(shards), reshuffle=True) | "Write" >> beam.ParDo(writer)


@contextmanager
def chatter_in(path: Path) -> Iterator[None]:
    """Send all that is printed on standard error, by worker processes and native libraries too, to a file.

    The progress bar holds a way to the terminal of its own.
    """
    kept = os.dup(2)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.dup2(log, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(log)
