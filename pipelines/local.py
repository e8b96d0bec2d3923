"""Work on this machine, with Beam's local runner.

The runner is named outright: the default one first tries to fetch a program from the network. Beam is imported when the
worker processes are already at work.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from pipelines.garbage import uncollected
from pipelines.options import WorkerKind
from pipelines.shard_writer import ShardJob
from pipelines.worker_process import end_those_ahead
from pipelines.worker_processes import WorkerProcesses

_END_S = 10.0


def run_local(job: ShardJob, shards: Sequence[str], workers: int, kind: WorkerKind) -> None:
    """Write the shards of these names with so many workers of this machine; returns when all are written.

    Processes are processes also when there is one: software OpenGL and TensorFlow crash each other in one process, and
    the caller may hold TensorFlow.

    Raises:
        WorkerLost: a worker process ended before its time.
    """
    with chatter_in(job.workspace.log):
        if kind == "processes":
            _run_in_processes(job, shards, workers)
        else:
            end_those_ahead()
            with uncollected():
                from pipelines.graph import WriteShard, run_here

            _aside(lambda: run_here(WriteShard(job), shards, 1 if kind == "in-process" else workers))


def _run_in_processes(job: ShardJob, shards: Sequence[str], workers: int) -> None:
    with WorkerProcesses(job, shards, workers) as processes:
        end_those_ahead()  # there may be fewer shards than processors
        with uncollected():
            from pipelines.graph import TakeShard, run_here

        try:
            _aside(lambda: run_here(TakeShard(processes), shards, 1), processes.stop, processes.all_written)
        except Exception:
            if processes.lost:
                raise processes.lost from None
            raise


def _aside(
    run: Callable[[], object], stop: Callable[[], object] | None = None, enough: Future[None] | None = None
) -> None:
    """Run a pipeline in a thread, so that Ctrl-C is heard whatever it waits for.

    Args:
        run: the pipeline.
        stop: ends what it waits for. An interrupted pipeline is then waited for, too: Beam complains at length, and
            must have done so before standard error is the user's again.
        enough: when this is done, so is the work. What is left of the pipeline goes on beside what comes next: mostly
            that Beam waits, up to a fifth of a second, for a thread of its own that looks now and then at what it is
            doing; of a small job, whose shards were written before Beam was imported, it is all of the pipeline.
    """
    outcomes: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            run()
            outcomes.put(None)
        except BaseException as error:
            outcomes.put(error)

    thread = threading.Thread(target=work, name="pipeline", daemon=enough is None)  # Python waits for it at its end
    thread.start()
    if enough is not None:
        enough.add_done_callback(lambda _: outcomes.put(None))
    try:
        outcome = outcomes.get()
    except BaseException:
        if stop is not None:
            stop()
            thread.join(_END_S)
        raise
    if outcome is not None:
        raise outcome


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
