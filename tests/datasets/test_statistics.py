from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from datasets.dataset import Dataset
from datasets.errors import BadSample
from datasets.png import encode_png
from datasets.raster import Raster
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.statistics import Statistics
from tests.fixtures import photograph

SCHEMA = Schema.of(Column("image", (None, None, 3)), Column("semantic", (None, None, 1), "pets_trimap"))


def _sample(key: str, ids: list[list[int]]) -> Sample:
    semantic = np.array(ids, np.uint8)[:, :, None]
    return Sample(key, photograph(*semantic.shape[:2]), semantic=semantic)


def test_counts_are_those_of_a_recount_from_the_records(pets_set: Dataset) -> None:
    for split, facts in pets_set.manifest.splits.items():
        samples = list(pets_set.samples(split))
        pixels = Counter(np.concatenate([s.semantic.array.ravel() for s in samples]).tolist())
        images = Counter(i for s in samples for i in np.unique(s.semantic.array).tolist())
        statistics = facts.statistics
        assert statistics["examples"] == len(samples)
        assert statistics["pixels"]["semantic"] == {str(i): pixels[i] for i in sorted(pixels)}
        assert statistics["images"]["semantic"] == {str(i): images[i] for i in sorted(images)}
        assert statistics["labels"]["label"] == {
            str(k): v for k, v in sorted(Counter(s.label for s in samples).items())
        }
        assert statistics["objects"] == sum(len(s.objects.bbox) for s in samples)
        assert statistics["sizes"] == {"40x30": len(samples)}


def test_the_sum_of_parts_is_the_whole() -> None:
    samples = [_sample("b", [[1, 2]]), _sample("a", [[3, 3]]), _sample("c", [[1], [1]])]
    whole = Statistics()
    parts = [Statistics(), Statistics()]
    for number, sample in enumerate(samples):
        whole.add(sample, SCHEMA)
        parts[number % 2].add(sample, SCHEMA)
    assert Statistics.total(part.to_json() for part in parts).to_json() == whole.to_json()
    assert whole.to_json()["notes"] == {"semantic-holds-one-id-only": ["a", "c"]}


def test_ids_outside_the_label_space_are_refused_and_nothing_is_counted() -> None:
    statistics = Statistics()
    with pytest.raises(BadSample, match=r"semantic holds ids \[0, 77\] that label space 'pets_trimap' does not have"):
        statistics.add(_sample("a", [[1, 77, 0]]), SCHEMA)
    assert statistics.to_json() == Statistics().to_json()


def test_nothing_is_counted_of_a_sample_whose_instance_map_does_not_decode() -> None:
    whole = encode_png(np.arange(6, dtype=np.uint16).reshape(2, 3, 1))
    damaged = Raster.from_bytes(whole[: whole.index(b"IDAT") + 4] + bytes(8) + whole[whole.index(b"IDAT") + 12 :])
    image = Raster.from_array(photograph(2, 3))
    sample = Sample("a", image, semantic=np.ones((2, 3, 1), np.uint8), instance=damaged)
    statistics = Statistics()
    with pytest.raises(BadSample):
        statistics.add(sample, Schema.of(*SCHEMA.columns, Column("instance", (None, None, 1))), ("a-note",))
    assert statistics.to_json() == Statistics().to_json()
