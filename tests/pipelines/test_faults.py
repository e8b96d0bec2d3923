"""Faults of the machine: full disks, flaky reads, killed workers.

After each, nothing half is seen and a rerun ends well.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datasets import reading
from datasets.errors import RealitygapError, RejectedError, UsageError
from datasets.verification import verify
from pipelines.workspace import Workspace, check_data_dir
from tests.fixtures import PetsTree
from tests.pipelines.test_build import build, digests

LIMITED = """
import resource, signal, sys
from pathlib import Path
from tests.pipelines.test_build import build
from tests.fixtures import PetsTree
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write then fails with EFBIG, as a full quota does
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
tree = object.__new__(PetsTree)
tree.root = Path(sys.argv[1])
try:
    build(tree, Path(sys.argv[2]))
except Exception as error:
    print(type(error).__name__, error)
    sys.exit(7)
"""


@pytest.mark.parametrize("limit", [0, 500, 3000, 6000])
def test_a_full_disk_leaves_the_old_set_and_a_rerun_finishes(pets_tree: PetsTree, tmp_path: Path, limit: int) -> None:
    wanted = digests(build(pets_tree, tmp_path / "wanted").directory)
    words = [sys.executable, "-c", LIMITED, str(pets_tree.root), str(tmp_path / "full"), str(limit)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 7, done.stderr
    assert "File too large" in done.stdout
    assert not (tmp_path / "full/oxford_iiit_pet/1.0.0").exists()
    assert digests(build(pets_tree, tmp_path / "full").directory) == wanted


def test_a_folder_that_cannot_be_made_fails_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be the data folder"):
        check_data_dir(Path("/proc/nothing/here"))


def test_a_folder_that_cannot_be_written_fails_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(UsageError, match="cannot be written to"):
        check_data_dir(tmp_path)


def test_a_read_that_fails_once_is_tried_again(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = digests(build(pets_tree, tmp_path / "wanted").directory)
    read, failures = reading.whole_file, {}

    def flaky(path: Path | str) -> bytes:
        if str(path).endswith(".jpg") and failures.setdefault(path, 0) < 2:
            failures[path] += 1
            raise OSError(errno.EIO, "Input/output error", str(path))
        return read(path)

    monkeypatch.setattr(reading, "whole_file", flaky)
    assert digests(build(pets_tree, tmp_path / "flaky").directory) == wanted
    assert set(failures.values()) == {2}


def test_a_read_that_always_fails_rejects_the_sample(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = reading.whole_file

    def broken(path: Path | str) -> bytes:
        if str(path).endswith("/pug_3.jpg"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return read(path)

    monkeypatch.setattr(reading, "whole_file", broken)
    with pytest.raises(RejectedError, match=r"pug_3 \(images/pug_3.jpg\): the file cannot be read: Input/output error"):
        build(pets_tree, tmp_path)


def test_a_file_that_vanishes_after_listing_is_rejected(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines import build as build_module

    run_local = build_module.run_local

    def late(*words: object) -> None:
        (pets_tree.root / "images/pug_3.jpg").unlink()
        run_local(*words)

    monkeypatch.setattr(build_module, "run_local", late)
    with pytest.raises(RejectedError, match=r"pug_3 .*: the file is missing"):
        build(pets_tree, tmp_path)


def test_a_killed_worker_is_said_and_the_job_goes_on(tmp_path: Path) -> None:
    words, running = _rendering(tmp_path / "killed")
    killed = _workers(running.pid)[-1]
    os.kill(killed, signal.SIGKILL)
    _, err = running.communicate(timeout=120)
    assert re.search(
        rf"a worker process \({killed}\) was lost while it wrote \S+tfrecord\S+( and \S+)?: killed by SIGKILL", err
    )
    assert "going on with the" in err
    assert "Traceback" not in err
    assert running.returncode == 0
    undisturbed = [str(tmp_path / "whole") if word == str(tmp_path / "killed") else word for word in words]
    subprocess.run(undisturbed, check=True, capture_output=True)
    assert digests(tmp_path / "killed/digits_rendered/1.0.0") == digests(tmp_path / "whole/digits_rendered/1.0.0")


def test_workers_that_always_die_end_the_job_in_words(tmp_path: Path) -> None:
    words, running = _rendering(tmp_path)
    deadline = time.monotonic() + 100
    while running.poll() is None and time.monotonic() < deadline:
        for worker in _workers(running.pid):
            with contextlib.suppress(OSError):
                os.kill(worker, signal.SIGKILL)
        time.sleep(0.2)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 1
    assert "The finished shards are kept: run the same command again to go on" in err
    assert not (tmp_path / "digits_rendered/1.0.0").exists()
    subprocess.run(words, check=True, capture_output=True)


def _rendering(data_dir: Path) -> tuple[list[str], subprocess.Popen[str]]:
    """A job of two workers that has finished its first shard."""
    words = [sys.executable, "-m", "realitygap", "render", "digits", str(data_dir), "--frames", "400"]
    words += ["--size", "16x16", "--num-shards", "40", "--workers", "2"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    unfinished = data_dir / "digits_rendered/.1.0.0.unfinished"
    deadline = time.monotonic() + 60
    while not list(unfinished.glob("*.facts.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    return words, running


def _workers(pid: int) -> list[int]:
    return [child for child in _descendants(pid) if b"pipelines.worker\0" in _command(child)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _descendants(pid: int) -> list[int]:
    """Processes below a process, parents before children."""
    children = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _parent_of(path) == pid]
    return [*children, *(below for child in children for below in _descendants(child))]


def _parent_of(stat: Path) -> int | None:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return None


def test_a_commit_that_was_cut_off_is_finished_by_the_next_run(pets_tree: PetsTree, tmp_path: Path) -> None:
    wanted = digests(build(pets_tree, tmp_path).directory)
    target = tmp_path / "oxford_iiit_pet/1.0.0"
    target.rename(tmp_path / "oxford_iiit_pet/.1.0.0.replaced")  # killed between the two renames of --overwrite
    assert digests(build(pets_tree, tmp_path).directory) == wanted
    assert sorted(path.name for path in target.parent.iterdir()) == [".1.0.0.lock", "1.0.0"]


def test_words_of_a_worker_reach_the_user(pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(self: Workspace, shard: str, facts: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", shard)

    monkeypatch.setattr(Workspace, "save_facts", no_space)
    with pytest.raises(RealitygapError, match="No space left on device.*The finished shards are kept"):
        build(pets_tree, tmp_path)


def test_what_is_finished_survives_verification(pets_tree: PetsTree, tmp_path: Path) -> None:
    assert verify(build(pets_tree, tmp_path)) == ()
