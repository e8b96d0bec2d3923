from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import UsageError
from datasets.mnistm import MnistM, blend, patch_generator, random_patch
from datasets.reading import read_photograph
from datasets.sample import Sample
from tests.conftest import convert
from tests.fixtures import MnistTree


@pytest.fixture
def tree(tmp_path: Path) -> MnistTree:
    return MnistTree(tmp_path / "mnist")


def images(source: MnistM, split: str) -> dict[int, np.ndarray]:
    """By index of the digit; read last to first, so that nothing may hang on the order."""
    items = [item for item in source.plan().items if item.split == split][::-1]
    with source.open_reader() as reader:
        results = list(reader(items))
    assert all(isinstance(result, Sample) for result in results)
    return {item.facts["index"]: result.image.array for item, result in zip(items, results, strict=True)}


def backgrounds(tree: MnistTree, *folders: str) -> list[np.ndarray]:
    paths = [path for name in folders for path in (tree.root / "bsds500/images" / name).glob("*.jpg")]
    return [read_photograph(path.read_bytes(), path.name)[0].array for path in paths]


def places(image: np.ndarray, white: np.ndarray, photographs: list[np.ndarray]) -> int:
    """How many places of the photographs, blended with the digit, look like the image."""
    count = 0
    for photograph in photographs:
        windows = np.lib.stride_tricks.sliding_window_view(photograph.astype(int), (28, 28, 3))[:, :, 0]
        count += int((np.abs(windows - white[:, :, np.newaxis]) == image).all(axis=(2, 3, 4)).sum())
    return count


@pytest.mark.parametrize("ink", ["binary", "grey"])
@pytest.mark.parametrize(
    "split, stem, own, other",
    [("train", "train", ["train"], ["val", "test"]), ("test", "t10k", ["val", "test"], ["train"])],
)
def test_every_image_is_its_digit_over_one_place_of_the_splits_own_photographs(
    tree: MnistTree, split: str, stem: str, own: list[str], other: list[str], ink: str
) -> None:
    found = images(MnistM(tree.root, digits=ink), split)
    assert len(found) == MnistTree.COUNTS[stem]
    for index, image in found.items():
        digit = tree.images[stem][index].astype(int)
        white = np.where(digit > 0, 255, 0) if ink == "binary" else digit
        assert places(image, white, backgrounds(tree, *own)) == 1
        assert places(image, white, backgrounds(tree, *other)) == 0


def test_the_blend_is_the_difference_of_every_channel() -> None:
    generator = np.random.default_rng(1)
    patch = generator.integers(0, 256, (28, 28, 3), dtype=np.uint8)
    digit = generator.integers(0, 256, (28, 28), dtype=np.uint8) * (generator.random((28, 28)) < 0.5)
    for ink, white in (("binary", (digit > 0) * 255), ("grey", digit)):
        wanted = [[[abs(int(p) - int(w)) for p in pixel] for pixel, w in zip(*row, strict=True)]
                  for row in zip(patch, white, strict=True)]  # fmt: skip
        np.testing.assert_array_equal(blend(patch, digit.astype(np.uint8), ink), wanted)


def test_a_patch_depends_on_seed_split_and_index_alone(tree: MnistTree) -> None:
    whole = images(MnistM(tree.root), "train")
    again = images(MnistM(tree.root, ("train",)), "train")
    other = images(MnistM(tree.root, seed=1), "train")
    assert all((whole[index] == again[index]).all() for index in whole)
    assert all((whole[index] != other[index]).any() for index in whole)
    places_of = itertools.product((0, 1), ("train", "test"), range(50))
    assert len({tuple(patch_generator(*place).integers(1 << 30, size=2)) for place in places_of}) == 200


def test_every_place_of_a_photograph_is_drawn_as_often_as_any_other() -> None:
    rows, columns = 30, 31
    photograph = np.zeros((rows, columns, 3), np.uint8)
    photograph[:, :, 0], photograph[:, :, 1] = np.mgrid[:rows, :columns]
    generator = np.random.default_rng(0)
    corners = [tuple(random_patch(generator, photograph)[0, 0, :2].tolist()) for _ in range(2400)]
    counts = [corners.count((top, left)) for top in range(3) for left in range(4)]
    assert sum(counts) == 2400
    assert sum((count - 200) ** 2 / 200 for count in counts) < 31.3  # chi squared, 11 degrees of freedom, p = 0.001


def test_workers_and_shards_make_no_difference(tree: MnistTree, tmp_path: Path) -> None:
    one = convert(MnistM(tree.root), tmp_path / "one", num_shards=1)
    two = convert(MnistM(tree.root), tmp_path / "two", num_shards=4, workers=2)
    for split in ("train", "test"):
        first, second = ({s.key: (s.image.data, s.label) for s in made.samples(split)} for made in (one, two))
        assert first == second


def test_the_fingerprint_follows_seed_ink_and_photographs(tree: MnistTree) -> None:
    prints = {MnistM(tree.root, seed=s, digits=d).plan().fingerprint for s in (0, 1) for d in ("binary", "grey")}
    path = next((tree.root / "bsds500/images/val").iterdir())
    path.write_bytes(path.read_bytes() + b"\0")
    assert len(prints | {MnistM(tree.root).plan().fingerprint}) == 5


@pytest.mark.parametrize("layout", ["images/{}", "{}", "BSDS500/data/images/{}"])
def test_layouts_of_the_photographs(tree: MnistTree, tmp_path: Path, layout: str) -> None:
    wanted = images(MnistM(tree.root), "test")
    for split in ("train", "val", "test"):
        target = tmp_path / "elsewhere" / layout.format(split)
        target.parent.mkdir(parents=True, exist_ok=True)
        (tree.root / "bsds500/images" / split).rename(target)
    found = images(MnistM(tree.root, backgrounds=tmp_path / "elsewhere"), "test")
    assert all((found[index] == wanted[index]).all() for index in wanted)
    with pytest.raises(UsageError, match="no photographs of BSDS500 in .*bsds500 or .*: wanted images/train/"):
        MnistM(tree.root).plan()


def test_options_that_are_none_are_refused(tree: MnistTree) -> None:
    with pytest.raises(UsageError, match="digits must be binary or grey, got 'colour'"):
        MnistM(tree.root, digits="colour")
    with pytest.raises(UsageError, match="the seed must be 0 or more, got -1"):
        MnistM(tree.root, seed=-1)
    with pytest.raises(UsageError, match="MNIST-M has no split"):
        MnistM(tree.root, ("val",))


def test_the_real_photographs(real_data: Path) -> None:
    source = MnistM(real_data, ("test",))
    items = source.plan().items[:200]
    with source.open_reader() as reader:
        pixels = np.stack([sample.image.array for sample in reader(items)])
    assert len(np.unique(pixels.reshape(200, -1), axis=0)) == 200
    assert 90 < pixels.mean() < 150
