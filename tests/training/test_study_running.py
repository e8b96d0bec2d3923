"""How a study is run: its order, its time, its processes."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import DIGITS, MakeDataset
from filelock import FileLock

from datasets.errors import SystemComponentError, UsageError
from training.adaptation.task import Images
from training.folder_lock import LOCK_NAME
from training.progress import Silent
from training.study import engine, row_run
from training.study.data import subset
from training.study.deadline import Deadline
from training.study.domains import DigitsDomains, ToyDomains
from training.study.engine import run_grid, run_study
from training.study.options import Limits, StudyOptions
from training.study.parallel import _Dispatch


class _Lines(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.advanced = 0

    def say(self, line: str) -> None:
        self.lines.append(line)

    def advance(self, note: str = "") -> None:
        self.advanced += 1


@pytest.fixture
def domains(make_dataset: MakeDataset, digit_samples) -> DigitsDomains:  # type: ignore[no-untyped-def]
    synthetic = make_dataset({"train": digit_samples(60, 0)}, DIGITS, name="synthetic")
    splits = {"adapt": digit_samples(40, 1), "validation": digit_samples(20, 2), "test": digit_samples(30, 3)}
    real = make_dataset(splits, DIGITS, name="real")
    return DigitsDomains(synthetic.directory, real.directory, size=(20, 20))


def _options(out: Path, *methods: str) -> StudyOptions:
    return StudyOptions(out, ("source_only", *methods, "on_target"), seeds=(0,), steps=2, batch=8, watch_every=1)


class _PassesAfter:
    """A deadline that comes after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self._left = looks

    @property
    def passed(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_no_row_starts_after_the_time_and_the_rest_comes_the_next_time(
    domains: DigitsDomains, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _options(tmp_path / "study", "dann", "dann_adabn")
    with pytest.raises(UsageError, match="before a row of 'source_only' stood.* with more max_minutes"):
        run_grid(options, domains, _Lines(), Limits(max_minutes=1e-9))
    lines = _Lines()
    monkeypatch.setattr(engine, "Deadline", lambda minutes: _PassesAfter(2))
    assert run_grid(options, domains, lines) == 2
    assert [line.split(":")[0] for line in lines.lines[:-1]] == ["[1/4] source_only-0", "[2/4] on_target-0"]
    assert lines.lines[-1] == "2 of 4 rows are left for another time: run the same command again"
    monkeypatch.undo()
    lines = _Lines()
    assert run_grid(options, domains, lines, Limits(max_minutes=60)) == 0
    assert [line.endswith("kept from an earlier run") for line in lines.lines] == [True, True, False, False]
    assert lines.advanced == 7  # AdaBN has one point


def test_a_folder_in_which_another_process_works_is_refused(domains: DigitsDomains, tmp_path: Path) -> None:
    out = tmp_path / "study"
    out.mkdir()
    with FileLock(out / LOCK_NAME), pytest.raises(UsageError, match="another process runs a study in"):
        run_study(StudyOptions(out), domains)
    assert [path.name for path in out.iterdir()] == [LOCK_NAME]


def test_a_deadline_comes_once() -> None:
    assert not Deadline(None).passed
    assert not Deadline(1).passed
    assert Deadline(1e-9).passed


@pytest.mark.parametrize(
    "change, message", [({"max_minutes": 0}, "greater than 0, got 0"), ({"workers": 0}, "least 1")]
)
def test_limits_that_are_none_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Limits(**change)


def test_a_smaller_choice_of_images_is_part_of_a_larger_one() -> None:
    images = Images(np.arange(50).reshape(50, 1), np.arange(50))
    chosen = {count: subset(images, count, seed=3) for count in (5, 20, 49)}
    for fewer, more in ((5, 20), (20, 49)):
        assert len(chosen[fewer]) == fewer
        assert set(chosen[fewer].pixels.ravel()) < set(chosen[more].pixels.ravel())
        assert np.array_equal(chosen[fewer].pixels.ravel(), chosen[fewer].labels)
    assert subset(images, None, 3) is subset(images, 50, 3) is images
    assert not np.array_equal(chosen[20].labels, subset(images, 20, seed=4).labels)


class _Workers:
    """Processes that finish what they are given in turn, the latest first, and note what ran together."""

    def __init__(self, count: int) -> None:
        self.processes = [SimpleNamespace(is_alive=lambda: True, exitcode=None) for _ in range(count)]
        self.given: list[str] = []
        self.most = 0
        self._under_way: list[Any] = []

    def put(self, row: Any) -> None:
        assert row.start is None or row.start.name in self.finished
        self.given.append(row.name)
        self._under_way.append(row)
        self.most = max(self.most, len(self._under_way))

    finished: set[str] = set()  # noqa: RUF012

    def get(self, timeout: float) -> tuple[str, str, Any]:
        if not self._under_way:
            raise queue.Empty
        row = self._under_way.pop()
        self.finished = self.finished | {row.name}
        return "done", row.name, f"{row.name}: done"


def _row(name: str, start: Any = None, stored: bool = False) -> Any:
    return SimpleNamespace(name=name, start=start, stored=lambda folder: {} if stored else None)


def test_rows_go_to_free_processes_each_after_the_one_that_it_starts_from() -> None:
    first = _row("first")
    rows = [first, _row("second", first), _row("third", first), _row("fourth"), _row("fifth")]
    workers, lines = _Workers(2), _Lines()
    left = _Dispatch(rows, Path(), Deadline(None), lines).run(workers, workers, workers.processes)
    assert left == 0
    assert sorted(workers.given) == sorted(row.name for row in rows)
    assert workers.given[:2] == ["first", "fourth"]
    assert workers.most == 2
    assert {line.split(": ")[0] for line in lines.lines} == {f"[{n}/5] {row.name}" for n, row in enumerate(rows, 1)}


def test_after_the_time_only_rows_that_stand_are_handed_out() -> None:
    stands, waits = _row("stands", stored=True), _row("waits")
    rows = [waits, stands, _row("follows", stands), _row("too", stands, stored=True)]
    workers = _Workers(2)
    assert _Dispatch(rows, Path(), Deadline(1e-9), _Lines()).run(workers, workers, workers.processes) == 2
    assert workers.given == ["stands", "too"]


def test_what_goes_wrong_in_a_process_is_said_with_the_name_of_the_row() -> None:
    failing = SimpleNamespace(get=lambda timeout: ("failed", "dann-0", {"kind": UsageError, "text": "no such split"}))
    jobs = SimpleNamespace(put=lambda row: None)
    with pytest.raises(UsageError, match="row dann-0: no such split"):
        _Dispatch([_row("dann-0")], Path(), Deadline(None), _Lines()).run(jobs, failing, _Workers(1).processes)

    def nothing(timeout: float) -> Any:
        raise queue.Empty

    dead = [SimpleNamespace(is_alive=lambda: False, exitcode=-9)]
    with pytest.raises(SystemComponentError, match="ended with code -9 .* use fewer workers"):
        _Dispatch([_row("dann-0")], Path(), Deadline(None), _Lines()).run(jobs, SimpleNamespace(get=nothing), dead)


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(domains: DigitsDomains, tmp_path: Path) -> None:
    one_thread = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    words = ["--synthetic", str(domains.synthetic), "--real", str(domains.real), "--size", "20x20", "--steps", "4"]
    words += ["--seeds", "0,1", "--batch", "8", "--watch-every", "2", "--methods", "source_only,adabn,dann,on_target"]
    for workers in (1, 2):
        command = [sys.executable, "-m", "realitygap", "study", "digits", str(tmp_path / str(workers)), *words]
        done = subprocess.run(
            [*command, "--workers", str(workers)], env=os.environ | one_thread, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "[8/8]" in done.stderr
    names = {path.name for path in (tmp_path / "1" / "rows").iterdir()}
    assert len(names) == 8 * 3
    assert names == {path.name for path in (tmp_path / "2" / "rows").iterdir()}
    for name in (name for name in names if name.endswith(".npz")):
        one, two = (np.load(tmp_path / workers / "rows" / name) for workers in ("1", "2"))
        assert one.files == two.files
        for kind in one.files:
            np.testing.assert_array_equal(one[kind], two[kind], err_msg=f"{name} {kind}")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _toy(out: Path, *methods: str, **options: Any) -> StudyOptions:
    named = ("source_only", *methods, "on_target")
    return StudyOptions(out, **({"methods": named, "seeds": (0,), "steps": 2, "watch_every": 1} | options))


def test_a_study_grows_and_shrinks_without_a_word(tmp_path: Path) -> None:
    for methods, seeds, kept in (((), (0,), []), (("dann",), (0,), [0, 1]), ((), (0, 1), [0, 1])):
        lines = _Lines()
        assert run_grid(_toy(tmp_path, *methods, seeds=seeds), ToyDomains(), lines) == 0
        assert [place for place, line in enumerate(lines.lines) if line.endswith("kept from an earlier run")] == kept
        assert len(lines.lines) == (2 + len(methods)) * len(seeds)


def test_a_study_takes_the_place_of_another_one_only_when_told_to(domains: DigitsDomains, tmp_path: Path) -> None:
    """Also where they share no row; no picture of the one is left to the other."""
    run_grid(_options(tmp_path), domains, _Lines())
    for path in (tmp_path / "rows").iterdir():
        path.unlink()
    before = _files(tmp_path)
    with pytest.raises(UsageError, match="holds a study 'digits', and this is 'toy'. Name another folder, or give"):
        run_grid(_toy(tmp_path), ToyDomains(), _Lines())
    assert _files(tmp_path) == before
    assert any(name.startswith("examples/test-") for name in before)
    run_study(_toy(tmp_path), ToyDomains(), _Lines(), Limits(overwrite=True))
    assert [path.name for path in (tmp_path / "examples").iterdir()] == ["examples.json"]


class _Stopping(_Lines):
    """Ends the study at a point of its curves."""

    def __init__(self, note: str) -> None:
        super().__init__()
        self._note = note

    def advance(self, note: str = "") -> None:
        if note.startswith(self._note):
            raise KeyboardInterrupt


def test_a_row_that_was_only_begun_is_not_thrown_away_either(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_grid(_toy(tmp_path), ToyDomains(), _Stopping("source_only-0 step 2"))
    before = _files(tmp_path)
    assert "rows/.source_only-0/state.npz" in before
    with pytest.raises(UsageError, match=r"1 of the 2 .*: recipe\.steps is 2 there and 3 here\."):
        run_grid(_toy(tmp_path, steps=3), ToyDomains(), _Lines())
    assert _files(tmp_path) == before
    assert run_grid(_toy(tmp_path), ToyDomains(), _Lines()) == 0


def test_files_of_two_configurations_are_never_taken_for_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is interrupted when its new weights stand beside its old scores: neither configuration may keep it."""
    run_grid(_toy(tmp_path), ToyDomains(), _Lines())

    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(row_run, "write_arrays", stop)
        with pytest.raises(KeyboardInterrupt):
            run_grid(_toy(tmp_path, steps=3), ToyDomains(), _Lines(), Limits(overwrite=True))
    assert {path.suffix for path in (tmp_path / "rows").glob("source_only-0.*")} == {".npz", ".h5"}
    lines = _Lines()
    assert run_grid(_toy(tmp_path), ToyDomains(), lines, Limits(overwrite=True)) == 0
    assert [line.endswith("kept from an earlier run") for line in lines.lines] == [False, True]


def test_workers_change_no_configuration(domains: DigitsDomains, tmp_path: Path) -> None:
    """A study that was begun in one process goes on in several, for rows do not know of it."""
    options = _options(tmp_path / "study")
    run_grid(options, domains, _Lines())
    lines = _Lines()
    assert run_grid(replace(options), domains, lines, Limits(workers=2)) == 0
    assert all(line.endswith("kept from an earlier run") for line in lines.lines)
