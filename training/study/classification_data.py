"""The data of the studies whose images, or points, have one class each: digits, MNIST-M and the toy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.labels import LabelSpace
from training.adaptation.blobs import blobs
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm, Images
from training.files import write_json
from training.inputs.form import Form
from training.inputs.reading import load_arrays
from training.inputs.records import open_records
from training.inputs.selection import held_out, not_held_out
from training.networks import digits, points
from training.provenance import identity
from training.study.data import Labelled, StudyData, TestImages
from training.study.domains import ClassificationDomains, DigitsDomains, ToyDomains
from training.study.entries import Entry, in_order, main_entry
from training.study.examples import EXAMPLES_NAME, stored_colours, write_examples, write_test_images
from training.study.options import StudyOptions

_SPELT = {"mnist": "MNIST", "mnistm": "MNIST-M"}
_WATCH_SEED = 0  # one held-out part for all rows: curves of several seeds must be comparable
_ACCURACY = "accuracy"
_PATHS = ("synthetic", "real", "source", "target")


@dataclass(frozen=True)
class _Part:
    """Which examples of which data set: the splits of a study by role."""

    dataset: Dataset
    split: str
    select: Any = None

    @property
    def count(self) -> int:
        return len(open_records(self.dataset, self.split, self.select))


class PointsSource:
    """Two blobs of points in each domain; see `adaptation.blobs`."""

    def __init__(self, domains: ToyDomains) -> None:
        self._domains = domains
        self._task, self._test = blobs(domains.data_seed)

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        return {"source": "source", "target": "target", "members": "points"}

    def facts(self) -> dict[str, Any]:
        """Counts, and the seed of the points."""
        named = {
            role: {"name": f"{role} blobs", "version": "1", "fingerprint": "none"} for role in ("source", "target")
        }
        task = self._task
        counts = {"train": len(task.source), "adapt": len(task.target), "validation": len(task.target_watch)}
        return {**named, "splits": {}, "examples": counts, "options": asdict(self._domains)}

    def row_facts(self, entry: Entry) -> dict[str, Any]:
        """The same for all."""
        return self.facts()

    def entries(self, options: StudyOptions) -> tuple[Entry, ...]:
        """One for each method."""
        return _entries(options, "source blobs", len(self._task.source), len(self._task.target))

    def load(self) -> StudyData:
        """The points."""
        assert self._test.labels is not None
        source = Labelled(self._task.source, self._task.source_watch)
        keys = np.array([f"point{index:05}" for index in range(len(self._test))])
        test = TestImages(keys, self._test.pixels, self._test.labels)
        target = Labelled(self._task.target, self._task.target_watch)
        return StudyData(lambda _: source, "source blobs", target, test, ("0", "1"), _ACCURACY, _points_network)

    def write_examples(self, folder: Path, data: StudyData) -> None:
        """There is nothing to show of points."""
        write_json(folder / EXAMPLES_NAME, [])

    def colours(self) -> list[tuple[int, int, int]]:
        """Points have none."""
        return []


class ClassificationSource:
    """Two data sets with the same image labels.

    Args:
        domains: the options of the study.

    Raises:
        UsageError: a data set has no class labels, or the two sets do not share a label space.
    """

    def __init__(self, domains: ClassificationDomains) -> None:
        self._domains = domains
        if isinstance(domains, DigitsDomains):
            paths = domains.synthetic, domains.real
        else:
            paths = domains.source, domains.target
        self._source, self._target = map(Dataset.open, paths)
        self._space = _shared_space(self._source, self._target)

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        if isinstance(self._domains, DigitsDomains):
            return {"source": "rendered", "target": "real", "members": "images"}
        source, target = (_SPELT.get(found.name, found.name) for found in (self._source, self._target))
        return {"source": source, "target": target, "members": "images"}

    def facts(self) -> dict[str, Any]:
        """What the numbers depend on besides method and seed: the data by fingerprint, and how they are read."""
        roles = self._parts()
        return {
            "source": identity(self._source),
            "target": identity(self._target),
            "splits": {role: part.split for role, part in roles.items()},
            "examples": {role: part.dataset.split(part.split).examples for role, part in roles.items()},
            "options": {name: value for name, value in asdict(self._domains).items() if name not in _PATHS},
        }

    def row_facts(self, entry: Entry) -> dict[str, Any]:
        """The same for all."""
        return self.facts()

    def entries(self, options: StudyOptions) -> tuple[Entry, ...]:
        """One for each method."""
        roles = self._parts()
        return _entries(options, self._source.name, roles["train"].count, roles["adapt"].count)

    def load(self) -> StudyData:
        """Read everything into memory.

        Raises:
            UsageError: a split or field is missing.
        """
        form = Form(("image", "label"), self._domains.size)
        arrays = {
            role: load_arrays(part.dataset, part.split, form, select=part.select)
            for role, part in self._parts().items()
        }
        images = {role: Images(found["image"], found["label"]) for role, found in arrays.items()}
        source = Labelled(images["train"], images["train watch"])
        target = Labelled(images["adapt"], images["validation"])
        test = TestImages(arrays["test"]["key"], arrays["test"]["image"], arrays["test"]["label"])
        names = self._space.names
        build = _digits_network(self._domains.size, len(names))
        return StudyData(lambda _: source, self._source.name, target, test, names, _ACCURACY, build)

    def write_examples(self, folder: Path, data: StudyData) -> None:
        """Write a few images of each domain, a list of them, and the test images."""
        listed = []
        for domain, role in (("source", "train"), ("target", "adapt")):
            part = self._parts()[role]
            listed += write_examples(folder, domain, part.dataset, part.split, stored_colours(part.dataset))
        write_test_images(folder, data.test.pixels)
        write_json(folder / EXAMPLES_NAME, listed)

    def colours(self) -> list[tuple[int, int, int]]:
        """Of each class."""
        return [entry.colour for entry in self._space.classes]

    def _parts(self) -> dict[str, _Part]:
        domains, source, target = self._domains, self._source, self._target
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


def _entries(options: StudyOptions, synthetic: str, synthetic_images: int, real_images: int) -> tuple[Entry, ...]:
    return in_order(
        main_entry(name, synthetic, synthetic_images, real_images, options.seeds) for name in options.methods
    )


def _digits_network(size: tuple[int, int], classes: int) -> Callable[[BatchNorm], Network]:
    return lambda mode: Network(digits.build(size, classes), digits.FEATURES, mode)


def _points_network(mode: BatchNorm) -> Network:
    return Network(points.build(3, 2), points.FEATURES, mode, points.domain_head)


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
