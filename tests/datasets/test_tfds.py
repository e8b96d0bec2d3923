"""TensorFlow Datasets, with none of our code, must read what we read, field by field."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf

from datasets.camvid import CamVid
from datasets.cityscapes import Cityscapes
from datasets.dataset import Dataset
from datasets.fields import FIELDS
from datasets.fingerprint import fingerprint_items
from datasets.mnist import Mnist
from datasets.mnistm import MnistM
from datasets.pets import Pets
from datasets.raster import Raster
from datasets.sample import CameraPose, Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, Source, read_each
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


def test_ids_of_32_bits_flow_and_lens(tmp_path: Path) -> None:
    """Ids of 32 bits are four bytes a pixel to TensorFlow Datasets, the lowest first."""
    source = Wide()
    dataset = convert(source, tmp_path, num_shards=1)
    [ours] = dataset.samples("train")
    builder = tfds.builder_from_directory(dataset.directory)
    [theirs] = tfds.as_numpy(builder.as_dataset(split="train"))
    np.testing.assert_array_equal(ours.instance.array, source.ids)
    assert theirs["instance_label"].dtype == np.uint8
    np.testing.assert_array_equal(theirs["instance_label"].view("<u4"), source.ids)
    np.testing.assert_array_equal(theirs["optical_flow"], source.flow)
    np.testing.assert_array_equal(theirs["camera"]["distortion"], np.array([-0.3, 0.1], np.float32))


@dataclass(frozen=True)
class Wide:
    """One image with what rendered sets may hold beside what the tabletop asks for."""

    ids: ClassVar[np.ndarray] = np.array([[0, 255, 65536], [70000, 2**31, 2**32 - 1]], np.uint32)[:, :, None]
    flow: ClassVar[np.ndarray] = np.arange(18, dtype=np.uint16).reshape(2, 3, 3) * 3000

    name = "wide"
    version = "1.0.0"
    about = "One image."
    licence = "None."
    schema = Schema.of(
        Column("image", (2, 3, 3)), Column("instance", (2, 3, 1), wide=True), Column("optical_flow", (2, 3, 3)),
        Column("camera.intrinsics"), Column("camera.world_to_camera"), Column("camera.distortion"),
    )  # fmt: skip

    def plan(self) -> Plan:
        items = (Item("a", "train", "a.png", 1),)
        return Plan(items, {"train": "all"}, fingerprint_items(items))

    def open_reader(self) -> AbstractContextManager[Reader]:
        return nullcontext(read_each(self.read))

    def read(self, item: Item) -> Sample:
        camera = CameraPose(np.eye(3, dtype=np.float32), np.eye(4, dtype=np.float32), np.float32([-0.3, 0.1]))
        image = Raster.from_array(np.zeros((2, 3, 3), np.uint8))
        maps = {"instance": Raster.from_array(self.ids), "optical_flow": Raster.from_array(self.flow)}
        return Sample(item.key, image, item.file, camera=camera, **maps)


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
