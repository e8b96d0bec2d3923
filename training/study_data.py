"""The data of a study: both domains in memory, and a few pictures for the report."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.images import encode_png
from datasets.labels import LabelSpace
from datasets.sample import Sample
from training.adaptation.task import Images, Task
from training.files import write_json, write_whole
from training.inputs import Form, held_out, load_arrays, not_held_out
from training.provenance import identity
from training.study_options import StudyOptions

EXAMPLES_NAME = "examples.json"
_EXAMPLES = 6
_WATCH_SEED = 0  # one held-out part for all rows: curves of several seeds must be comparable


@dataclass(frozen=True, eq=False)
class StudyData:
    """Everything that rows are trained and scored on.

    Attributes:
        task: both domains, target labels included; `task_for` withholds what a method must not know.
        test: the real test images.
        test_labels: `(n,)` their dense classes.
        test_keys: `(n,)` their keys.
        class_names: by dense index.
    """

    task: Task
    test: Images
    test_labels: np.ndarray
    test_keys: np.ndarray
    class_names: tuple[str, ...]

    def task_for(self, target_use: str) -> Task:
        """The task with as much of the target as a method may use: `nothing`, its `images`, or also `labels`."""
        target = self.task.target
        if target_use == "nothing":
            return replace(self.task, target=Images(target.pixels[:0]))
        return self.task if target_use == "labels" else replace(self.task, target=target.without_labels())


def load_study_data(synthetic: Dataset, real: Dataset, options: StudyOptions) -> StudyData:
    """Read both data sets into memory.

    Raises:
        UsageError: a split or field is missing, or the two sets do not share a label space.
    """
    space = _shared_space(synthetic, real)
    form = Form(("image", "label"), options.size)
    share = options.source_watch_share

    def images(dataset: Dataset, split: str, select: Any = None) -> Images:
        arrays = load_arrays(dataset, split, form, select=select)
        return Images(arrays["image"], arrays["label"])

    test = load_arrays(real, options.test_split, form)
    task = Task(
        source=images(synthetic, options.train_split, not_held_out(share, _WATCH_SEED)),
        target=images(real, options.adapt_split),
        source_watch=images(synthetic, options.train_split, held_out(share, _WATCH_SEED)),
        target_watch=images(real, options.validation_split),
        classes=len(space),
    )
    return StudyData(task, Images(test["image"]), test["label"], test["key"], space.names)


def identities(synthetic: Dataset, real: Dataset, options: StudyOptions) -> dict[str, Any]:
    """What the numbers depend on besides method and seed: the data by fingerprint, and how they are read."""
    splits = {
        "train": options.train_split,
        "adapt": options.adapt_split,
        "validation": options.validation_split,
        "test": options.test_split,
    }
    counts = {name: (synthetic if name == "train" else real).split(split).examples for name, split in splits.items()}
    return {
        "synthetic": identity(synthetic),
        "real": identity(real),
        "splits": splits,
        "examples": counts,
        "size": list(options.size),
        "source_watch_share": options.source_watch_share,
    }


def write_examples(folder: Path, synthetic: Dataset, real: Dataset, options: StudyOptions) -> None:
    """Write a few images of each domain, with every annotation that can be shown, as PNG files and a list of them."""
    listed = []
    for domain, dataset, split in (("synthetic", synthetic, options.train_split), ("real", real, options.adapt_split)):
        for index, sample in enumerate(itertools.islice(dataset.samples(split), _EXAMPLES)):
            for kind, pixels in _pictures(sample, dataset).items():
                name = f"{domain}-{index}-{kind}.png"
                data = encode_png(pixels)
                write_whole(folder / name, lambda path, data=data: _write(path, data))  # type: ignore[misc]
                listed.append({"file": name, "domain": domain, "index": index, "kind": kind, "key": sample.key})
    write_json(folder / EXAMPLES_NAME, listed)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _shared_space(synthetic: Dataset, real: Dataset) -> LabelSpace:
    spaces = []
    for dataset in (synthetic, real):
        space = dataset.schema["label"].space if "label" in dataset.schema else None
        if space is None:
            raise UsageError(f"data set {dataset.name!r} has no image label with a label space; this study needs one")
        spaces.append(space)
    first, second = spaces
    if first.name != second.name:
        raise UsageError(
            f"the classes must be the same in both domains, but {synthetic.name!r} has {first.name!r} "
            f"and {real.name!r} has {second.name!r}"
        )
    return first


def _pictures(sample: Sample, dataset: Dataset) -> dict[str, np.ndarray]:
    """`(height, width, 3)` uint8 pictures of what the sample holds, by kind."""
    makers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "image": lambda pixels: np.broadcast_to(pixels, (*pixels.shape[:2], 3)).astype(np.uint8),
        "semantic": lambda pixels: dataset.schema["semantic"].space.colour_table[pixels[:, :, 0]],  # type: ignore[union-attr]
        "normal": _normal_picture,
        "depth": lambda pixels: _depth_picture(pixels[:, :, 0]),
    }
    present = {kind: sample.value(kind) for kind in makers}
    return {kind: makers[kind](raster.array) for kind, raster in present.items() if raster is not None}


def _normal_picture(normal: np.ndarray) -> np.ndarray:
    """Colours as normal maps are usually shown: blue faces the camera, green points up; no surface is black."""
    picture = (normal >> 8).astype(np.uint8)
    seen = normal.any(axis=2)
    picture[seen, 1:] = 255 - picture[seen, 1:]
    return picture


def _depth_picture(depth: np.ndarray) -> np.ndarray:
    """Near is light, far is dark, no surface is black."""
    seen = np.isfinite(depth)
    picture = np.zeros((*depth.shape, 3), np.uint8)
    if seen.any():
        near, far = depth[seen].min(), depth[seen].max()
        level = 235 - 175 * (depth[seen] - near) / max(far - near, 1e-6)
        picture[seen] = np.round(level)[:, None].astype(np.uint8)
    return picture
