from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras  # noqa: F401
import numpy as np
import pytest
from conftest import DIGITS, MakeDataset
from pages import Page

from datasets.errors import UsageError, VerificationError
from training.progress import Silent
from training.study.domains import DigitsDomains, MnistmDomains, ToyDomains
from training.study.engine import run_study
from training.study.options import Limits, StudyOptions
from training.study.reading import read_study
from training.study.report import write_report


class Lines(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


METHODS = ("source_only", "adabn", "dann", "on_target")
OPTIONS = StudyOptions(Path("out"), METHODS, seeds=(0, 1), steps=6, batch=8, watch_every=2)


@pytest.fixture
def options(tmp_path: Path) -> StudyOptions:
    return replace(OPTIONS, out=tmp_path / "study")


@pytest.fixture
def domains(make_dataset: MakeDataset, digit_samples) -> DigitsDomains:  # type: ignore[no-untyped-def]
    synthetic = make_dataset({"train": digit_samples(120, 0)}, DIGITS, name="<script>alert(1)")
    splits = {"adapt": digit_samples(60, 1), "validation": digit_samples(20, 2), "test": digit_samples(50, 3)}
    real = make_dataset(splits, DIGITS, name="real")
    return DigitsDomains(synthetic.directory, real.directory, size=(20, 20))


def test_study_stores_scores_that_follow_from_its_predictions_and_resumes(
    options: StudyOptions, domains: DigitsDomains
) -> None:
    lines = Lines()
    page = run_study(options, domains, lines)
    assert [line.split(":")[0].split()[1] for line in lines.lines] == [
        f"{method}-{seed}" for seed in (0, 1) for method in ("source_only", "on_target", "dann", "adabn")
    ]
    rows = options.out / "rows"
    report = json.loads((options.out / "report.json").read_text("utf-8"))
    test = np.load(options.out / "test.npz")
    assert len(set(test["key"].tolist())) == 50
    for entry in report["entries"]:
        for place, seed in enumerate(entry["seeds"]):
            stored = np.load(rows / f"{entry['name']}-{seed}.npz")
            for choice in ("last", "selected", "oracle"):
                hits = np.mean(stored[choice].argmax(axis=1) == test["label"])
                assert entry["scores"][choice]["by_seed"][place] == hits
    _check_choices(rows)
    _check_page(page)
    _check_resume(options, domains, page)


def _check_choices(rows: Path) -> None:
    """What was selected is the best by its score, and each of the chosen steps is one of the curve's."""
    for path in rows.glob("*.json"):
        row = json.loads(path.read_text("utf-8"))
        steps = [point["step"] for point in row["curves"]]
        scores = [point["scores"]["infomax"] for point in row["curves"]]
        assert row["chosen_step"]["last"] == steps[-1]
        assert row["chosen_step"]["selected"] == steps[int(np.argmax(scores))]
        assert row["chosen_step"]["oracle"] == steps[int(np.argmax([p["target_accuracy"] for p in row["curves"]]))]
        assert set(row["audit"]) == set(row["curves"][0]["scores"])
        assert set(row["distances"]) == {"pixels", "features"}


def _check_page(page: Path) -> None:
    text = page.read_text("utf-8")
    parsed = Page(text)
    assert "script" not in parsed.tags
    assert "<script>alert(1)" in parsed.text
    assert all(load.startswith(("data:image/png;base64,", "#")) for load in parsed.loads)
    assert "url(http" not in text
    assert "@import" not in text
    ids = [part.split('"')[0] for part in text.split(' id="')[1:]]
    assert len(ids) == len(set(ids))


def _check_resume(options: StudyOptions, domains: DigitsDomains, page: Path) -> None:
    """Nothing runs twice; a lost, torn or differently configured row runs again and comes out the same."""
    rows = options.out / "rows"
    before = {path.name: path.read_bytes() for path in rows.iterdir()}
    report = page.read_bytes()
    (rows / "dann-1.npz").unlink()
    (rows / "adabn-0.json").write_text('{"digest": ', "utf-8")
    lines = Lines()
    run_study(options, domains, lines)
    kept = [line for line in lines.lines if line.endswith("kept from an earlier run")]
    assert len(kept) == 6
    assert {path.name for path in rows.iterdir()} == set(before)
    assert np.array_equal(np.load(rows / "dann-1.npz")["last"], _logits(before["dann-1.npz"]))
    again = {path.name: path.read_bytes() for path in rows.iterdir() if not path.name.startswith(("dann-1", "adabn-0"))}
    assert again == {name: before[name] for name in again}
    for name in ("dann-1.json", "adabn-0.json"):
        (rows / name).write_bytes(before[name])
    assert write_report(options.out).read_bytes() == report
    changed, other = Lines(), replace(options, seeds=(0,), methods=("source_only", "on_target"), steps=7)
    before = _files(options.out)
    with pytest.raises(
        UsageError,
        match=r"holds another study: 2 of the 2 planned rows stand there, .* trained anew: recipe\.steps is 6 there "
        r"and 7 here\. Name another folder, or give --overwrite",
    ):
        run_study(other, domains, changed)
    assert _files(options.out) == before
    assert not changed.lines
    run_study(other, domains, changed, Limits(overwrite=True))
    assert not any("kept" in line for line in changed.lines)
    assert "Fewer than three seeds" in page.read_text("utf-8")


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _logits(data: bytes) -> np.ndarray:
    import io

    return np.asarray(np.load(io.BytesIO(data))["last"])


def test_rows_scored_on_other_images_are_refused(options: StudyOptions, domains: DigitsDomains) -> None:
    run_study(replace(options, seeds=(0,), methods=("source_only", "on_target"), steps=2), domains, Lines())
    test = dict(np.load(options.out / "test.npz"))
    np.savez(options.out / "test.npz", key=test["key"], label=(test["label"] + 1) % 10)
    with pytest.raises(VerificationError, match="scored on different test images"):
        read_study(options.out)
    (options.out / "rows" / "on_target-0.json").unlink()
    np.savez(options.out / "test.npz", **test)
    with pytest.raises(UsageError, match="the study lacks on_target, which all others are measured by"):
        read_study(options.out)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"methods": ("source_only", "dann")}, r"floor and the ceiling .* lacks \['on_target'\]"),
        ({"seeds": (0, 0)}, "seeds must not repeat"),
        ({"seeds": ()}, "seeds must name at least one number"),
        ({"steps": 0}, "steps must be greater than 0, got 0"),
        ({"selection": "luck"}, "no label-free score 'luck'; there are source_validation, entropy"),
    ],
)
def test_options_that_make_no_honest_study_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        StudyOptions(Path("out"), **change)  # type: ignore[arg-type]


