"""Runs that are killed and go on: the same weights, to the bit, as one that nothing disturbed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import SEGMENTATION, MakeDataset
from filelock import FileLock
from segmentation_set import build_tiny, square_samples

from datasets.errors import UsageError, VerificationError
from training.augmentation_options import Augmentation
from training.checkpoint import Checkpoint
from training.configuration import to_document, yaml_text
from training.experiment import train
from training.folder_lock import LOCK_NAME
from training.networks.catalogue import NETWORKS
from training.progress import Silent
from training.run_directory import RunDirectory
from training.train_options import TrainOptions

# Trains, and kills itself before the n-th file operation of the run; prints how many there were.
_PROGRAM = """
import os, signal, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from pathlib import Path
from tests.training.segmentation_set import add_tiny
from training.configuration import from_document, read_yaml
from training.experiment import train
from training.progress import Silent
from training.train_options import TrainOptions

add_tiny()
options = from_document(TrainOptions, read_yaml(Path(sys.argv[1])))
stop, seen, run = int(sys.argv[2]), 0, os.fspath(options.out)

def watch(event, arguments):
    global seen
    named = any(isinstance(a, (str, bytes)) and os.fsdecode(a).startswith(run) for a in arguments)
    changes = event in ("os.rename", "os.remove", "shutil.rmtree") or (
        event == "open" and not isinstance(arguments[0], int) and any(c in str(arguments[1]) for c in "wax"))
    if named and changes:
        seen += 1
        if seen == stop:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
