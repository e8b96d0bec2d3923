"""Pools of Python workers on this machine for engines that ask for workers by address (Beam's EXTERNAL environment).

Every pool is a process of its own and runs the workers it is asked for as threads: one worker is one process as long as
there are as many pools as workers, so every worker has its own OpenGL context. Engines know one address only; behind it
stands a front desk in this process that hands requests to the pools in turn.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc
from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer
from apache_beam.utils.thread_pool_executor import shared_unbounded_instance

from datasets.errors import SystemComponentError
from pipelines.worker_process import worker_environment

_START_S = 60


class WorkerPools:
    """So many pools for as long as the block runs; `address` is what an engine is told.

    Raises:
        SystemComponentError: a pool did not start.
    """

    def __init__(self, pools: int, say: Callable[[str], None] = lambda sentence: None) -> None:
        self._wanted = pools
        self._say = say
        self._processes: list[subprocess.Popen[str]] = []
        self._server: grpc.Server | None = None
        self.address = ""

    def __enter__(self) -> WorkerPools:
        try:
            self._processes = [_start_pool() for _ in range(self._wanted)]
            addresses = [_address_of(process) for process in self._processes]
            self._server, self.address = _open_front_desk(
                addresses, [process.pid for process in self._processes], self._say
            )
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def lost(self) -> str | None:
        """In words, the first pool that ended before its time; None while all live."""
        for number, process in enumerate(self._processes, 1):
            code = process.poll()
            if code is not None:
                how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
                return f"worker pool {number} (process {process.pid}) was lost: {how}"
        return None

    def _stop(self) -> None:
        if self._server:
            self._server.stop(0)
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()


class _FrontDesk(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Hands each request for a worker to the next pool, and the request to stop it to the same."""

    def __init__(self, addresses: list[str], pids: list[int], say: Callable[[str], None]) -> None:
        self._say = say
        self._stubs = [
            beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(grpc.insecure_channel(address)) for address in addresses
        ]
        self._pids = pids
        self._turns = count()
        self._pool_of: dict[str, int] = {}

    def StartWorker(self, request: Any, context: Any) -> Any:
        """Start a worker in the next pool."""
        pool = next(self._turns) % len(self._stubs)
        self._pool_of[request.worker_id] = pool
        self._say(f"worker {request.worker_id} starts in worker pool {pool + 1} (process {self._pids[pool]})")
        return self._stubs[pool].StartWorker(request)

    def StopWorker(self, request: Any, context: Any) -> Any:
        """Stop a worker where it was started."""
        pool = self._pool_of.pop(request.worker_id, None)
        return beam_fn_api_pb2.StopWorkerResponse() if pool is None else self._stubs[pool].StopWorker(request)


def _open_front_desk(addresses: list[str], pids: list[int], say: Callable[[str], None]) -> tuple[grpc.Server, str]:
    server = grpc.server(shared_unbounded_instance())
    port = server.add_insecure_port("localhost:0")
    desk = _FrontDesk(addresses, pids, say)
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(desk, server)
    server.start()
    return server, f"localhost:{port}"


def _start_pool() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.worker_pools"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=worker_environment(),
        start_new_session=True,  # Ctrl-C is for the command, which then ends the pools
    )  # fmt: skip


def _address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    if not address:
        raise SystemComponentError(f"a worker pool did not start: its process ended with code {process.wait(_START_S)}")
    return address


def main() -> None:
    """One pool: prints its address, serves until its standard input ends, as it does when the parent is gone."""
    logging.basicConfig(level=logging.WARNING)
    address, _ = BeamFnExternalWorkerPoolServicer.start(use_process=False)
    print(address, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
