"""Worker processes of this machine: started without Beam, lost without harm, gone when the command is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from datasets.errors import RealitygapError
from datasets.pets import Pets
from pipelines.build import run_build
from pipelines.options import BuildOptions
from pipelines.plan import plan_build, shard_text
from pipelines.shard_writer import ShardJob, ShardWriter
from pipelines.worker_processes import WorkerLost, WorkerProcesses
from pipelines.workspace import Workspace
from tests.fixtures import PetsTree
from tests.pipelines.test_build import build, digests
from tests.pipelines.test_faults import _command, _descendants
from tests.test_rules import _loaded_after

NAME = "oxford_iiit_pet/1.0.0"


def workers_of(pid: int) -> list[int]:
    return [child for child in _descendants(pid) if b"pipelines.worker\0" in _command(child)]


def started(tree: PetsTree, data_dir: Path, source: Pets | None = None) -> tuple[ShardJob, list[str]]:
    """A job whose shards are planned and not yet written."""
    source = source or Pets(tree.root)
    planned = plan_build(source, data_dir, BuildOptions(num_shards=3))
    workspace = Workspace(planned.target)
    workspace.forget_progress()
    workspace.save_plans((shard.name, shard_text(shard)) for shard in planned.shards)
    return ShardJob(source, workspace, "full"), [shard.name for shard in planned.shards]


def wait_for_all(job: ShardJob, names: list[str]) -> None:
    with WorkerProcesses(job, names, 2) as processes:
        for name in names:
            processes.wait_for(name)


@pytest.fixture
def dying_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file; the worker that makes its call of the number that is written there is killed, once."""
    hook, number = tmp_path / "hook", tmp_path / "call"
    hook.mkdir()
    hook.joinpath("sitecustomize.py").write_text(f"""
import itertools, os, pathlib, signal, sys
if "pipelines.worker" in sys.orig_argv:
    number, calls = pathlib.Path({str(number)!r}), itertools.count(1)  # of two threads
    def dying(owner, name):
        original = getattr(owner, name)
        def call(*words):
            call = next(calls)
            if number.exists() and call == int(number.read_text()):
                number.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*words)
        setattr(owner, name, call)
    dying(os, "fsync")
    dying(pathlib.Path, "replace")
""")
    monkeypatch.syspath_prepend(hook)
    return number


def test_a_worker_starts_without_what_it_does_not_need() -> None:
    loaded = _loaded_after("import pipelines.worker_processes, datasets.sources")
    assert not loaded & {"apache_beam", "grpc", "tensorflow", "vispy", "jsonargparse"}


def test_the_command_loads_beam_only_when_there_is_work(pets_tree: PetsTree, tmp_path: Path) -> None:
    build(pets_tree, tmp_path)
    program = f"import realitygap; realitygap.main({['convert', 'pets', str(pets_tree.root), str(tmp_path)]!r})"
    assert "apache_beam" not in _loaded_after(program)


