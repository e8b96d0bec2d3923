"""`realitygap study` and `demo`: what the words of the command line and of a file become."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

import realitygap
import study_commands
from datasets.errors import UsageError
from datasets.manifest import MANIFEST_NAME, Manifest, ShardFacts, SplitFacts
from datasets.schema import Column, Schema
from training import start
from training.study import engine
from training.study.domains import DigitsDomains, StreetDomains, ToyDomains
from training.study.options import Limits, StudyOptions


class _Studies:
    """Stands for `run_study` and keeps what it is asked for."""

    def __init__(self) -> None:
        self.options: Any = None
        self.domains: Any = None
        self.limits: Any = None

    def __call__(self, options: StudyOptions, domains: Any, progress: Any = None, limits: Any = None) -> Path:
        self.options, self.domains, self.limits = options, domains, limits
        return options.out / "report.html"


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> _Studies:
    found = _Studies()
    monkeypatch.setattr(engine, "run_study", found)
    monkeypatch.setattr(start, "start_quietly", lambda: None)  # the commands themselves need no TensorFlow
    return found


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = realitygap.main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


SETS = ("--synthetic", "rendered", "--real", "camvid")


def test_each_study_has_defaults_of_its_own(studies: _Studies, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "study", "street", "out", *SETS) == (0, f"report: {Path('out/report.html')}\n", "")
    assert studies.options == StudyOptions(Path("out"), **StreetDomains.defaults)
    assert studies.domains == StreetDomains(Path("rendered"), Path("camvid"))
    assert studies.limits == Limits()
    assert (studies.options.steps, studies.options.batch, studies.options.mirror) == (1000, 8, True)
    run(capsys, "study", "digits", "out", *SETS)
    assert studies.options == StudyOptions(Path("out"))
    assert studies.domains == DigitsDomains(Path("rendered"), Path("camvid"))
    run(capsys, "study", "toy", "out")
    assert (studies.options.seeds, studies.domains) == (tuple(range(10)), ToyDomains())


def test_flags_are_heard_after_the_file_and_the_file_after_defaults(
    studies: _Studies, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "study.yaml"
    config.write_text(
        "study: street\nout: there\nsynthetic: a\nreal: b\nsize: 160x96\nseeds: [4, 5]\n"
        "ablations: [light=c, sensor=d]\n"
        "real_shares: [0.5, 1]\nmax_minutes: 90\nlearning_rate: 1e-3\nmirror: false\nother_real: e\n"
    )
    code, _, err = run(
        capsys, "study", "--config", config, "--steps", "9", "--curve-seeds", "4", "--workers", "2", "--overwrite"
    )
    assert (code, err) == (0, "")
    assert studies.options == StudyOptions(
        Path("there"), **{**StreetDomains.defaults, "seeds": (4, 5), "steps": 9, "learning_rate": 1e-3, "mirror": False}
    )
    assert studies.domains == StreetDomains(
        Path("a"), Path("b"), Path("e"), ("light=c", "sensor=d"), (96, 160), real_shares=(0.5, 1.0), curve_seeds=(4,)
    )
    assert studies.limits == Limits(90.0, 2, overwrite=True)
    run(capsys, "study", "elsewhere", f"--config={config}", "--mirror", "--methods", "source_only,on_target")
    assert studies.options.out == Path("elsewhere")
    assert studies.options.mirror
    assert studies.options.methods == ("source_only", "on_target")


def test_what_is_printed_as_yaml_is_the_same_study_again(
    studies: _Studies, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("study", "street", "out", *SETS, "--size", "80x64", "--seeds", "3", "--workers", "2", "--ablations", "x=y")
    assert run(capsys, *words)[0] == 0
    first = (studies.options, studies.domains, studies.limits)
    code, printed, _ = run(capsys, *words, "--print-config")
    assert code == 0
    assert yaml.safe_load(printed)["size"] == "80x64"
    config = tmp_path / "study.yaml"
    config.write_text(printed)
    studies.options = None
    assert run(capsys, "study", "--config", config)[0] == 0
    assert (studies.options, studies.domains, studies.limits) == first


@pytest.mark.parametrize(
    "text, words, said",
    [
        ("study: street\nsteps: many\n", ("out", *SETS), "study.yaml: steps: wanted a whole number, got 'many'"),
        (
            "study: street\nstep: 3\n",
            ("out", *SETS),
            "study.yaml: step: there is no such option; did you mean 'steps'?",
        ),
        ("study: street\nmethods: [dann]\n", ("out", *SETS), "it lacks ['on_target', 'source_only']"),
        ("study: street\n", SETS, "out must be given: realitygap study street OUT"),
        ("study: street\n", ("out", "--real", "b"), "synthetic: must be given"),
        (
            "study: streets\n",
            ("out",),
            "there is no study 'streets'; there are street, segmentation, digits, mnistm, toy",
        ),
        ("- street\n", ("out",), "study.yaml must hold options by name, got list"),
        ("study: toy\n", ("out", "--size", "3x3"), "--size"),
    ],
)
def test_a_wrong_file_is_one_paragraph_and_code_2(
    text: str, words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "study.yaml"
    config.write_text(text)
    code, out, err = run(capsys, "study", *words, "--config", config)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


def test_reports_and_comparisons_are_made_of_what_has_run(
    monkeypatch: pytest.MonkeyPatch, studies: _Studies, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Path, ...]] = []

    def note(*paths: Path) -> Path:
        asked.append(paths)
        return paths[-1]

    for name, function in (("report", "write_report"), ("comparing", "write_comparison")):
        module = ModuleType(name)
        setattr(module, function, note)
        monkeypatch.setitem(sys.modules, f"training.study.{name}", module)
    assert run(capsys, "study", "--report", "out") == (0, "report: out\n", "")
    assert run(capsys, "study", "--compare", "one", "two")[0] == 0
    assert run(capsys, "study", "--compare", "one", "two", "--page", "page.html")[1] == "comparison: page.html\n"
    one, two = Path("one"), Path("two")
    assert asked == [(Path("out"),), (one, two, two / "comparison.html"), (one, two, Path("page.html"))]
    assert studies.options is None


def _write_set(folder: Path, *counts: int) -> None:
    """What says that a set is finished: a manifest, with a split for each count of examples."""
    folder.mkdir(parents=True)
    splits = {
        f"split{place}": SplitFacts(f"split{place}", (ShardFacts("a", count, 0, "0" * 64),), {})
        for place, count in enumerate(counts)
    }
    schema = Schema.of(Column("label", (), "digits"))
    manifest = Manifest(folder.parent.name, folder.name, "for tests", "none", schema, splits, {}, "0" * 64)
    (folder / MANIFEST_NAME).write_text(manifest.to_json(), "utf-8")


def test_the_demo_goes_on_with_as_many_frames_as_stand_and_with_no_other_number(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    data = tmp_path / "data" / "digits_rendered"
    _write_set(data / ".1.0.0.unfinished", 3)
    arguments = SimpleNamespace(out=tmp_path, frames=7, workers=None)

    def listen(words: list[str]) -> int:
        said.append(words[0])
        return 0

    study_commands.demo(arguments, listen)
    assert said == ["render", "convert", "study"]
    said.clear()
    _write_set(data / "2.0.0", 4, 3)
    study_commands.demo(arguments, listen)
    assert said == ["convert", "study"]
    said.clear()
    with pytest.raises(
        UsageError, match=r"digits_rendered/2\.0\.0 holds 7 frames, and --frames asks for 8; give --frames 7"
    ):
        study_commands.demo(SimpleNamespace(out=tmp_path, frames=8, workers=None), listen)
    assert not said


def test_the_demo_runs_three_commands_and_none_that_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[list[str]] = []
    dispatch = realitygap._dispatch

    def listen(words: list[str]) -> int:
        said.append(words)
        return 0 if len(said) > 1 else dispatch(words)

    monkeypatch.setattr(realitygap, "_dispatch", listen)
    _write_set(tmp_path / "data" / "digits" / "1.0.1", 5)
    assert run(capsys, "demo", tmp_path, "--frames", "7", "--workers", "2")[0] == 0
    data, study = tmp_path / "data", tmp_path / "study"
    assert said[1:] == [
        ["render", "digits", str(data), "--frames", "7", "--workers", "2"],
        ["study", "digits", str(study), "--synthetic", f"{data / 'digits_rendered'}", "--real", f"{data / 'digits'}"],
    ]
