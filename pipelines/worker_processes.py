"""Worker processes of this machine.

They are started before Beam is imported, which takes longer than their own start, and begin at once, shard by shard in
the order of the plan, whoever is free first; Beam's pipeline then takes each shard as it is written (`TakeShard`). In
every process one shard is filled while the one before it is still being synced to the disk.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import TracebackType

from datasets.errors import RealitygapError
from pipelines.shard_writer import ShardJob
from pipelines.worker import FILLED, WRITTEN

_ROOT = Path(__file__).resolve().parent.parent
_END_S = 30

KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 31)}
"""For the environment of a process that handles images. By default the C library hands a large array back to the system
as soon as it is freed, and every page of the next one is made anew: a tenth of the time of street scenes."""


class WorkerLost(RealitygapError):
    """A worker process ended before its time."""


@dataclass(frozen=True)
class _Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    doing: list[str] = field(default_factory=list)


class WorkerProcesses:
    """So many processes that write the shards of these names, for as long as the block runs."""

    def __init__(self, job: ShardJob, shards: Sequence[str], workers: int) -> None:
        self._job = job
        self._wanted = workers
        self._waiting = deque(shards)
        self._left = len(shards)
        self._futures: dict[str, Future[None]] = {name: Future() for name in shards}
        self._workers: list[_Worker] = []
        self._thread = threading.Thread(target=self._attend, name="worker processes", daemon=True)
        self.lost: WorkerLost | None = None

    def __enter__(self) -> WorkerProcesses:
        job = _pickled(self._job)
        try:
            for _ in range(self._wanted):
                self._workers.append(_start())
            for worker in self._workers:
                try:
                    worker.connection.send_bytes(job)
                    self._hand_on(worker)
                except OSError:
                    raise WorkerLost(_words(worker)) from None
            self._thread.start()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._kill()
        self._thread.join()
        for worker in self._workers:
            worker.connection.close()  # at which a process closes its reader and ends
        for worker in self._workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(_END_S)
        self._kill()

    def stop(self) -> None:
        """End the processes; whoever waits for a shard is told."""
        self._kill()

    def wait_for(self, shard: str) -> None:
        """Wait until a shard is written.

        Raises:
            RealitygapError: this shard failed, or another one did before it.
            WorkerLost: a process ended before its time; all others were ended with it.
        """
        self._futures[shard].result()

    def _attend(self) -> None:
        """Give every free process the next shard until all are written, one fails, or a process is lost."""
        by_connection = {worker.connection: worker for worker in self._workers}
        while self._left:
            for connection in wait(list(by_connection)):
                worker = by_connection[connection]  # type: ignore[index]  # only connections were given
                try:
                    self._hear(worker, *worker.connection.recv())
                except (EOFError, OSError):
                    self.lost = WorkerLost(_words(worker))
                    self._fail(self.lost)
                    self._kill()
                    return

    def _hear(self, worker: _Worker, word: str, shard: str, message: str) -> None:
        if not self._left:
            return  # another one has failed already
        if word == FILLED:
            self._hand_on(worker)
        elif word == WRITTEN:
            worker.doing.remove(shard)
            self._left -= 1
            self._futures[shard].set_result(None)
        else:
            self._fail(RealitygapError(message))

    def _hand_on(self, worker: _Worker) -> None:
        if self._waiting:
            worker.doing.append(self._waiting.popleft())
            worker.connection.send(worker.doing[-1])

    def _fail(self, error: RealitygapError) -> None:
        self._left = 0
        for future in self._futures.values():
            if not future.done():
                future.set_exception(error)

    def _kill(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.wait()


def worker_environment() -> dict[str, str]:
    """The environment of a process of ours that must find our packages wherever the command was started."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def _environment() -> dict[str, str]:
    """The environment of a worker: its modules are those of this process, and images reuse the memory they have."""
    path = os.pathsep.join([str(_ROOT), *(entry or os.getcwd() for entry in sys.path)])
    ours = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}  # and not what happens to lie in the working folder
    return KEPT_MEMORY | os.environ | ours


def _words(worker: _Worker) -> str:
    try:
        code = worker.process.wait(_END_S)
    except subprocess.TimeoutExpired:
        return f"a worker process ({worker.process.pid}) hangs and says nothing any more"
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    memory = ", as the system does when memory runs out" if code == -signal.SIGKILL else ""
    doing = f" while it wrote {' and '.join(worker.doing)}" if worker.doing else ""
    return f"a worker process ({worker.process.pid}) was lost{doing}: {how}{memory}"


def _pickled(job: ShardJob) -> bytes:
    """The job as bytes; what only the main program or a function knows goes by value, as Beam sends it."""
    with suppress(pickle.PicklingError, AttributeError):
        plain = pickle.dumps(job)
        if b"__main__" not in plain:
            return plain
    from apache_beam.internal import cloudpickle_pickler

    return pickle.dumps(cloudpickle_pickler.dumps(job))


def _start() -> _Worker:
    ours, theirs = Pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipelines.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=2,  # the log: standard output is the command's own
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the command, which then ends its processes
        )
    finally:
        theirs.close()
    return _Worker(process, ours)
