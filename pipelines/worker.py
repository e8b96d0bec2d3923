"""What one worker process of this machine runs (`pipelines.worker_process` starts it).

Two threads write: while one waits for the disk, the other fills the next shard.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import Connection

from pipelines.garbage import uncollected
from pipelines.worker_process import FAILED, FILLED, WRITTEN

with uncollected():
    from pipelines.shard_writer import ShardJob, ShardWriter

_AT_ONCE = 2


class _Pen:
    """Writes shards in two threads, of which one at a time reads and encodes."""

    def __init__(self, connection: Connection, writer: ShardWriter) -> None:
        self._connection = connection
        self._writer = writer
        self._turn = threading.Lock()
        self._speaking = threading.Lock()
        self.at_work: set[str] = set()

    def write(self, shard: str) -> None:
        """Write a shard, and say when it is filled and what became of it."""
        self.at_work.add(shard)
        said = WRITTEN, shard, ""
        with ExitStack() as turn:
            turn.enter_context(self._turn)

            def filled() -> None:
                turn.close()
                self._say(FILLED, shard, "")

            try:
                self._writer.write(shard, filled)
            except Exception as error:
                traceback.print_exc()  # into the log
                said = FAILED, shard, str(error)
        self.at_work.discard(shard)
        self._say(*said)

    def _say(self, *words: str) -> None:
        with self._speaking, suppress(OSError):  # nobody to hear it: then this process ends anyway
            self._connection.send(words)


def main(descriptor: int) -> None:
    """One worker process: where to print, a job, then names of shards, until the other end is closed or gone."""
    connection = Connection(descriptor)
    try:
        log, job = connection.recv(), connection.recv_bytes()
    except (EOFError, ConnectionResetError):
        return  # started ahead, and not needed
    _print_to(log)
    with closing(ShardWriter(_job_of(job))) as writer, ThreadPoolExecutor(_AT_ONCE) as threads:
        pen = _Pen(connection, writer)
        with suppress(EOFError, ConnectionResetError):
            while True:
                threads.submit(pen.write, connection.recv())
        if pen.at_work:
            os._exit(1)  # the command was killed


def _print_to(log: str) -> None:
    """Send all that is printed here from now on, by native libraries too, to a file."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _job_of(data: bytes) -> ShardJob:
    job = pickle.loads(data)  # from our own parent
    if isinstance(job, ShardJob):
        return job
    from apache_beam.internal import cloudpickle_pickler

    return cloudpickle_pickler.loads(job)


if __name__ == "__main__":
    main(int(sys.argv[1]))
    gc.freeze()  # or Python goes through all that was imported once more
