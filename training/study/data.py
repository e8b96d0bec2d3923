"""The data of a study in memory: both domains, the test images, and the network for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from training.adaptation.methods import METHODS
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm, Images, Task
from training.study.entries import Entry
from training.study.options import StudyOptions


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled images of one set: those to learn from, and those held out for the curves and for selection."""

    images: Images
    watch: Images


@dataclass(frozen=True, eq=False)
class TestImages:
    """Images that rows are scored on.

    Attributes:
        keys: `(n,)` their keys.
        pixels: `(n, height, width, 3)` uint8 as the network takes them, or `(n, numbers)` points.
        labels: `(n,)` dense classes, or `(n, H, W)` uint8 dense label maps at their own sizes, filled up with 255.
        sizes: `(n, 2)` own height and width of each label map; None where labels are no maps.
    """

    __test__ = False  # no test, whatever pytest makes of the name

    keys: np.ndarray
    pixels: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class StudyData:
    """Everything that rows are trained and scored on.

    Attributes:
        source: gives the labelled source images by the name of the set.
        synthetic: name of the set that all entries learn from but ablations.
        target: labelled target images; `task_for` withholds what a method must not know.
        test: of the target.
        other_test: of another real set, scored besides; None for none.
        class_names: by dense index.
        convention: name of the score: `accuracy`, or the convention of the mean IoU.
        build: an untrained network, by its mode of batch normalisation.
    """

    source: Callable[[str], Labelled]
    synthetic: str
    target: Labelled
    test: TestImages
    class_names: tuple[str, ...]
    convention: str
    build: Callable[[BatchNorm], Network]
    other_test: TestImages | None = None

    @property
    def dense(self) -> bool:
        """Whether every pixel has a class."""
        return self.test.sizes is not None

    def task_for(self, entry: Entry, seed: int) -> Task:
        """What an entry is given: its images of both domains, and of the target no label that it must not know."""
        source = self.source(entry.synthetic or self.synthetic)
        use = METHODS[entry.method].target_use
        if use == "labels":
            target = subset(self.target.images, entry.real_images, seed)
        elif use == "images":
            target = self.target.images.without_labels()
        else:
            target = Images(self.target.images.pixels[:0])
        learnt = subset(source.images, entry.synthetic_images, seed)
        return Task(learnt, target, source.watch, self.target.watch, len(self.class_names))

    def measured(self, entry: Entry) -> Task:
        """The task whose held-out images distances are taken between.

        Of a target with label maps these are the test images, without their labels: what is held out for the curves
        is too little, and a distance chooses nothing.
        """
        task = self.task_for(entry, 0)
        return replace(task, target_watch=Images(self.test.pixels)) if self.dense else task

    def class_shares(self) -> dict[str, list[float]]:
        """Share of the labelled pixels, or of the images, that each class has in both domains."""
        parts = {"source": self.source(self.synthetic).images, "target": self.target.images}
        return {domain: shares(images, len(self.class_names)) for domain, images in parts.items()}


class StudySource(Protocol):
    """Where a study's data come from: opened and checked when made, read when `load` is called."""

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        ...

    def facts(self) -> dict[str, Any]:
        """What `study.json` says of the data."""
        ...

    def row_facts(self, entry: Entry) -> dict[str, Any]:
        """What an entry's result depends on besides method and seed: the data by fingerprint, and how they are read."""
        ...

    def entries(self, options: StudyOptions) -> tuple[Entry, ...]:
        """All entries, checked and in order."""
        ...

    def load(self) -> StudyData:
        """Read what all rows need into memory."""
        ...

    def write_examples(self, folder: Path, data: StudyData) -> None:
        """Write pictures for the report."""
        ...

    def colours(self) -> list[tuple[int, int, int]]:
        """Of each class."""
        ...


def subset(images: Images, count: int | None, seed: int) -> Images:
    """The first `count` images in an order that the seed gives: a smaller choice is part of a larger one."""
    if count is None or count >= len(images):
        return images
    chosen = np.sort(np.random.default_rng((seed, 0x5B5E7)).permutation(len(images))[:count])
    return Images(images.pixels[chosen], None if images.labels is None else images.labels[chosen])


def shares(images: Images, classes: int) -> list[float]:
    """Share of each class among the labels that are one."""
    assert images.labels is not None
    labels = images.labels.reshape(-1)
    counts = np.bincount(labels[(labels >= 0) & (labels < classes)], minlength=classes)
    return [float(share) for share in counts / max(int(counts.sum()), 1)]


def held_in_memory(load: Callable[[str], Labelled], names: Mapping[str, Any]) -> Callable[[str], Labelled]:
    """Sets by name, each read once when it is first asked for.

    Raises:
        KeyError: there is no set of that name.
    """
    held: dict[str, Labelled] = {}

    def get(name: str) -> Labelled:
        if name not in names:
            raise KeyError(f"there is no set {name!r}; there are {', '.join(names)}")
        if name not in held:
            held[name] = load(name)
        return held[name]

    return get
