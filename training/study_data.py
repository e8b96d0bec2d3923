"""The data of a study: both domains in memory, the network for them, and a few pictures for the report."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.images import encode_png
from datasets.labels import LabelSpace
from datasets.sample import Sample
from training.adaptation.blobs import blobs
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm, Images, Task
from training.files import write_json, write_whole
from training.inputs.form import Form
from training.inputs.reading import load_arrays
from training.inputs.selection import held_out, not_held_out
from training.networks import digits, points
from training.provenance import identity
from training.study_options import DigitsDomains, Domains, MnistmDomains, ToyDomains

EXAMPLES_NAME = "examples.json"
_EXAMPLES = 6
_SPELT = {"mnist": "MNIST", "mnistm": "MNIST-M"}
_WATCH_SEED = 0  # one held-out part for all rows: curves of several seeds must be comparable


@dataclass(frozen=True, eq=False)
class StudyData:
    """Everything that rows are trained and scored on.

    Attributes:
        task: both domains, target labels included; `task_for` withholds what a method must not know.
        test: the target's test images.
        test_labels: `(n,)` their dense classes.
        test_keys: `(n,)` their keys.
        class_names: by dense index.
        build: an untrained network, by its mode of batch normalisation.
    """

    task: Task
    test: Images
    test_labels: np.ndarray
    test_keys: np.ndarray
    class_names: tuple[str, ...]
    build: Callable[[BatchNorm], Network]

    def task_for(self, target_use: str) -> Task:
        """The task with as much of the target as a method may use: `nothing`, its `images`, or also `labels`."""
        target = self.task.target
        if target_use == "nothing":
            return replace(self.task, target=Images(target.pixels[:0]))
        return self.task if target_use == "labels" else replace(self.task, target=target.without_labels())


@dataclass(frozen=True)
class _Part:
    """Which examples of which data set: the splits of a study by role."""

    dataset: Dataset
    split: str
    select: Any = None


class StudySource:
    """Where a study's data come from: opened and checked at once, read when `load` is called.

    Args:
        domains: the options of the study.

    Raises:
        UsageError: a data set has no class labels, or the two sets do not share a label space.
    """

    def __init__(self, domains: Domains) -> None:
        self._domains = domains
        self._sets: tuple[Dataset, ...] = ()
        if isinstance(domains, DigitsDomains):
            self._sets = (Dataset.open(domains.synthetic), Dataset.open(domains.real))
        elif isinstance(domains, MnistmDomains):
            self._sets = (Dataset.open(domains.source), Dataset.open(domains.target))
        self._space = _shared_space(*self._sets) if self._sets else None

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        if isinstance(self._domains, DigitsDomains):
            return {"source": "rendered", "target": "real", "members": "images"}
        if isinstance(self._domains, MnistmDomains):
            source, target = (_SPELT.get(found.name, found.name) for found in self._sets)
            return {"source": source, "target": target, "members": "images"}
        return {"source": "source", "target": "target", "members": "points"}

    def facts(self) -> dict[str, Any]:
        """What the numbers depend on besides method and seed: the data by fingerprint, and how they are read."""
        paths = ("synthetic", "real", "source", "target")
        options = {name: value for name, value in asdict(self._domains).items() if name not in paths}
        if isinstance(self._domains, ToyDomains):
            named = {
                role: {"name": f"{role} blobs", "version": "1", "fingerprint": "none"} for role in ("source", "target")
            }
            return {**named, "splits": {}, "examples": _counts(blobs(self._domains.data_seed)[0]), "options": options}
        roles = self._parts()
        return {
            "source": identity(self._sets[0]),
            "target": identity(self._sets[1]),
            "splits": {role: part.split for role, part in roles.items()},
            "examples": {role: part.dataset.split(part.split).examples for role, part in roles.items()},
            "options": options,
        }

    def load(self) -> StudyData:
        """Read everything into memory.

        Raises:
            UsageError: a split or field is missing.
        """
        if isinstance(self._domains, ToyDomains):
            task, points_to_test = blobs(self._domains.data_seed)
            assert points_to_test.labels is not None
            keys = np.array([f"point{index:05}" for index in range(len(points_to_test))])
            unlabelled = points_to_test.without_labels()
            return StudyData(task, unlabelled, points_to_test.labels, keys, ("0", "1"), _points_network)
        assert self._space is not None
        size = self._domains.size
        form = Form(("image", "label"), size)
        arrays = {
            role: load_arrays(part.dataset, part.split, form, select=part.select)
            for role, part in self._parts().items()
        }
        images = {role: Images(found["image"], found["label"]) for role, found in arrays.items()}
        task = Task(
            images["train"], images["adapt"], images["train watch"], images["validation"], classes=len(self._space)
        )
        test = arrays["test"]
        build = _digits_network(size, len(self._space))
        return StudyData(task, Images(test["image"]), test["label"], test["key"], self._space.names, build)

    def write_examples(self, folder: Path) -> None:
        """Write a few images of each domain, with every annotation that can be shown, and a list of them."""
        listed = []
        roles = self._parts() if self._sets else {}
        for domain, role in (("source", "train"), ("target", "adapt")):
            if role in roles:
                listed += _write_examples(folder, domain, roles[role].dataset, roles[role].split)
        write_json(folder / EXAMPLES_NAME, listed)

    def _parts(self) -> dict[str, _Part]:
        domains = self._domains
        assert isinstance(domains, DigitsDomains | MnistmDomains)
        source, target = self._sets
        share = domains.source_watch_share
        learnt, watched = not_held_out(share, _WATCH_SEED), held_out(share, _WATCH_SEED)
        if isinstance(domains, DigitsDomains):
            return {
                "train": _Part(source, domains.train_split, learnt),
                "train watch": _Part(source, domains.train_split, watched),
                "adapt": _Part(target, domains.adapt_split),
                "validation": _Part(target, domains.validation_split),
                "test": _Part(target, domains.test_split),
            }
        kept = domains.target_watch_share
        return {
            "train": _Part(source, domains.source_split, learnt),
            "train watch": _Part(source, domains.source_split, watched),
            "adapt": _Part(target, domains.target_split, not_held_out(kept, _WATCH_SEED)),
            "validation": _Part(target, domains.target_split, held_out(kept, _WATCH_SEED)),
            "test": _Part(target, domains.test_split),
        }


def _digits_network(size: tuple[int, int], classes: int) -> Callable[[BatchNorm], Network]:
    return lambda mode: Network(digits.build(size, classes), digits.FEATURES, mode)


def _points_network(mode: BatchNorm) -> Network:
    return Network(points.build(3, 2), points.FEATURES, mode, points.domain_head)


def _counts(task: Task) -> dict[str, int]:
    return {"train": len(task.source), "adapt": len(task.target), "validation": len(task.target_watch)}


def _write_examples(folder: Path, domain: str, dataset: Dataset, split: str) -> list[dict[str, Any]]:
    listed = []
    for index, sample in enumerate(itertools.islice(dataset.samples(split), _EXAMPLES)):
        for kind, pixels in _pictures(sample, dataset).items():
            name = f"{domain}-{index}-{kind}.png"
            data = encode_png(pixels)
            write_whole(folder / name, lambda path, data=data: _write(path, data))  # type: ignore[misc]
            listed.append({"file": name, "domain": domain, "index": index, "kind": kind, "key": sample.key})
    return listed


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _shared_space(source: Dataset, target: Dataset) -> LabelSpace:
    spaces = []
    for dataset in (source, target):
        space = dataset.schema["label"].space if "label" in dataset.schema else None
        if space is None:
            raise UsageError(f"data set {dataset.name!r} has no image label with a label space; this study needs one")
        spaces.append(space)
    first, second = spaces
    if first.name != second.name:
        raise UsageError(
            f"the classes must be the same in both domains, but {source.name!r} has {first.name!r} "
            f"and {target.name!r} has {second.name!r}"
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
