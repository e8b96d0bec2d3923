from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import realitygap
from datasets.errors import UsageError, VerificationError
from training.comparison import compare_runs
from training.metrics.confusion import Confusion
from training.run_directory import RunDirectory

STEM = "pets-test-0123456789ab"


def _run(folder: Path, matrices: np.ndarray, stem: str = STEM, space: str = "pets_trimap") -> Path:
    evaluations = RunDirectory(folder).evaluations
    evaluations.mkdir(parents=True, exist_ok=True)
    keys = np.array([f"image {index}" for index in range(len(matrices))])
    np.savez(evaluations / f"{stem}.npz", key=keys, confusion=matrices)
    document = {"label_space": space, "iou": {}}
    (evaluations / f"{stem}.json").write_text(json.dumps(document))
    return folder


def _matrices(hit: float, images: int = 60, seed: int = 0) -> np.ndarray:
    """Confusions of images of very different difficulty, the same for every `hit`."""
    rng = np.random.default_rng(seed)
    difficulty = rng.uniform(0.3, 1.0, images)
    truth = rng.integers(0, 3, (images, 500))
    found = np.where(rng.random((images, 500)) < hit * difficulty[:, None], truth, (truth + 1) % 3)
    return np.stack([Confusion.of(t, f, 3).matrix for t, f in zip(truth, found, strict=True)])


def test_scores_and_intervals_are_those_of_a_bootstrap_written_out(tmp_path: Path) -> None:
    one, two = _matrices(0.9), _matrices(0.93)
    comparison = compare_runs([_run(tmp_path / "a", one), _run(tmp_path / "b", two)])
    assert (comparison.images, comparison.convention) == (60, "pets_trimap")
    for run, matrices in zip(comparison.runs, (one, two), strict=True):
        assert run.mean_iou == Confusion(matrices.sum(axis=0)).mean_iou
    rng, drawn = np.random.default_rng(5), []
    for _ in range(1000):
        chosen = rng.integers(0, 60, 60)
        drawn.append([Confusion(m[chosen].sum(axis=0)).mean_iou for m in (one, two)])
    differences = np.subtract(*np.array(drawn).T[::-1])
    found = comparison.runs[1].difference_interval
    width = found.high - found.low
    assert [found.low, found.high] == pytest.approx(np.percentile(differences, [2.5, 97.5]), abs=0.15 * width)
    assert comparison.runs[1].difference == comparison.runs[1].mean_iou - comparison.runs[0].mean_iou
    assert comparison == compare_runs([tmp_path / "a", tmp_path / "b"])


def test_pairing_shows_a_difference_that_the_intervals_of_the_scores_hide(tmp_path: Path) -> None:
    first, second = compare_runs([_run(tmp_path / "a", _matrices(0.9)), _run(tmp_path / "b", _matrices(0.93))]).runs
    assert first.interval.high > second.interval.low
    assert second.differs
    assert not first.differs
    same = compare_runs([tmp_path / "a", tmp_path / "a"]).runs[1]
    assert (same.difference, same.difference_interval.low, same.difference_interval.high) == (0, 0, 0)


def test_chance_differences_are_called_differences_about_as_often_as_they_should(tmp_path: Path) -> None:
    base = _run(tmp_path / "a", _matrices(0.9, seed=0))
    rng = np.random.default_rng(1)
    called = 0
    for trial in range(40):
        noise = np.stack(
            [m + np.diag(rng.integers(0, 20, 3), 0)[:, [0, 1, 2, 2]] * [1, 1, 1, 0] for m in _matrices(0.9)]
        )
        other = np.stack(
            [m + np.diag(rng.integers(0, 20, 3), 0)[:, [0, 1, 2, 2]] * [1, 1, 1, 0] for m in _matrices(0.9)]
        )
        runs = compare_runs([_run(tmp_path / f"n{trial}", noise), _run(tmp_path / f"o{trial}", other)]).runs
        called += runs[1].differs
    assert called <= 7
    assert base.is_dir()


def test_what_cannot_be_compared_is_refused_with_what_there_is(tmp_path: Path) -> None:
    one = _run(tmp_path / "a", _matrices(0.9))
    with pytest.raises(UsageError, match="at least two"):
        compare_runs([one])
    empty = tmp_path / "empty"
    with pytest.raises(UsageError, match=rf"no evaluation in common .*a: {STEM}; .*empty: none.*realitygap evaluate"):
        compare_runs([one, empty])
    with pytest.raises(VerificationError, match="different images"):
        compare_runs([one, _run(tmp_path / "fewer", _matrices(0.9, images=50))])
    with pytest.raises(VerificationError, match="does not fit its label space"):
        compare_runs([one, _run(tmp_path / "two", _matrices(0.9)[:, :2, :3])])
    camvid = _run(tmp_path / "camvid", np.zeros((60, 11, 12), np.int64), space="camvid11")
    with pytest.raises(UsageError, match="different label spaces: camvid11, pets_trimap"):
        compare_runs([one, camvid])
    both = [_run(tmp_path / name, _matrices(0.9), "pets-validation-00") for name in ("a", "b")]
    _run(tmp_path / "b", _matrices(0.9))
    with pytest.raises(UsageError, match="several evaluations in common: pets-test-0123456789ab, pets-validation-00"):
        compare_runs(both)
    assert compare_runs(both, "pets-val").evaluation == "pets-validation-00"
    (RunDirectory(one).evaluations / f"{STEM}.npz").write_bytes(b"PK")
    with pytest.raises(VerificationError, match="evaluate the run again"):
        compare_runs(both, "pets-test")


def test_the_command_prints_a_table_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compare", str(_run(tmp_path / "a", _matrices(0.9))), str(_run(tmp_path / "b", _matrices(0.93)))]
    assert realitygap.main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["runs"][1]["difference_interval"][0] > 0
    assert realitygap.main(words) == 0
    assert "differs" in capsys.readouterr().out
    assert realitygap.main(words[:2]) == 2
