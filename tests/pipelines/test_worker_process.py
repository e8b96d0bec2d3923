"""A worker process as the command sees it: started ahead of need, taken once, ended when nobody needs it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import data_commands
import realitygap
from datasets.pets import Pets
from datasets.sample import Sample
from datasets.source import Item
from pipelines import local, worker_process
from pipelines.worker_process import WorkerProcess, ahead_of_need, kill_all
from tests.fixtures import PetsTree
from tests.pipelines.test_worker_processes import started, wait_for_all, workers_of
from tests.test_rules import _loaded_after


def starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Gets the process id of every worker that is started from now on."""
    found: list[int] = []
    start = WorkerProcess.start

    def noted() -> WorkerProcess:
        found.append((worker := start()).process.pid)
        return worker

    monkeypatch.setattr(WorkerProcess, "start", noted)
    return found


def convert(tree: PetsTree, out: Path, *words: str) -> int:
    return realitygap.main(["convert", "pets", str(tree.root), str(out), *words])


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})


@pytest.mark.usefixtures("two_processors")
def test_those_started_ahead_are_the_ones_that_work(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, names = started(pets_tree, tmp_path)
    pids = starts(monkeypatch)
    with ahead_of_need():
        assert sorted(workers_of(os.getpid())) == sorted(pids)
        wait_for_all(job, names)
        assert len(pids) == 2
        assert not workers_of(os.getpid())
        wait_for_all(job, names)
        assert len(pids) == 4
    assert all(job.workspace.done(name) for name in names)


@pytest.mark.usefixtures("two_processors")
def test_those_that_nobody_took_are_ended() -> None:
    def fail() -> None:
        with ahead_of_need():
            assert len(workers_of(os.getpid())) == 2
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not workers_of(os.getpid())
    with ahead_of_need():
        kill_all([WorkerProcess.take()])
        assert len(workers_of(os.getpid())) == 1
    assert not workers_of(os.getpid())


def test_a_large_machine_is_not_filled_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    with ahead_of_need():
        assert len(workers_of(os.getpid())) == 4


@pytest.mark.usefixtures("two_processors")
def test_one_that_died_meanwhile_is_replaced(
    pets_tree: PetsTree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ahead_of_need():
        for worker in worker_process._AHEAD:
            os.kill(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
        assert convert(pets_tree, tmp_path, "--worker-kind", "processes") == 0
    assert "lost" not in capsys.readouterr().err


@pytest.mark.usefixtures("two_processors")
def test_the_command_starts_workers_before_it_knows_the_source(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small one does without them, and they are gone when its work begins."""
    pids = starts(monkeypatch)
    at_work: list[list[int]] = []
    ended = worker_process.end_those_ahead
    monkeypatch.setattr("pipelines.local.end_those_ahead", lambda: (at_work.append(workers_of(os.getpid())), ended()))
    assert convert(pets_tree, tmp_path) == 0
    assert [sorted(found) for found in at_work] == [sorted(pids)]
    assert len(pids) == 2
    assert not workers_of(os.getpid())


@pytest.mark.parametrize(
    "words",
    [
        "pets IN OUT --help",
        "pets IN OUT -h",
        "pets IN OUT --dry-run",
        "pets IN OUT --runner flink",
        "pets IN OUT --workers=1",
        "pets IN OUT --worker_kind threads",
        "pets IN OUT --config FILE",
        "digits scikit-learn OUT",
        "pets",
    ],
)
@pytest.mark.usefixtures("two_processors")
def test_none_are_started_where_none_are_of_use(words: str) -> None:
    """Options that say how many workers there are to be, or where, are read first."""
    with data_commands.workers_ahead(words.split()):
        assert not workers_of(os.getpid())


def test_none_are_started_beside_a_single_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})
    with ahead_of_need():
        assert not workers_of(os.getpid())


@pytest.mark.usefixtures("two_processors")
def test_a_system_that_allows_no_more_processes_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    start = WorkerProcess.start
    allowed = [start]

    def limited() -> WorkerProcess:
        if not allowed:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        return allowed.pop()()

    monkeypatch.setattr(WorkerProcess, "start", limited)
    with ahead_of_need():
        assert len(workers_of(os.getpid())) == 1
    assert not workers_of(os.getpid())


@pytest.mark.usefixtures("two_processors")
def test_more_than_there_are_shards_are_ended_when_the_work_begins(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, names = started(pets_tree, tmp_path)
    at_work: list[int] = []
    run = local._aside

    def noted(*words: Any) -> None:
        at_work.append(len(workers_of(os.getpid())))
        run(*words)

    monkeypatch.setattr(local, "_aside", noted)
    with ahead_of_need():
        local.run_local(job, names, 1, "processes")
    assert at_work == [1]


@pytest.mark.usefixtures("two_processors")
def test_the_environment_is_afterwards_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with data_commands.workers_ahead(["pets", "IN", "OUT"]):
        assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    assert dict(os.environ) == before


@dataclass(frozen=True)
class Talking(Pets):
    """A source that prints, and leaves something to be cleared away at the end of its process."""

    def read(self, item: Item) -> Sample:
        print(f"reads {item.key}")
        _left_behind(self.root)
        return super().read(item)


@cache
def _left_behind(root: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="left-behind-", dir=root)


def test_a_worker_ends_in_order(pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it printed stands in the log, and what it kept for itself is cleared away: copies of remote archives are."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    job, names = started(pets_tree, tmp_path, Talking(pets_tree.root))
    wait_for_all(job, names)
    assert job.workspace.log.read_text().count("reads ") == len(Talking(pets_tree.root).plan().items)
    assert not list(pets_tree.root.glob("left-behind-*"))


def test_starting_one_imports_nothing_that_takes_its_time() -> None:
    loaded = _loaded_after("import realitygap, pipelines.worker_process")
    assert not loaded & {"numpy", "PIL", "jsonargparse", "apache_beam", "rich"}


def test_one_whose_command_is_gone_ends_quietly() -> None:
    program = "from pipelines.worker_process import WorkerProcess; import os; WorkerProcess.start(); os._exit(0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")  # read to the end: the worker held them open


def test_blas_of_a_worker_has_one_thread_unless_the_user_says_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert worker_process._environment()["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    assert worker_process._environment()["OPENBLAS_NUM_THREADS"] == "7"
