"""Rows side by side, each in a process of one thread. Nothing here imports TensorFlow; the processes do."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets.errors import RealitygapError, SystemComponentError
from training.progress import Reporter, Silent
from training.study.deadline import Deadline
from training.study.domains import Domains

_ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
_PATIENCE_S = 0.5  # between two looks at whether all workers live


def run_side_by_side(
    rows: Sequence[Any], domains: Domains, folder: Path, deadline: Deadline, workers: int, shown: Reporter
) -> int:
    """Run rows in their order as far as processes are free, each after the one that it starts from.

    Args:
        rows: `rows.Row`s, each after the one that it starts from.
        domains: what each process reads its data from.
        folder: of the rows.
        deadline: when no further one starts.
        workers: processes.
        shown: told of every watch point and row.

    Returns:
        How many were left when the time was up.

    Raises:
        RealitygapError: what a row raised; rows under way are stopped, and go on when the study is run again.
    """
    context = multiprocessing.get_context("spawn")
    jobs, reports = context.Queue(), context.Queue()
    processes = [
        context.Process(target=_work, args=(domains, folder, jobs, reports), daemon=True)
        for _ in range(min(workers, len(rows)))
    ]
    try:
        for process in processes:
            process.start()
        left = _Dispatch(rows, folder, deadline, shown).run(jobs, reports, processes)
        for _ in processes:
            jobs.put(None)
        for process in processes:
            process.join()
        return left
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()


class _Dispatch:
    """Which rows wait, run and are done."""

    def __init__(self, rows: Sequence[Any], folder: Path, deadline: Deadline, shown: Reporter) -> None:
        self._numbers = {row.name: number for number, row in enumerate(rows, start=1)}
        self._waiting = list(rows)
        self._running: set[str] = set()
        self._done: set[str] = set()
        self._folder, self._deadline, self._shown = folder, deadline, shown

    def run(self, jobs: Any, reports: Any, processes: Sequence[Any]) -> int:
        """Hand out rows until none is left that may start."""
        while True:
            while len(self._running) < len(processes) and (row := self._next()) is not None:
                self._running.add(row.name)
                jobs.put(row)
            if not self._running:
                return len(self._waiting)
            self._take(reports, processes)

    def _next(self) -> Any:
        """The first row whose start stands; after the deadline only one that needs no training."""
        late = self._deadline.passed
        for row in self._waiting:
            ready = row.start is None or row.start.name in self._done
            if ready and (not late or row.stored(self._folder) is not None):
                self._waiting.remove(row)
                return row
        return None

    def _take(self, reports: Any, processes: Sequence[Any]) -> None:
        try:
            kind, name, told = reports.get(timeout=_PATIENCE_S)
        except queue.Empty:
            dead = [process for process in processes if not process.is_alive()]
            if dead:
                raise SystemComponentError(
                    f"a worker process ended with code {dead[0].exitcode} (-9 is the system's, for want of memory); "
                    "use fewer workers. What is finished is kept: run the same command again to go on"
                ) from None
            return
        if kind == "failed":
            raise _raised(name, told)
        if kind == "advanced":
            self._shown.advance(told)
            return
        self._running.discard(name)
        self._done.add(name)
        self._shown.say(f"[{self._numbers[name]}/{len(self._numbers)}] {told}")


class _Telling(Silent):
    """Hands what a row reports to the study's process."""

    def __init__(self, reports: Any, name: str) -> None:
        self._reports, self._name = reports, name

    def advance(self, note: str = "") -> None:
        """One watch point; a worker whose study's process was killed ends here."""
        if _orphaned():
            raise SystemExit(1)
        self._reports.put(("advanced", self._name, note))


def _work(domains: Domains, folder: Path, jobs: Any, reports: Any) -> None:
    """A worker process: rows until there is None."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the study's process stops its workers
    os.environ.update(_ONE_THREAD)  # before TensorFlow is loaded
    name = ""
    try:
        from training.start import start_quietly

        start_quietly()
        from training.study.row_run import run_row
        from training.study.sources import open_source

        data = None
        while (row := _next_job(jobs)) is not None:
            name = row.name
            data = data or open_source(domains).load()
            reports.put(("done", name, run_row(row, data, folder, _Telling(reports, name))))
    except RealitygapError as error:
        reports.put(("failed", name, {"kind": type(error), "text": str(error)}))
    except Exception as error:
        text = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        reports.put(("failed", name, {"kind": RuntimeError, "text": text}))


def _next_job(jobs: Any) -> Any:
    """A row, or None at the end or when nobody is there any more to give one."""
    while not _orphaned():
        with contextlib.suppress(queue.Empty):
            return jobs.get(timeout=_PATIENCE_S)
    return None


def _orphaned() -> bool:
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _raised(name: str, failure: Mapping[str, Any]) -> Exception:
    """The error of a worker as one of this process."""
    error = failure["kind"].__new__(failure["kind"])  # some kinds are made of other words than their message
    error.args = (f"row {name}: {failure['text']}" if name else failure["text"],)
    assert isinstance(error, Exception)
    return error