def test_domains_that_make_no_honest_study_are_refused() -> None:
    with pytest.raises(UsageError, match="must be three splits"):
        DigitsDomains(Path("a"), Path("b"), test_split="adapt")
    with pytest.raises(UsageError, match="target_split and test_split must differ, got 'train' for both"):
        MnistmDomains(Path("a"), Path("b"), test_split="train")
    with pytest.raises(UsageError, match="target_watch_share must lie between 0 and 1, got 0"):
        MnistmDomains(Path("a"), Path("b"), target_watch_share=0)


def test_unknown_method_is_named_before_any_training(options: StudyOptions, domains: DigitsDomains) -> None:
    with pytest.raises(UsageError, match="no method 'magic'; there are source_only, .*adabn, dann"):
        run_study(replace(options, methods=("source_only", "on_target", "magic")), domains, Lines())
    assert not options.out.exists()


class _Interrupting(Silent):
    """Stops the study at the second checkpoint of DANN's first row."""

    def advance(self, note: str = "") -> None:
        if note.startswith("dann-0 step 4"):
            raise KeyboardInterrupt


@pytest.mark.slow  # label maps have the same in the default suite
def test_a_row_that_was_interrupted_goes_on_and_comes_out_the_same(
    options: StudyOptions, domains: DigitsDomains, tmp_path: Path
) -> None:
    short = replace(options, seeds=(0,), methods=("source_only", "dann", "on_target"))
    whole = replace(short, out=tmp_path / "whole")
    run_study(whole, domains, Lines())
    with pytest.raises(KeyboardInterrupt):
        run_study(short, domains, _Interrupting())
    assert (short.out / "rows" / ".dann-0" / "state.npz").is_file()
    run_study(short, domains, Lines())
    assert not list((short.out / "rows").glob(".*"))
    for name in ("last", "selected", "oracle"):
        one, other = (np.load(study.out / "rows" / "dann-0.npz")[name] for study in (whole, short))
        np.testing.assert_array_equal(one, other)


def test_the_toy_needs_no_data_set_and_mnistm_holds_out_of_its_train_splits(
    make_dataset: MakeDataset,
    digit_samples,
    tmp_path: Path,  # type: ignore[no-untyped-def]
) -> None:
    methods = ("source_only", "dann", "on_target")
    toy = StudyOptions(tmp_path / "toy", methods=methods, seeds=(0,), steps=6, watch_every=3)
    text = run_study(toy, ToyDomains(), Lines()).read_text("utf-8")
    assert "Trained on source points alone" in text
    sets = [
        make_dataset({"train": digit_samples(80, seed), "test": digit_samples(30, seed + 1)}, DIGITS, name=name)
        for name, seed in (("one", 0), ("other", 5))
    ]
    pair = MnistmDomains(sets[0].directory, sets[1].directory, size=(20, 20), source_watch_share=0.3,
                         target_watch_share=0.3)  # fmt: skip
    out = StudyOptions(tmp_path / "pair", methods=methods, seeds=(0,), steps=4, batch=8, watch_every=2)
    assert "Trained on one images alone" in run_study(out, pair, Lines()).read_text("utf-8")
    from training.study.sources import open_source

    data = open_source(pair).load()
    source, target = data.source("one"), data.target
    assert len(source.images) + len(source.watch) == len(target.images) + len(target.watch) == 80
    held = {image.tobytes() for image in target.watch.pixels}
    assert held.isdisjoint(image.tobytes() for image in target.images.pixels)