train(options, Silent())
print(seen)
"""


class Killed(Exception):
    """Stands for the end of the process."""


class KilledAt(Silent):
    """Ends the run at the n-th step."""

    def __init__(self, step: int) -> None:
        self.left = step

    def advance(self, note: str = "") -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.fixture
def options(make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainOptions:
    dataset = make_dataset({"train": square_samples(40, 0), "test": square_samples(9, 1)}, SEGMENTATION)
    changes = Augmentation(flip=True, scale=(0.8, 1.3), noise=4)
    monkeypatch.setitem(NETWORKS, "tiny", replace(NETWORKS["pets"], build=build_tiny))
    return TrainOptions(
        dataset.directory, tmp_path / "run", "tiny", size=(32, 32), batch_size=8, epochs=3, augmentation=changes,
        schedule="cosine",
    )  # fmt: skip


def _weights(options: TrainOptions, name: str = "last.keras") -> list[np.ndarray]:
    return keras.models.load_model(options.out / name, compile=False).get_weights()  # type: ignore[no-any-return]


def _assert_same_run(one: TrainOptions, other: TrainOptions) -> None:
    for name in ("last.keras", "best.keras"):
        for left, right in zip(_weights(one, name), _weights(other, name), strict=True):
            np.testing.assert_array_equal(left, right)
    rows = []
    for options in (one, other):
        lines = (options.out / "metrics.jsonl").read_text().splitlines()
        rows.append([{k: v for k, v in json.loads(line).items() if "second" not in k} for line in lines])
    assert rows[0] == rows[1]
    results = [json.loads((options.out / "result.json").read_text()) for options in (one, other)]
    assert results[0] == results[1]


@pytest.mark.parametrize("checkpoint_steps", [0, 2])
def test_stopped_at_any_step_and_again_a_run_ends_with_the_same_weights(
    options: TrainOptions, checkpoint_steps: int
) -> None:
    whole = replace(options, out=options.out.with_name("whole"))
    train(whole, Silent())
    broken = replace(options, checkpoint_steps=checkpoint_steps)
    for step in (3, 8, 9, 4):  # steps are told again when a run goes on; an epoch has 4 or 5
        with pytest.raises(Killed):
            train(broken, KilledAt(step))
    train(broken, Silent())
    _assert_same_run(broken, whole)


def test_a_finished_run_is_read_and_another_one_refused(options: TrainOptions) -> None:
    short = replace(options, epochs=1)
    result = train(short, Silent())
    before = (short.out / "last.keras").stat().st_mtime_ns
    assert train(short, Silent()) == result
    assert train(replace(short, cache=short.out.with_name("cache"), store_predictions=True), Silent()) == result
    assert (short.out / "last.keras").stat().st_mtime_ns == before
    with pytest.raises(
        UsageError, match=r"another run: options\.augmentation\.noise is 4 there and 9\.0 here; options\.epochs is 1"
    ):
        train(replace(short, epochs=2, augmentation=replace(short.augmentation, noise=9.0)), Silent())


def test_a_second_start_is_refused_and_takes_nothing_away(options: TrainOptions) -> None:
    """What `begin` would take for a leftover is the file that the first process is about to rename."""
    with pytest.raises(Killed):
        train(options, KilledAt(2))
    (options.out / ".7-best.keras").write_bytes(b"half")
    before = {path.name: path.read_bytes() for path in options.out.iterdir() if path.is_file()}
    with FileLock(options.out / LOCK_NAME), pytest.raises(UsageError, match="another process trains in .*run; wait"):
        train(options, Silent())
    assert {path.name: path.read_bytes() for path in options.out.iterdir() if path.is_file()} == before
    assert train(options, Silent())["images"] == 9
    assert not (options.out / ".7-best.keras").exists()


def test_a_damaged_checkpoint_is_named_and_nothing_is_lost(options: TrainOptions) -> None:
    with pytest.raises(Killed):
        train(options, KilledAt(7))
    path = RunDirectory(options.out).checkpoint
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VerificationError, match=r"checkpoint\.npz is damaged"):
        train(options, Silent())
    path.write_bytes(whole)
    assert train(options, Silent())["epoch"] >= 1


def test_a_checkpoint_holds_numbers_and_never_objects(tmp_path: Path) -> None:
    arrays = [np.arange(3, dtype=np.float32), np.array(7, np.int64), np.zeros((0, 2), np.float16)]
    facts = {"history": [{"loss": 0.1, "score": float("inf")}], "losses": [1 / 3]}
    Checkpoint(facts, arrays).write(tmp_path / "checkpoint.npz")
    read = Checkpoint.read(tmp_path / "checkpoint.npz")
    assert read.facts == facts
    for left, right in zip(read.arrays, arrays, strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)
    np.savez(tmp_path / "evil.npz", facts=np.array([{"a": 1}], dtype=object))
    with pytest.raises(VerificationError, match="damaged"):
        Checkpoint.read(tmp_path / "evil.npz")


def _start(options: TrainOptions, config: Path, stop: int) -> subprocess.Popen[str]:
    config.write_text(yaml_text(to_document(options)))
    words = [sys.executable, "-c", _PROGRAM, str(config), str(stop)]
    root = Path(__file__).parent.parent.parent
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root)


def _finish(options: TrainOptions, config: Path) -> None:
    process = _start(options, config, stop=0)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors


def test_killed_by_the_system_in_the_middle_a_run_goes_on_to_the_same_weights(
    options: TrainOptions, tmp_path: Path
) -> None:
    """One SIGKILL just before the second checkpoint takes its name."""
    exact = options
    whole = replace(exact, out=tmp_path / "whole")
    train(whole, Silent())
    process = _start(exact, tmp_path / "run.yaml", stop=9)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == -9, errors
    assert (exact.out / "run.json").is_file()
    train(exact, Silent())
    _assert_same_run(exact, whole)
    assert [path.name for path in exact.out.iterdir() if path.name.startswith(".")] == [LOCK_NAME]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_every_seventh_file_operation_and_at_random_times(options: TrainOptions, tmp_path: Path) -> None:
    """With deterministic operations, in processes of their own throughout."""
    exact = replace(options, epochs=2, deterministic=True)
    whole = replace(exact, out=tmp_path / "whole")
    process = _start(whole, tmp_path / "whole.yaml", stop=0)
    printed, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    operations = int(printed)
    assert operations > 20
    for stop in range(1, operations + 1, 7):
        broken = replace(exact, out=tmp_path / f"killed-{stop}")
        killed = _start(broken, tmp_path / "run.yaml", stop)
        killed.communicate(timeout=240)
        assert killed.returncode == -9
        _finish(broken, tmp_path / "run.yaml")
        _assert_same_run(broken, whole)
    chance = random.Random(0)
    broken = replace(exact, out=tmp_path / "at-random", checkpoint_steps=1)
    for _ in range(3):
        process = _start(broken, tmp_path / "run.yaml", 0)
        time.sleep(chance.uniform(4, 14))
        process.kill()
        process.communicate()
    _finish(broken, tmp_path / "run.yaml")
    _assert_same_run(broken, whole)
