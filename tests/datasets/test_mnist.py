from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import UsageError
from datasets.idx import read_idx
from datasets.mnist import Mnist
from datasets.source import Rejection
from tests.conftest import convert
from tests.fixtures import MnistTree, idx


@pytest.fixture
def tree(tmp_path: Path) -> MnistTree:
    return MnistTree(tmp_path / "mnist")


def test_every_digit_is_there_with_its_label(tree: MnistTree, tmp_path: Path) -> None:
    made = convert(Mnist(tree.root), tmp_path / "data", num_shards=2)
    for split, stem in (("train", "train"), ("test", "t10k")):
        found = {sample.key: sample for sample in made.samples(split)}
        assert len(found) == MnistTree.COUNTS[stem]
        for index, (image, label) in enumerate(zip(tree.images[stem], tree.labels[stem], strict=True)):
            sample = found[f"mnist_{split}_{index:05}"]
            np.testing.assert_array_equal(sample.image.array[:, :, 0], image)
            assert sample.label == label


def test_plain_gzipped_and_dotted_names_give_the_same(tree: MnistTree) -> None:
    before = Mnist(tree.root).plan()
    for stem in MnistTree.COUNTS:
        images = tree.root / f"{stem}-images-idx3-ubyte"
        tree.write(f"{images.name}.gz", gzip.compress(images.read_bytes()))
        images.unlink()
        labels = tree.root / f"{stem}-labels-idx1-ubyte.gz"
        tree.write(f"{stem}-labels.idx1-ubyte", gzip.decompress(labels.read_bytes()))
        labels.unlink()
    assert Mnist(tree.root).plan() == before
    assert Mnist(tree.root.parent).plan() == before


def test_a_label_beyond_nine_rejects_its_digit(tree: MnistTree) -> None:
    labels = tree.labels["train"].copy()
    labels[3] = 10
    tree.write("train-labels-idx1-ubyte.gz", gzip.compress(idx(labels)))
    source = Mnist(tree.root, ("train",))
    with source.open_reader() as reader:
        results = list(reader(source.plan().items))
    rejections = [result for result in results if isinstance(result, Rejection)]
    assert [(each.key, each.reason) for each in rejections] == [
        ("mnist_train_00003", "the label must be a digit, got 10")
    ]


def _images(count: int, height: int = 28, width: int = 28) -> bytes:
    return idx(np.zeros((count, height, width), np.uint8))


@pytest.mark.parametrize(
    "data, complaint",
    [
        (b"", "must begin with 00000803, idx of 3 dimensions of bytes; got nothing"),
        (_images(12)[:9], "must begin with 00000803"),
        (b"\0\0\x0d\3" + _images(12)[4:], "must begin with 00000803, .*; got 00000d03"),
        (idx(np.zeros(12, np.uint8)), "must begin with 00000803, .*; got 00000801"),
        (_images(12)[:-1], r"announces \(12, 28, 28\), which is 9,408 bytes, and holds 9,407 bytes"),
        (_images(12) + b"\0", r"announces \(12, 28, 28\), which is 9,408 bytes, and holds more"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 28, 28), r"announces \(4294967295, 28, 28\), which is more than"),
        (_images(11), "holds 11 images but .* 12 labels"),
        (_images(12, 27), "must hold 28x28 images, got 27x28"),
        (gzip.compress(_images(12))[:-9], "cannot be read as an idx file"),
        (gzip.compress(_images(12))[:20] + b"XXXX" + gzip.compress(_images(12))[24:], "cannot be read as an idx file"),
    ],
)
def test_forged_and_cut_files_are_refused_by_name_and_number(tree: MnistTree, data: bytes, complaint: str) -> None:
    path = tree.write("train-images-idx3-ubyte", data)
    with pytest.raises(UsageError, match=complaint) as caught:
        Mnist(tree.root).plan()
    assert str(path) in str(caught.value)


def test_a_gzip_that_grows_beyond_its_header_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(_images(1) + bytes(200 << 20), 9))
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(UsageError, match="and holds more"):
        read_idx(path, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


def test_what_is_missing_is_named(tree: MnistTree) -> None:
    (tree.root / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UsageError, match="is not MNIST: t10k-labels-idx1-ubyte is missing"):
        Mnist(tree.root).plan()
    assert len(Mnist(tree.root, ("train",)).plan().items) == 12
    with pytest.raises(UsageError, match="MNIST has no split \\['validation'\\]; there are train, test"):
        Mnist(tree.root, ("validation",))


def test_the_real_set(real_data: Path) -> None:
    source = Mnist(real_data)
    plan = source.plan()
    assert len(plan.items) == 70_000
    with source.open_reader() as reader:
        labels = [sample.label for sample in reader(plan.items)]
    # Published counts of each digit (LeCun et al.)
    assert np.bincount(labels[:60_000]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels[60_000:]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert labels[:10] == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
