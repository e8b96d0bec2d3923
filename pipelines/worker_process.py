"""One worker process of this machine, as the command that started it sees it.

Starting takes more than a tenth of a second, most of it imports. So the command line has some started before it reads
its own options (`ahead_of_need`), while a processor is idle; whoever needs a worker takes one of those first. Nothing
is imported here that would take its time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

FILLED, WRITTEN, FAILED = "filled", "written", "failed"
"""The words of a worker, each said with the name of a shard and a message."""

KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 31)}
"""For the environment of a process that handles images. By default the C library hands a large array back to the system
as soon as it is freed, and every page of the next one is made anew: a tenth of the time of street scenes."""

ONE_BLAS_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""For the environment of a process that multiplies no large matrices. By default the threads that numpy's library makes
when it is imported spin for a fifteenth of a second each, before they sleep."""

_ROOT = Path(__file__).resolve().parent.parent
_END_S = 30
_MOST_AHEAD = 4  # a command that turns out to need none should not have filled a large machine with them


@dataclass(frozen=True)
class WorkerProcess:
    """A process that takes a job and then shards (`pipelines.worker`), and the way to it.

    Attributes:
        process: the process.
        connection: closed, it makes the process end.
        doing: names of the shards that it has and has not said to be written.
    """

    process: subprocess.Popen[bytes]
    connection: Connection
    doing: list[str] = field(default_factory=list)

    @classmethod
    def start(cls) -> WorkerProcess:
        """A new one. What it prints before it has a job goes to standard error, then to the log of the job."""
        ours, theirs = Pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "pipelines.worker", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # standard output is the command's own
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the command, which then ends its processes
            )
        finally:
            theirs.close()
        return cls(process, ours)

    @classmethod
    def take(cls) -> WorkerProcess:
        """One that was started ahead and is alive, else a new one."""
        while _AHEAD:
            worker = _AHEAD.pop()
            if worker.process.poll() is None:
                return worker
            worker.connection.close()
        return cls.start()

    def end(self) -> None:
        """Wait until it has ended, its connection being closed; one that hangs is killed."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_END_S)
        kill_all([self])

    def how_it_was_lost(self) -> str:
        """A sentence on a process that does not answer any more."""
        try:
            code = self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return f"a worker process ({self.process.pid}) hangs and says nothing any more"
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        memory = ", as the system does when memory runs out" if code == -signal.SIGKILL else ""
        doing = f" while it wrote {' and '.join(self.doing)}" if self.doing else ""
        return f"a worker process ({self.process.pid}) was lost{doing}: {how}{memory}"


_AHEAD: list[WorkerProcess] = []


@contextmanager
def ahead_of_need() -> Iterator[None]:
    """Start processes for whoever takes them in the block; those that nobody took are ended after it.

    None are started where there is one processor, for it is busy, nor more than the system allows.
    """
    processors = len(os.sched_getaffinity(0))
    try:
        with suppress(OSError):  # whoever needs one hears of it
            for _ in range(min(processors, _MOST_AHEAD) if processors > 1 else 0):
                _AHEAD.append(WorkerProcess.start())
        yield
    finally:
        end_those_ahead()


def end_those_ahead() -> None:
    """End the processes that were started ahead: nobody is going to need them."""
    for worker in _AHEAD:
        worker.connection.close()
    kill_all(_AHEAD)
    _AHEAD.clear()


def kill_all(workers: Sequence[WorkerProcess]) -> None:
    """End processes at once, and wait until they are gone."""
    for worker in workers:
        worker.process.kill()
    for worker in workers:
        worker.process.wait()


def worker_environment() -> dict[str, str]:
    """The environment of a process of ours that must find our packages wherever the command was started."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def _environment() -> dict[str, str]:
    """The environment of a worker: its modules are those of this process, and images reuse the memory they have."""
    path = os.pathsep.join([str(_ROOT), *(entry or os.getcwd() for entry in sys.path)])
    ours = {"PYTHONPATH": path, "PYTHONSAFEPATH": "1"}  # and not what happens to lie in the working folder
    return KEPT_MEMORY | ONE_BLAS_THREAD | os.environ | ours
