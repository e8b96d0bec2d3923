"""Worker processes of this machine, together.

They are started before Beam is imported, which takes longer than their own start, and begin at once, shard by shard in
the order of the plan, whoever is free first; Beam's pipeline then takes each shard as it is written (`TakeShard`). In
every process one shard is filled while the one before it is still being synced to the disk.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import wait
from types import TracebackType

from datasets.errors import RealitygapError
from pipelines.shard_writer import ShardJob
from pipelines.worker_process import FILLED, WRITTEN, WorkerProcess, kill_all


class WorkerLost(RealitygapError):
    """A worker process ended before its time."""


class WorkerProcesses:
    """So many processes that write the shards of these names, for as long as the block runs.

    Attributes:
        all_written: is done when all shards are.
        lost: why a process ended before its time, if one did.
    """

    def __init__(self, job: ShardJob, shards: Sequence[str], workers: int) -> None:
        self._job = job
        self._wanted = workers
        self._waiting = deque(shards)
        self._left = len(shards)
        self._futures: dict[str, Future[None]] = {name: Future() for name in shards}
        self._workers: list[WorkerProcess] = []
        self._thread = threading.Thread(target=self._attend, name="worker processes", daemon=True)
        self.all_written: Future[None] = Future()
        self.lost: WorkerLost | None = None

    def __enter__(self) -> WorkerProcesses:
        log, job = os.fspath(self._job.workspace.log), _pickled(self._job)
        try:
            for _ in range(self._wanted):
                self._workers.append(WorkerProcess.take())
            for worker in self._workers:
                try:
                    worker.connection.send(log)
                    worker.connection.send_bytes(job)
                    self._hand_on(worker)
                except OSError:
                    raise WorkerLost(worker.how_it_was_lost()) from None
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
            worker.end()

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
                    self.lost = WorkerLost(worker.how_it_was_lost())
                    self._fail(self.lost)
                    self._kill()
                    return

    def _hear(self, worker: WorkerProcess, word: str, shard: str, message: str) -> None:
        if not self._left:
            return  # another one has failed already
        if word == FILLED:
            self._hand_on(worker)
        elif word == WRITTEN:
            worker.doing.remove(shard)
            self._left -= 1
            self._futures[shard].set_result(None)
            if not self._left:
                self.all_written.set_result(None)
        else:
            self._fail(RealitygapError(message))

    def _hand_on(self, worker: WorkerProcess) -> None:
        if self._waiting:
            worker.doing.append(self._waiting.popleft())
            worker.connection.send(worker.doing[-1])

    def _fail(self, error: RealitygapError) -> None:
        self._left = 0
        for future in self._futures.values():
            if not future.done():
                future.set_exception(error)

    def _kill(self) -> None:
        kill_all(self._workers)


def _pickled(job: ShardJob) -> bytes:
    """The job as bytes; what only the main program or a function knows goes by value, as Beam sends it."""
    with suppress(pickle.PicklingError, AttributeError):
        plain = pickle.dumps(job)
        if b"__main__" not in plain:
            return plain
    from apache_beam.internal import cloudpickle_pickler

    return pickle.dumps(cloudpickle_pickler.dumps(job))
