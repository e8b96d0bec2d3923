"""The study of any two sets with label maps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SEGMENTATION, MakeDataset
from segmentation_set import square_samples
from sklearn.metrics import jaccard_score
from street_sets import SIZE, street_options

from datasets.errors import UsageError
from datasets.labels import IGNORE
from training.networks import street
from training.progress import Silent
from training.study.domains import SegmentationDomains
from training.study.engine import run_grid, run_study
from training.study.segmentation_data import SegmentationSource


@pytest.fixture
def domains(make_dataset: MakeDataset, monkeypatch: pytest.MonkeyPatch) -> SegmentationDomains:
    monkeypatch.setattr(street, "WIDTHS", (8, 8))
    source = make_dataset({"train": square_samples(24, 0)}, SEGMENTATION, name="source")
    target = make_dataset({"train": square_samples(20, 1), "test": square_samples(6, 3)}, SEGMENTATION, name="target")
    scored = make_dataset({"test": square_samples(5, 2)}, SEGMENTATION, name="scored")
    paths = (found.directory for found in (source, target, scored))
    return SegmentationDomains(*paths, size=SIZE, source_watch_share=0.4, target_watch_share=0.4)


def test_every_row_is_scored_on_the_set_of_its_own(domains: SegmentationDomains, tmp_path: Path) -> None:
    page = run_study(street_options(tmp_path / "study", "coral"), domains, Silent())
    study = json.loads((tmp_path / "study" / "study.json").read_text("utf-8"))
    assert (study["study"], study["task"]) == ("segmentation", "segmentation")
    assert [entry["name"] for entry in study["entries"]] == ["source_only", "on_target", "coral"]
    counts = study["data"]["examples"]
    # A hash of the keys holds out about two in five; no image is in both parts.
    assert counts["train"] + counts["train watch"] == 24
    assert counts["adapt"] + counts["validation"] == 20
    assert counts["test"] == 5
    with np.load(tmp_path / "study" / "test.npz") as stored:
        keys, truth = sorted(stored["key"]), stored["label"]
    assert keys == [f"2_{index}".encode() for index in range(5)]
    known = truth != IGNORE
    for name in ("source_only", "on_target", "coral"):
        row = json.loads((tmp_path / "study" / "rows" / f"{name}-0.json").read_text("utf-8"))
        with np.load(tmp_path / "study" / "rows" / f"{name}-0.npz") as stored:
            predicted = stored["last"]
        reference = jaccard_score(truth[known], predicted[known], average="macro", labels=[0, 1, 2], zero_division=0)
        assert row["scores"]["last"] == pytest.approx(reference)
    text = page.read_text("utf-8")
    assert "Trained on source images alone" in text
    assert str(domains.source) not in json.dumps(study)


def test_by_default_the_target_has_the_test_images(domains: SegmentationDomains, tmp_path: Path) -> None:
    own = replace(domains, test=None)
    assert SegmentationSource(own).facts()["examples"]["test"] == 6
    run_grid(street_options(tmp_path / "study"), own, Silent())
    with np.load(tmp_path / "study" / "test.npz") as stored:
        assert sorted(stored["key"]) == [f"3_{index}".encode() for index in range(6)]


def test_what_cannot_be_studied_is_told_with_its_option(
    domains: SegmentationDomains, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    few = replace(domains, target_watch_share=0.01)
    with pytest.raises(UsageError, match="target_watch_share holds out . images; wanted at least 4"):
        SegmentationSource(few).entries(street_options(tmp_path))
    small = make_dataset({"test": square_samples(3, 4)}, SEGMENTATION, name="small")
    with pytest.raises(UsageError, match="data set 'small': test_split holds out 3 images; wanted at least 4"):
        SegmentationSource(replace(domains, test=small.directory)).entries(street_options(tmp_path))
    with pytest.raises(UsageError, match="there is no label space 'pets'"):
        SegmentationSource(replace(domains, label_space="pets"))
    with pytest.raises(UsageError, match="target_split and test_split must differ"):
        replace(domains, test=None, test_split="train")
