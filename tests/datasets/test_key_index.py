from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.key_index import Place, find, index_text


@given(st.sets(st.text(min_size=1, max_size=12), max_size=40), st.text(min_size=1, max_size=12))
def test_every_key_is_found_and_no_other(tmp_path_factory: pytest.TempPathFactory, keys: set[str], other: str) -> None:
    places = [Place(key, "train", "shard", number) for number, key in enumerate(sorted(keys, key=hash))]
    path = tmp_path_factory.mktemp("index") / "keys.tsv"
    path.write_text(index_text(places), "utf-8")
    for place in places:
        assert find(path, place.key) == place
    if other not in keys:
        assert find(path, other) is None


def test_samples_are_read_by_key(pets_set: Dataset) -> None:
    for split in ("train", "test"):
        for sample in pets_set.samples(split):
            assert pets_set.sample(sample.key).image.data == sample.image.data
    with pytest.raises(UsageError, match="no example 'pug_99'"):
        pets_set.sample("pug_99")


def test_verification_holds_the_index_against_the_records(pets_set: Dataset) -> None:
    from datasets.verification import verify

    path: Path = pets_set.directory / "keys.tsv"
    path.write_text(path.read_text().replace("pug_3", "pug_9"))
    assert any("keys.tsv" in fault for fault in verify(pets_set))
