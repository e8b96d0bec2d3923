"""Beam's local runner, named outright: the default one first tries to fetch a program from the network."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from datasets.errors import RealitygapError
from pipelines.options import WorkerKind
from pipelines.shard_writer import WriteShard

_RUNNING_MODES = {"in-process": "in_memory", "threads": "multi_threading", "processes": "multi_processing"}


class WorkerLost(RealitygapError):
    """A worker process ended before its time."""


def run_local(writer: WriteShard, shards: Sequence[str], workers: int, kind: WorkerKind) -> None:
    """Write the shards of these names with so many workers of this machine; returns when all are written.

    Processes are processes also when there is one: software OpenGL and TensorFlow crash each other in one process, and
    the caller may hold TensorFlow.
    """
    mode = "in_memory" if workers == 1 and kind == "threads" else _RUNNING_MODES[kind]
    workers = 1 if mode == "in_memory" else workers
    options = PipelineOptions([], direct_num_workers=workers, direct_running_mode=mode, save_main_session=False)
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=options)
    build_graph(pipeline, writer, shards)
    with chatter_in(writer.workspace.log):
        run_watched(lambda: pipeline.run().wait_until_finish())


def build_graph(pipeline: beam.Pipeline, writer: WriteShard, shards: Sequence[str]) -> None:
    """The whole pipeline: names of shards in, names of written shards out; no sample ever travels through Beam."""
    _ = pipeline | "Shards" >> beam.Create(list(shards), reshuffle=True) | "Write" >> beam.ParDo(writer)


def run_watched(run: Callable[[], object]) -> None:
    """Run a pipeline, and stop waiting for it when one of its worker processes ends before its time.

    The local runner itself would wait for the lost worker for ever: the only sign it gives is an error in a thread.

    Raises:
        WorkerLost: see there.
    """
    outcomes: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    usual_hook = threading.excepthook

    def work() -> None:
        try:
            run()
            outcomes.put(None)
        except BaseException as error:
            outcomes.put(error)

    def notice(failure: threading.ExceptHookArgs) -> None:
        if "Worker subprocess" in str(failure.exc_value):
            _hush_beam()
            _end_worker_processes()
            outcomes.put(WorkerLost(f"a worker process was lost, killed or out of memory ({failure.exc_value})"))
        elif failure.exc_type is not None and not issubclass(failure.exc_type, grpc.RpcError):
            usual_hook(failure)

    threading.excepthook = notice
    threading.Thread(target=work, name="pipeline", daemon=True).start()
    outcome: BaseException | None = None
    try:
        outcome = outcomes.get()
    finally:
        if not isinstance(outcome, WorkerLost):  # else threads that still talk to the lost worker fail one by one
            threading.excepthook = usual_hook
    if outcome is not None:
        raise outcome


def _end_worker_processes() -> None:
    """End the lost worker's companions, which would go on by themselves; what they were writing has no name yet."""
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(OSError):
            if b"sdk_worker_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> Iterator[int]:
    """Processes below a process."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from _descendants(child)


def _hush_beam() -> None:
    """Keep what Beam's threads say of a lost worker from burying the one sentence that the user needs."""
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL + 1)


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
