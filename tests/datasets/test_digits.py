from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from datasets.digits import Digits
from datasets.errors import UsageError
from datasets.sample import Sample

ORACLE = load_digits()


def _samples(digits: Digits) -> dict[str, Sample]:
    with digits.open_reader() as reader:
        items = digits.plan().items
        return dict(zip((item.split + "/" + item.key for item in items), reader(items), strict=True))


def test_images_and_labels_are_those_that_scikit_learn_gives() -> None:
    for name, sample in _samples(Digits()).items():
        row = int(name.rpartition("_")[2])
        np.testing.assert_array_equal(np.round(sample.image.array[:, :, 0] / (255 / 16)), ORACLE.images[row])
        assert sample.label == ORACLE.target[row]


def test_the_split_keeps_the_shares_of_every_class_and_loses_nobody() -> None:
    labels: dict[str, list[int]] = {}
    for name, sample in _samples(Digits()).items():
        labels.setdefault(name.partition("/")[0], []).append(sample.label)
    assert sum(map(len, labels.values())) == 1797
    whole = np.bincount(ORACLE.target)
    for split, share in (("adapt", 0.5), ("validation", 0.1), ("test", 0.4)):
        assert np.abs(np.bincount(labels[split]) - whole * share).max() <= 1


def test_the_split_depends_on_its_seed_alone() -> None:
    def assignment(seed: int) -> dict[str, str]:
        return {item.key: item.split for item in Digits(split_seed=seed).plan().items}

    assert assignment(0) == assignment(0)
    assert assignment(0) != assignment(1)


def test_a_file_of_ones_own_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("\n".join(",".join(["16"] * 64 + [str(row % 10)]) for row in range(20)))
    samples = _samples(Digits(path))
    assert len(samples) == 20
    assert all(sample.image.array.min() == 255 for sample in samples.values())


@pytest.mark.parametrize("content", [b"", b"no gzip", gzip.compress(b"1,2,3"), gzip.compress(b"a,b")])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="digits.csv.gz"):
        Digits(path).plan()
