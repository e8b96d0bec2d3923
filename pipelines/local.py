"""Work on this machine, with Beam's local runner.

The runner is named outright: the default one first tries to fetch a program from the network. Beam is imported when the
worker processes are already at work.
"""

from __future__ import annotations

import gc
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipelines.options import WorkerKind
from pipelines.shard_writer import ShardJob
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
            with WorkerProcesses(job, shards, workers) as processes:
                with _uncollected():
                    from pipelines.graph import TakeShard, run_here

                try:
                    _aside(lambda: run_here(TakeShard(processes), shards, 1), processes.stop)
                except Exception:
                    if processes.lost:
                        raise processes.lost from None
                    raise
        else:
            with _uncollected():
                from pipelines.graph import WriteShard, run_here

            _aside(lambda: run_here(WriteShard(job), shards, 1 if kind == "in-process" else workers))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let Python look for no garbage meanwhile: it looks dozens of times as Beam is imported, and finds none."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _aside(run: Callable[[], object], stop: Callable[[], object] | None = None) -> None:
    """Run a pipeline in a thread, so that Ctrl-C is heard whatever it waits for.

    Where `stop` ends what it waits for, an interrupted pipeline is waited for, too: Beam complains at length then, and
    must have done so before standard error is the user's again.
    """
    outcomes: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            run()
            outcomes.put(None)
        except BaseException as error:
            outcomes.put(error)

    thread = threading.Thread(target=work, name="pipeline", daemon=True)
    thread.start()
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
