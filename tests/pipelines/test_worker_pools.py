"""Beam's own job service and worker pools in processes of their own: real portable jobs without a JVM."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from datasets.errors import RealitygapError, SystemComponentError
from pipelines.build import run_build
from pipelines.frames import Frames
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
from pipelines.runners import RunnerOptions
from pipelines.worker_pools import WorkerPools
from rendering.digits import DigitScenes
from tests.fixtures import PetsTree
from tests.pipelines.test_build import build, digests
from tests.pipelines.test_faults import _command, _descendants

POOLED = re.compile(r"worker (\S+) starts in worker pool (\d) \(process (\d+)\)")


def command(data_dir: Path, *words: str) -> list[str]:
    render = ["render", "digits", str(data_dir), "--frames", "200", "--size", "16x16", "--num-shards", "40"]
    return [sys.executable, "-m", "realitygap", *render, "--workers", "2", *words]


def pools_of(pid: int) -> list[int]:
    return [child for child in _descendants(pid) if b"pipelines.worker_pools" in _command(child)]


def test_converting_in_worker_pools_gives_the_same_bytes(pets_tree: PetsTree, tmp_path: Path) -> None:
    wanted = digests(build(pets_tree, tmp_path / "local").directory)
    pooled = build(pets_tree, tmp_path / "pooled", workers=2, runner=RunnerOptions("portable"))
    assert digests(pooled.directory) == wanted
    assert not pools_of(os.getpid())


@pytest.mark.slow
def test_rendering_in_two_pools_gives_the_same_bytes_and_says_who_worked(gl_probe: None, tmp_path: Path) -> None:
    done = subprocess.run(command(tmp_path / "pooled", "--runner", "portable"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    starts = POOLED.findall(done.stderr)
    assert {pool for _, pool, _ in starts} == {"1", "2"}
    assert len({pid for _, _, pid in starts}) == 2
    assert re.search(r"portable job \S+ at localhost:\d+; Ctrl-C cancels it", done.stderr)
    subprocess.run(command(tmp_path / "local"), check=True, capture_output=True)
    assert digests(tmp_path / "pooled/digits_rendered/1.0.0") == digests(tmp_path / "local/digits_rendered/1.0.0")


@pytest.mark.slow
@pytest.mark.parametrize("sent, code", [(signal.SIGKILL, 1), (signal.SIGINT, 130)])
def test_a_killed_pool_ends_the_job_in_words_and_the_rerun_finishes(
    gl_probe: None, tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    words = command(tmp_path / "killed", "--runner", "portable")
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    unfinished = tmp_path / "killed/digits_rendered/.1.0.0.unfinished"
    deadline = time.monotonic() + 90
    while not list(unfinished.glob("*.facts.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    pools = pools_of(running.pid)
    assert len(pools) == 2
    os.kill(pools[1] if sent == signal.SIGKILL else running.pid, sent)
    _, err = running.communicate(timeout=30)
    assert running.returncode == code, err
    assert "run the same command again to go on" in err
    assert "Traceback" not in err
    if sent == signal.SIGKILL:
        assert re.search(rf"worker pool \d \(process {pools[1]}\) was lost: killed by SIGKILL", err)
    assert not any(Path(f"/proc/{pool}").exists() for pool in pools)
    done = {path.name: path.stat().st_ino for path in unfinished.glob("*-of-00040") if path.name[0] != "."}
    assert 0 < len(done) < 40
    subprocess.run(words, check=True, capture_output=True)
    target = tmp_path / "killed/digits_rendered/1.0.0"
    assert sum((target / name).stat().st_ino == inode for name, inode in done.items()) >= len(done) - 2
    subprocess.run(command(tmp_path / "whole"), check=True, capture_output=True)
    assert digests(target) == digests(tmp_path / "whole/digits_rendered/1.0.0")


@pytest.mark.slow
def test_a_worker_without_opengl_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_DIRS", str(tmp_path))  # pools inherit it: no driver is found there
    source, options = Frames(DigitScenes(size=(16, 16)), 2), BuildOptions(num_shards=1, workers=1)
    planned = plan_build(source, tmp_path / "data", options)
    with pytest.raises(
        SystemComponentError, match=r"(?s)no headless OpenGL context.*apt-get install .*libegl1"
    ) as told:
        run_build(source, planned, options, "processes", runner=RunnerOptions("portable"))
    assert "run the same command again to go on" in str(told.value)


def test_a_pool_that_ends_is_noticed() -> None:
    with WorkerPools(2) as pools:
        assert pools.lost() is None
        victim = pools._processes[0]
        victim.kill()
        victim.wait()
        assert pools.lost() == f"worker pool 1 (process {victim.pid}) was lost: killed by SIGKILL"


def test_pools_end_with_the_process_that_started_them() -> None:
    program = """
import time
from pipelines.worker_pools import WorkerPools
with WorkerPools(1) as pools:
    print(pools._processes[0].pid, flush=True)
    time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pool = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 20
    while b"pipelines.worker_pools" in _command(pool) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert b"pipelines.worker_pools" not in _command(pool)


def test_an_engine_that_cannot_be_reached_is_said(pets_tree: PetsTree, tmp_path: Path) -> None:
    runner = RunnerOptions("portable", job_endpoint="localhost:1", beam_options=("--job_server_timeout=1",))
    with pytest.raises(RealitygapError, match=r"localhost:1.*run the same command again to go on"):
        build(pets_tree, tmp_path, runner=runner)
