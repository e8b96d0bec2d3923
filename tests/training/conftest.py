"""Miniature data sets, written by the project's own writer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

from datasets.dataset import Dataset
from datasets.errors import BadSample
from datasets.key_index import INDEX_NAME, Place, index_text
from datasets.manifest import MANIFEST_NAME, Manifest, ShardFacts, SplitFacts
from datasets.records import sample_to_record
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.shards import shard_name
from datasets.statistics import Statistics
from datasets.tfrecord import RecordWriter

MakeDataset = Callable[..., Dataset]

SEGMENTATION = Schema.of(Column("image", (None, None, 3)), Column("semantic", (None, None, 1), "pets_trimap"))
DIGITS = Schema.of(Column("image", (None, None, 3)), Column("label", (), "digits"))


def pytest_configure(config: pytest.Config) -> None:
    # TensorFlow's variables predate NumPy 2's __array__; Keras copies them whenever it saves a model.
    config.addinivalue_line("filterwarnings", "ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def make_dataset(tmp_path: Path) -> MakeDataset:
    """A function: samples by split, schema, name, shards a split -> the opened data set."""

    def make(
        splits: Mapping[str, Sequence[Sample]], schema: Schema, name: str = "miniature", shards: int = 3
    ) -> Dataset:
        directory = tmp_path / name / "1.0.0"
        directory.mkdir(parents=True)
        places: list[Place] = []
        facts = {}
        for split, samples in splits.items():
            written = tuple(_write_shards(directory, name, split, samples, shards, places))
            statistics = Statistics()
            for sample in samples:
                with suppress(BadSample):  # some are wrong on purpose
                    statistics.add(sample, schema)
            facts[split] = SplitFacts(split, written, statistics.to_json())
        (directory / INDEX_NAME).write_text(index_text(places), "utf-8")
        manifest = Manifest(name, "1.0.0", "for tests", "none", schema, facts, {}, "0" * 64)
        (directory / MANIFEST_NAME).write_text(manifest.to_json(), "utf-8")
        return Dataset.open(directory)

    return make


def _write_shards(
    directory: Path, name: str, split: str, samples: Sequence[Sample], shards: int, places: list[Place]
) -> list[ShardFacts]:
    written = []
    for index in range(shards):
        path = directory / shard_name(name, split, index, shards)
        part = samples[index * len(samples) // shards : (index + 1) * len(samples) // shards]
        with open(path, "wb") as file:
            writer = RecordWriter(file)
            for sample in part:
                places.append(Place(sample.key, split, path.name, writer.write([sample_to_record(sample)])))
        facts = writer.facts()
        written.append(ShardFacts(path.name, facts.records, facts.bytes, facts.sha256))
    return written


@pytest.fixture
def digit_samples() -> Callable[[int, int], list[Sample]]:
    """A function: count, seed -> images of coloured noise with a bright block whose place is the class."""

    def make(count: int, seed: int) -> list[Sample]:
        rng = np.random.default_rng(seed)
        samples = []
        for index in range(count):
            label = int(rng.integers(10))
            image = rng.integers(0, 90, (20, 20, 3)).astype(np.uint8)
            row, column = divmod(label, 4)
            image[6 * row : 6 * row + 6, 5 * column : 5 * column + 5] += 150
            samples.append(Sample(key=f"seed{seed}_{index:04}", image=image, label=label))  # type: ignore[arg-type]
        return samples

    return make