def test_a_worker_killed_at_any_step_costs_nothing_but_time(
    pets_tree: PetsTree, tmp_path: Path, dying_once: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = digests(build(pets_tree, tmp_path / "wanted").directory)
    for step in range(1, 7):  # each shard: one sync, two renames
        dying_once.write_text(str(step))
        found = build(pets_tree, tmp_path / str(step), "processes", workers=2)
        assert not dying_once.exists()
        assert "killed by SIGKILL, as the system does when memory runs out; going on with" in capsys.readouterr().err
        assert digests(found.directory) == wanted
    assert not workers_of(os.getpid())


def test_shards_are_taken_as_they_are_written(pets_tree: PetsTree, tmp_path: Path) -> None:
    job, names = started(pets_tree, tmp_path)
    with WorkerProcesses(job, names, 2) as processes:
        assert len(workers_of(os.getpid())) == 2
        for name in reversed(names):
            processes.wait_for(name)
            assert job.workspace.done(name) is not None
    assert not workers_of(os.getpid())


def test_the_words_of_a_failed_shard_arrive_and_the_others_are_ended(pets_tree: PetsTree, tmp_path: Path) -> None:
    job, names = started(pets_tree, tmp_path)
    (job.workspace.folder / "plans" / names[0]).unlink()
    began = time.monotonic()
    with pytest.raises(RealitygapError, match="No such file"):
        wait_for_all(job, names)
    assert time.monotonic() - began < 20
    assert not workers_of(os.getpid())
    assert (job.workspace.failure() or {})["message"].startswith(f"shard {names[0]}: ")


@dataclass(frozen=True)
class Doomed(Pets):
    """A source that no worker survives: what becomes of it is `fate`."""

    fate: Callable[[], object] = os.abort

    def __reduce__(self) -> tuple[object, ...]:
        return self.fate, ()


def _exits() -> None:
    os._exit(3)


def _ends_early() -> None:
    raise EOFError("Compressed file ended before the end-of-stream marker was reached")


@pytest.mark.parametrize("fate, code, logged", [(_exits, 3, ""), (_ends_early, 1, "EOFError: Compressed file ended")])
def test_workers_that_die_at_their_start_are_lost_in_words(
    pets_tree: PetsTree, tmp_path: Path, fate: Callable[[], object], code: int, logged: str
) -> None:
    job, names = started(pets_tree, tmp_path, Doomed(pets_tree.root, fate=fate))
    with pytest.raises(WorkerLost, match=rf"a worker process \(\d+\) was lost.*: ended with code {code}"):
        wait_for_all(job, names)
    assert logged in job.workspace.log.read_text()
    assert not workers_of(os.getpid())


def test_a_shard_is_filled_while_the_one_before_is_synced(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same calls as in a worker, here: `on_filled` comes after the last byte and before the sync."""
    job, names = started(pets_tree, tmp_path)
    said: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (said.append("sync"), fsync(descriptor))[1])
    with contextlib.closing(ShardWriter(job)) as writer:
        writer.write(names[0], lambda: said.append("filled"))
    assert said == ["filled", "sync"]


SCRIPT = """
import sys
from dataclasses import dataclass
from pathlib import Path
from datasets.pets import Pets
from pipelines.build import run_build
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
{more}
if __name__ == "__main__":
    options = BuildOptions(num_shards=3, workers=2)
    source = Mine(Path(sys.argv[1]))
    run_build(source, plan_build(source, Path(sys.argv[2]), options), options, "processes")
"""
MINE = """
from dataclasses import dataclass
from datasets.pets import Pets
@dataclass(frozen=True)
class Mine(Pets):
    pass
"""


@pytest.mark.parametrize("place", ["in the script", "beside the script"])
def test_sources_of_a_users_own_script_reach_the_workers(pets_tree: PetsTree, tmp_path: Path, place: str) -> None:
    wanted = digests(build(pets_tree, tmp_path / "wanted").directory)
    folder = tmp_path / "scripts"
    folder.mkdir()
    more = MINE if place == "in the script" else "from beside import Mine"
    (folder / "script.py").write_text(SCRIPT.format(more=more))
    (folder / "beside.py").write_text(MINE)
    root = str(Path(__file__).parents[2])
    words = [sys.executable, str(folder / "script.py"), str(pets_tree.root), str(tmp_path / "own")]
    subprocess.run(words, check=True, env=os.environ | {"PYTHONPATH": root}, cwd=tmp_path)
    assert digests(tmp_path / "own" / NAME) == wanted


def test_what_lies_in_the_working_folder_does_not_mislead_the_workers(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("datasets", "pipelines", "numpy"):
        (tmp_path / "here" / name).mkdir(parents=True)
        (tmp_path / "here" / name / "__init__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path / "here")
    source, options = Pets(pets_tree.root), BuildOptions(num_shards=3, workers=2)
    made = run_build(source, plan_build(source, tmp_path / "out", options), options, "processes")
    assert made.manifest.rejected == 0


@pytest.mark.parametrize("sent, code", [(signal.SIGKILL, -9), (signal.SIGTERM, 130), (signal.SIGINT, 130)])
def test_no_worker_outlives_the_command(pets_tree: PetsTree, tmp_path: Path, sent: signal.Signals, code: int) -> None:
    words = ["convert", "pets", str(_many(pets_tree)), str(tmp_path / "out"), "--num-shards", "40", "--workers", "2"]
    words += ["--splits", "train", "--worker-kind", "processes"]
    running = subprocess.Popen([sys.executable, "-m", "realitygap", *words], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "out").glob("*/.*/*.facts.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = workers_of(running.pid)
    assert len(workers) == 2
    running.send_signal(sent)
    running.communicate(timeout=60)
    assert running.returncode == code
    while any(map(_command, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_command, workers))


def _many(tree: PetsTree) -> Path:
    """The tree with a train list of 1,500, so that there is time to disturb it."""
    text = (tree.root / "annotations/trainval.txt").read_text()
    listed = [line for line in text.splitlines() if not line.startswith("#")]
    names = []
    for number in range(1500):
        name, rest = listed[number % len(listed)].split(" ", 1)
        copy = f"{name.rpartition('_')[0]}_{1000 + number}"
        for folder, suffix in (("images", "jpg"), ("annotations/trimaps", "png")):
            os.link(tree.root / folder / f"{name}.{suffix}", tree.root / folder / f"{copy}.{suffix}")
        names.append(f"{copy} {rest}")
    (tree.root / "annotations/trainval.txt").write_text("\n".join(names) + "\n")
    return tree.root


def test_a_build_leaves_no_thread_of_ours(pets_tree: PetsTree, tmp_path: Path) -> None:
    build(pets_tree, tmp_path, "processes", workers=2)
    deadline = time.monotonic() + 10
    while _ours() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _ours()


def _ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in ("worker processes", "pipeline")]
