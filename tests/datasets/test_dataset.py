from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from datasets.dataset import Dataset
from datasets.errors import UsageError, VerificationError
from datasets.manifest import SplitFacts
from tests.fixtures import PetsTree


def test_it_opens_by_version_and_by_name(pets_set: Dataset) -> None:
    assert Dataset.open(pets_set.directory.parent) == Dataset.open(pets_set.directory) == pets_set


def test_samples_are_the_official_lists(pets_set: Dataset) -> None:
    assert sorted(sample.key for sample in pets_set.samples("train")) == sorted(PetsTree.TRAIN)
    assert pets_set.split("test").examples == len(PetsTree.TEST)


def test_only_listed_shards_are_read(pets_set: Dataset) -> None:
    first = pets_set.split("test").files[0]
    shutil.copy(first, first.with_name(first.name.replace("of-00003", "of-00004")))
    assert len(list(pets_set.samples("test"))) == len(PetsTree.TEST)


def test_an_unknown_split_is_refused_with_those_there_are(pets_set: Dataset) -> None:
    with pytest.raises(UsageError, match="no split 'val'; there are test, train"):
        pets_set.split("val")


def test_several_versions_must_be_told_apart(pets_set: Dataset) -> None:
    shutil.copytree(pets_set.directory, pets_set.directory.with_name("2.0.0"))
    with pytest.raises(UsageError, match="several versions"):
        Dataset.open(pets_set.directory.parent)


def test_a_folder_without_a_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no data set"):
        Dataset.open(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "other", "format_version": 1}', '{"format": "x"}'])
def test_a_damaged_manifest_is_refused(pets_set: Dataset, text: str) -> None:
    (pets_set.directory / "manifest.json").write_text(text)
    with pytest.raises(VerificationError, match="manifest.json"):
        Dataset.open(pets_set.directory)


def test_a_manifest_of_a_later_format_is_refused(pets_set: Dataset) -> None:
    path = pets_set.directory / "manifest.json"
    document = json.loads(path.read_text())
    document["format_version"] += 1
    path.write_text(json.dumps(document))
    with pytest.raises(VerificationError, match="version 2; this program reads"):
        Dataset.open(pets_set.directory)


def test_the_manifest_survives_reading_and_writing(pets_set: Dataset) -> None:
    assert pets_set.manifest.to_json() == (pets_set.directory / "manifest.json").read_text()


def test_the_fingerprint_changes_with_the_data(pets_set: Dataset) -> None:
    path = pets_set.directory / "manifest.json"
    digest = pets_set.manifest.splits["test"].shards[0].sha256
    path.write_text(path.read_text().replace(digest, "0" * 64))
    assert Dataset.open(pets_set.directory).fingerprint != pets_set.fingerprint


def test_the_first_sample_is_that_of_the_first_split_that_has_any(pets_set: Dataset) -> None:
    splits = pets_set.manifest.splits
    empty = dataclasses.replace(splits["test"], shards=())
    first = next(pets_set.samples("train"))

    def with_splits(**changed: SplitFacts) -> Dataset:
        manifest = dataclasses.replace(pets_set.manifest, splits={**splits, **changed})
        return dataclasses.replace(pets_set, manifest=manifest)

    assert next(iter(splits)) == "test"
    assert pets_set.first_sample().key == next(pets_set.samples("test")).key != first.key
    assert with_splits(test=empty).first_sample().key == first.key
    with pytest.raises(UsageError, match="'oxford_iiit_pet' has no examples"):
        with_splits(test=empty, train=empty).first_sample()
