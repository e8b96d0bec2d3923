"""TensorFlow Datasets, with none of our code, must read what we read, field by field."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from datasets.camvid import CamVid
from datasets.cityscapes import Cityscapes
from datasets.dataset import Dataset
from datasets.fields import FIELDS
from datasets.mnist import Mnist
from datasets.mnistm import MnistM
from datasets.pets import Pets
from datasets.sample import Sample
from datasets.source import Source
from datasets.synthia import Synthia
from tests.conftest import convert
from tests.fixtures import CamVidTree, CityscapesTree, MnistTree, SynthiaTree

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow Datasets' own
tfds = pytest.importorskip("tensorflow_datasets", reason="the development extra is not installed")


def test_pets(pets_set: Dataset) -> None:
    _compare(pets_set, {"train": 6, "test": 4})


def test_digits(digits_set: Dataset) -> None:
    _compare(digits_set, {"adapt": 898, "validation": 180, "test": 719})


def test_rendered_frames(rendered_set: Dataset) -> None:
    _compare(rendered_set, {"train": 12})


@pytest.mark.parametrize(
    "make, counts",
    [
        (lambda root: Cityscapes(CityscapesTree(root).root), {"train": 3, "validation": 1, "test": 1}),
        (lambda root: Synthia(SynthiaTree(root).add("RGB", "GT/LABELS", "Depth").root), {"train": 2}),
        (lambda root: CamVid(CamVidTree(root).root), {"train": 2, "validation": 1, "test": 1}),
        (lambda root: Mnist(MnistTree(root).root), {"train": 12, "test": 5}),
        (lambda root: MnistM(MnistTree(root).root), {"train": 12, "test": 5}),
    ],
    ids=["cityscapes", "synthia", "camvid", "mnist", "mnistm"],
)
def test_miniature_sources(tmp_path: Path, make: Callable[[Path], Source], counts: dict[str, int]) -> None:
    _compare(convert(make(tmp_path / "tree"), tmp_path / "data", num_shards=2), counts)


def test_frames_with_every_annotation(tmp_path: Path, gl_probe: None) -> None:
    from pipelines.build import run_build
    from pipelines.frames import Frames
    from pipelines.options import BuildOptions
    from pipelines.plan import plan_build
    from rendering.tabletop import TabletopScenes

    names = "semantic instance depth normal object_coordinates boxes amodal boxes_3d poses keypoints camera"
    source = Frames(TabletopScenes(size=(48, 64), annotations=tuple(names.split())), 4, name="tabletop_rendered")
    options = BuildOptions(workers=1, num_shards=1)
    _compare(run_build(source, plan_build(source, tmp_path, options), options, "processes"), {"train": 4})


def test_class_names_are_known(pets_set: Dataset) -> None:
    features = tfds.builder_from_directory(pets_set.directory).info.features
    assert features["label"].int2str(12) == "english_cocker_spaniel"
    assert features["species"].names == ["cat", "dog"]
    assert features["objects"]["label"].names == ["cat", "dog"]


def test_the_real_pets(real_data: Path, tmp_path: Path) -> None:
    _compare(convert(Pets(real_data / "pets"), tmp_path, workers=2), {"train": 300, "test": 298})


def _compare(dataset: Dataset, counts: dict[str, int]) -> None:
    builder = tfds.builder_from_directory(dataset.directory)
    assert {name: info.num_examples for name, info in builder.info.splits.items()} == counts
    for split, count in counts.items():
        config = tfds.ReadConfig(interleave_cycle_length=1)
        theirs = tfds.as_numpy(builder.as_dataset(split=split, shuffle_files=False, read_config=config))
        compared = 0
        for ours, their in itertools.zip_longest(dataset.samples(split), theirs):
            _compare_sample(ours, their, dataset)
            compared += 1
        assert compared == count


def _compare_sample(ours: Sample, theirs: dict[str, Any], dataset: Dataset) -> None:
    seen = set()
    for path in dataset.schema.paths:
        owner, _, member = FIELDS[path].feature.partition("/")
        seen.add(FIELDS[path].feature)
        found, wanted = (theirs[owner][member] if member else theirs[owner]), ours.value(path)
        if FIELDS[path].kind == "text":
            assert found.decode() == wanted
        elif path == "image":
            decoded = tf.io.decode_image(wanted.data, channels=found.shape[2], expand_animations=False)
            np.testing.assert_array_equal(found, decoded)
        elif FIELDS[path].kind == "raster":
            assert found.dtype == wanted.dtype
            np.testing.assert_array_equal(found, wanted.array)
        else:
            np.testing.assert_array_equal(found, wanted)
    flat = {f"{k}/{m}" for k, v in theirs.items() if isinstance(v, dict) for m in v}
    assert seen == flat | {k for k, v in theirs.items() if not isinstance(v, dict)}
