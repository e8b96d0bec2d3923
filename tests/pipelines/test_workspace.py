from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import UsageError
from datasets.tfrecord import RecordWriter
from pipelines.lasting_files import write_whole
from pipelines.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "set" / "1.0.0")


def _write_shard(workspace: Workspace, name: str, rejected: list[dict[str, str]] | None = None) -> None:
    with open(workspace.folder / name, "wb") as file:
        writer = RecordWriter(file)
        writer.write([b"record"])
    workspace.save_facts(name, {"sha256": writer.facts().sha256, "rejected": rejected or []})


def test_a_build_is_resumed_with_the_same_options_only(workspace: Workspace) -> None:
    assert not workspace.begin({"seed": 1, "shards": (2, 3)}, overwrite=False)
    assert workspace.begin({"seed": 1, "shards": [2, 3]}, overwrite=False)
    with pytest.raises(UsageError, match=r"seed: was 1, now 2; shards: was \[2, 3\], now None.*--overwrite"):
        workspace.begin({"seed": 2}, overwrite=False)
    assert not workspace.begin({"seed": 2}, overwrite=True)


def test_shards_of_unknown_options_are_thrown_away(workspace: Workspace) -> None:
    workspace.begin({"seed": 1}, overwrite=False)
    _write_shard(workspace, "a")
    (workspace.folder / "build.json").unlink()
    assert not workspace.begin({"seed": 2}, overwrite=False)
    assert workspace.done("a") is None
    assert sorted(path.name for path in workspace.folder.iterdir()) == ["build.json", "owner.json", "progress"]


class Killed(BaseException):
    """Stands for the end of the process."""


def test_killed_at_any_removal_of_the_commit_no_shard_serves_other_options(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the rerun with the same options still finds done shrinks, but never comes from elsewhere."""
    for step in range(100):
        workspace.begin({"seed": 1}, overwrite=True)
        for shard in ("a", "b"):
            _write_shard(workspace, shard)
        workspace.save_plans([("a", ""), ("b", "")])
        with monkeypatch.context() as patched:
            _die_at_removal(patched, step)
            try:
                workspace.commit({"manifest.json": "{}"}, {"a": {}, "b": {}})
                break
            except Killed:
                pass
        assert not workspace.finished()
        if (workspace.folder / "build.json").exists():
            with pytest.raises(UsageError, match="seed: was 1, now 2"):
                workspace.begin({"seed": 2}, overwrite=False)
            assert workspace.begin({"seed": 1}, overwrite=False)
            kept = {shard for shard in ("a", "b") if workspace.done(shard)}
            assert kept == {path.name.partition(".")[0] for path in workspace.folder.glob("*.facts.json")}
        else:
            assert not workspace.begin({"seed": 2}, overwrite=False)
            assert workspace.done("a") is workspace.done("b") is None
    assert step == 8  # an empty folder, one of two files, two facts, the owner, the configuration
    assert sorted(path.name for path in workspace.target.iterdir()) == ["a", "b", "manifest.json"]


def _die_at_removal(patched: pytest.MonkeyPatch, step: int) -> None:
    removals = itertools.count()
    for name in ("unlink", "rmdir"):
        original = getattr(os, name)

        def remove(*words: Any, original: Callable[..., None] = original, **more: Any) -> None:
            if next(removals) == step:
                raise Killed
            original(*words, **more)

        patched.setattr(os, name, remove)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_nothing_behind(workspace: Workspace, error: BaseException) -> None:
    workspace.begin({}, overwrite=False)
    before = sorted(workspace.folder.iterdir())

    def write() -> None:
        with workspace.open_shard("a") as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert sorted(workspace.folder.iterdir()) == before


def test_what_killed_workers_had_begun_is_removed_when_a_build_is_resumed(workspace: Workspace) -> None:
    workspace.begin({}, overwrite=False)
    _write_shard(workspace, "a.part")
    (workspace.folder / ".b.123.part").write_bytes(b"half")
    assert workspace.begin({}, overwrite=False)
    assert not list(workspace.folder.glob(".*"))
    assert workspace.done("a.part") is not None


def test_a_shard_is_done_when_its_bytes_are_those_that_were_written(workspace: Workspace) -> None:
    workspace.begin({}, overwrite=False)
    assert workspace.done("a") is None
    _write_shard(workspace, "a")
    assert workspace.done("a") is not None
    path = workspace.folder / "a"
    path.write_bytes(path.read_bytes()[:-1])
    assert workspace.done("a") is None


def test_a_shard_with_rejections_is_worked_on_again(workspace: Workspace) -> None:
    workspace.begin({}, overwrite=False)
    _write_shard(workspace, "a", [{"key": "x"}])
    assert workspace.done("a") is None


def test_the_second_of_two_builds_is_refused_and_the_first_is_named(workspace: Workspace) -> None:
    with workspace.locked():
        workspace.begin({}, overwrite=False)
        program = f"""
from pathlib import Path
from pipelines.workspace import Workspace
with Workspace(Path({str(workspace.target)!r})).locked(): pass
"""
        second = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert second.returncode != 0
    assert f"(process {os.getpid()} on {socket.gethostname()})" in second.stderr
    with workspace.locked():
        pass


def test_commit_leaves_exactly_the_data_set(workspace: Workspace) -> None:
    workspace.begin({}, overwrite=False)
    _write_shard(workspace, "a")
    (workspace.folder / ".b.123.part").write_bytes(b"half")
    (workspace.folder / "rejected.jsonl").write_text("")
    workspace.report_progress("a", 1, 0)
    workspace.commit({"manifest.json": "{}"}, {"a": {}})
    assert sorted(path.name for path in workspace.target.iterdir()) == ["a", "manifest.json", "rejected.jsonl"]
    assert not workspace.folder.exists()


def test_commit_replaces_an_older_set(workspace: Workspace) -> None:
    workspace.target.mkdir(parents=True)
    (workspace.target / "old").write_text("")
    workspace.begin({}, overwrite=False)
    workspace.commit({"manifest.json": "{}"}, {})
    assert [path.name for path in workspace.target.parent.iterdir()] == ["1.0.0"]
    assert [path.name for path in workspace.target.iterdir()] == ["manifest.json"]


def test_progress_adds_up_the_workers(workspace: Workspace) -> None:
    workspace.begin({}, overwrite=False)
    workspace.report_progress("a", 5, 1)
    workspace.report_progress("b", 7, 0)
    workspace.report_progress("a", 6, 1)
    assert workspace.progress() == (13, 1)
    workspace.begin({}, overwrite=False)
    assert workspace.progress() == (0, 0)


def test_a_text_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "x", "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "x", "new")
    assert (tmp_path / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
