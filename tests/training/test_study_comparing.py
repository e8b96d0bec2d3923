from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from study_folders import entry, hits_to_logits, write_study

from datasets.errors import UsageError
from training.metrics.scoring import Accuracy
from training.study.compared import compare_studies
from training.study.comparing import write_comparison
from training.study.reading import read_study

TRUTH = np.arange(600) % 3
SHARES = {"source_only": 0.4, "dann": 0.6, "adabn": 0.5, "on_target": 0.9}
RECIPE = {"steps": 600, "batch": 8, "learning_rate": 2e-3}


def _study(folder: Path, shares: dict[str, float], seed: int = 0, steps: int = 600) -> Path:
    """Every entry recognises exactly its share of the images, the easy ones first; `seed` chooses which are easy."""
    order = np.random.default_rng(seed).permutation(len(TRUTH))

    def predict(name: str, seed: int, choice: str) -> np.ndarray:
        return hits_to_logits(TRUTH, order < len(TRUTH) * shares[name], 3)

    changes = {"recipe": RECIPE | {"steps": steps}}
    return write_study(folder, [entry(name) for name in shares], TRUTH, predict, ("<a>", "b", "c"), changes=changes)


def test_a_study_differs_from_itself_in_nothing(tmp_path: Path) -> None:
    one = _study(tmp_path / "one", SHARES)
    comparison = compare_studies(read_study(one), read_study(one))
    assert comparison.paired
    assert not comparison.changes
    for found in comparison.entries:
        for choice in found.differences.values():
            assert (choice.value, choice.interval.low, choice.interval.high) == (0.0, 0.0, 0.0)
        assert found.gap is None or found.gap.value == 0.0


def test_differences_gaps_and_changes_are_told(tmp_path: Path) -> None:
    one = _study(tmp_path / "one", SHARES)
    better = {"source_only": 0.42, "dann": 0.6, "mixed": 0.7, "on_target": 0.9}
    two = _study(tmp_path / "two", better, steps=900)
    page = write_comparison(one, two, tmp_path / "comparison.html")
    found = json.loads(page.with_suffix(".json").read_text("utf-8"))
    entries = {row["name"]: row for row in found["entries"]}
    assert list(entries) == ["source_only", "dann", "on_target"]
    change = entries["source_only"]["differences"]["last"]
    assert change["value"] == pytest.approx(0.02)
    # 12 images more of 600, and no others: the draws of a difference are those of 12 images.
    assert change["interval"]["low"] == pytest.approx(0.02 - 1.96 * np.sqrt(12) / 600, abs=0.002)
    assert entries["source_only"]["gap_difference"]["value"] == pytest.approx(-0.02)
    assert entries["dann"]["differences"]["last"]["value"] == 0.0
    assert entries["on_target"]["gap_difference"] is None
    assert (found["only_in_first"], found["only_in_second"]) == (["Adabn"], ["Mixed"])
    assert found["changes"] == [{"name": "recipe.steps", "one": 600, "other": 900}]
    assert "2.0 points smaller in the second study" in found["headline"]
    text = page.read_text("utf-8")
    assert found["headline"] in text
    assert "recipe · steps" in text
    assert "tested on different" not in text


def test_studies_of_other_test_images_are_drawn_apart_and_it_is_said(tmp_path: Path) -> None:
    one, two = _study(tmp_path / "one", SHARES), _study(tmp_path / "two", SHARES)
    paired = compare_studies(read_study(one), read_study(two))
    test = dict(np.load(two / "test.npz"))
    np.savez(two / "test.npz", key=np.char.add(test["key"], " again"), label=test["label"])
    comparison = compare_studies(read_study(one), read_study(two))
    assert (paired.paired, comparison.paired) == (True, False)
    for together, apart in zip(paired.entries, comparison.entries, strict=True):
        share = SHARES[apart.one.name]
        width = 2 * 1.96 * np.sqrt(2 * share * (1 - share) / 600)
        interval = apart.differences["last"].interval
        assert apart.differences["last"].value == 0.0
        assert interval.high - interval.low == pytest.approx(width, rel=0.15)
        assert together.differences["last"].interval.high == 0.0
    text = write_comparison(one, two, tmp_path / "comparison.html").read_text("utf-8")
    assert "were tested on different images" in text


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    one, two = _study(tmp_path / "one", SHARES), _study(tmp_path / "two", SHARES)
    with pytest.raises(UsageError, match=r"written to an \.html file"):
        write_comparison(one, two, tmp_path / "comparison")
    document = json.loads((two / "study.json").read_text("utf-8"))
    (two / "study.json").write_text(json.dumps(document | {"class_names": ["a", "b", "d"]}))
    with pytest.raises(UsageError, match="class_names is .* in .*one and .* in .*two"):
        write_comparison(one, two, tmp_path / "comparison.html")
    assert isinstance(read_study(one).score, Accuracy)
