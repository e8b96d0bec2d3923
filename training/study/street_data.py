"""The data of the street study: rendered and photographed scenes with a class for every pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.labels import IGNORE, LabelSpace
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm, Images
from training.files import write_json
from training.inputs.decoding import label_space, label_table
from training.inputs.form import Form
from training.inputs.reading import load_arrays, read_split
from training.inputs.selection import held_out, not_held_out
from training.metrics.conventions import convention_of
from training.networks import street
from training.provenance import identity
from training.study.data import Labelled, StudyData, TestImages, held_in_memory
from training.study.domains import StreetDomains
from training.study.entries import Entry
from training.study.examples import Colours, write_examples, write_test_images
from training.study.options import StudyOptions
from training.study.parts import WATCH_SEED, Part, last_keys
from training.study.reading import EXAMPLES_NAME
from training.study.rendered_sets import changed_options, open_ablated
from training.study.street_entries import Ablation, street_entries

_LEAST_HELD_OUT = 4
_READ_OPTIONS = (
    "size", "label_space", "train_split", "target_split", "test_split", "source_watch_share", "target_watch_share",
)  # fmt: skip


class StreetSource:
    """Rendered sets, a real one, and perhaps another real one.

    Args:
        domains: the options of the study.

    Raises:
        UsageError: a data set has no label maps, or there is no way from its classes to the wanted ones.
    """

    def __init__(self, domains: StreetDomains) -> None:
        self._domains = domains
        self._synthetic, self._real = Dataset.open(domains.synthetic), Dataset.open(domains.real)
        self._other = Dataset.open(domains.other_real) if domains.other_real else None
        self._ablated = dict(open_ablated(word) for word in domains.ablations)
        self._sets = {found.name: found for found in (self._synthetic, *self._ablated.values())}
        if len(self._sets) < 1 + len(self._ablated) or len(self._ablated) < len(domains.ablations):
            raise UsageError("the synthetic set and those of ablations must all differ in name and factor")
        self._space: LabelSpace = label_space(self._real, "semantic", domains.label_space)
        for found in (*self._sets.values(), *([self._other] if self._other else [])):
            label_space(found, "semantic", domains.label_space)  # refuses one that has no way there

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        return {"source": "synthetic", "target": "real", "members": "images"}

    def facts(self) -> dict[str, Any]:
        """What the numbers depend on besides method and seed: the data by fingerprint, and how they are read."""
        options = asdict(self._domains)
        further = {factor: identity(found) for factor, found in self._ablated.items()}
        return {
            **self._shared_facts(),
            "source": identity(self._synthetic),
            "ablations": further,
            "splits": {role: part.split for role, part in self._parts.items()},
            "examples": {role: part.count for role, part in self._parts.items()},
            "options": {
                name: value for name, value in options.items()
                if name not in ("synthetic", "real", "other_real", "ablations")
            },
        }  # fmt: skip

    def row_facts(self, entry: Entry) -> dict[str, Any]:
        """The sets that an entry has to do with; further ablations leave other rows as they are."""
        options = asdict(self._domains)
        return {
            **self._shared_facts(),
            "source": identity(self._sets[entry.synthetic or self._synthetic.name]),
            "options": {name: options[name] for name in _READ_OPTIONS},
        }

    def entries(self, options: StudyOptions) -> tuple[Entry, ...]:
        """The whole grid.

        Raises:
            UsageError: also where too few images are held out.
        """
        self._refuse_few_held_out()
        learnt, adapted = self._parts["train"].count, self._parts["adapt"].count
        ablations = [self._ablation(factor, found, learnt) for factor, found in self._ablated.items()]
        return street_entries(options, self._domains, self._synthetic.name, learnt, adapted, ablations)

    def load(self) -> StudyData:
        """Read what all rows need; the sets of ablations are read when their rows come.

        Raises:
            UsageError: a split or field is missing.
        """
        parts, names = self._parts, self._space.names
        target = Labelled(self._images(parts["adapt"]), self._images(parts["validation"]))
        other = None
        if self._other is not None:
            other = self._test_images(Part(self._other, self._domains.other_test_split))
        return StudyData(
            held_in_memory(self._load_source, self._sets),
            self._synthetic.name,
            target,
            self._test_images(parts["test"]),
            names,
            convention_of(self._space.name).name,
            build_network(self._domains.size, len(names)),
            other,
        )

    def write_examples(self, folder: Path, data: StudyData) -> None:
        """Write a few images of each domain in the colours of the study's classes, a list of them, and test images."""
        listed = []
        for domain, role in (("source", "train"), ("target", "adapt")):
            part = self._parts[role]
            listed += write_examples(folder, domain, part.dataset, part.split, self._colours_of(part.dataset))
        write_test_images(folder, data.test.pixels)
        write_json(folder / EXAMPLES_NAME, listed)

    def colours(self) -> list[tuple[int, int, int]]:
        """Of each class."""
        return [entry.colour for entry in self._space.classes]

    @cached_property
    def _parts(self) -> dict[str, Part]:
        domains = self._domains
        learnt, watched = (choose(domains.source_watch_share, WATCH_SEED) for choose in (not_held_out, held_out))
        last = last_keys(self._real, domains.target_split, domains.target_watch_share)
        return {
            "train": Part(self._synthetic, domains.train_split, learnt),
            "train watch": Part(self._synthetic, domains.train_split, watched),
            "adapt": Part(self._real, domains.target_split, lambda keys: ~last(keys)),
            "validation": Part(self._real, domains.target_split, last),
            "test": Part(self._real, domains.test_split),
        }

    def _shared_facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {"target": identity(self._real)}
        if self._other is not None:
            found["other_real"] = {**identity(self._other), "split": self._domains.other_test_split}
        return found

    def _refuse_few_held_out(self) -> None:
        watch = self._parts["train watch"]
        parts = [(f"{name!r}: source_watch_share", replace(watch, dataset=found)) for name, found in self._sets.items()]
        for name, part in [*parts, (f"{self._real.name!r}: target_watch_share", self._parts["validation"])]:
            if part.count < _LEAST_HELD_OUT:
                told = f"data set {name} holds out {part.count} images; wanted at least {_LEAST_HELD_OUT}"
                raise UsageError(f"{told}, by which domains are told apart")

    def _ablation(self, factor: str, dataset: Dataset, learnt: int) -> Ablation:
        count = Part(dataset, self._domains.train_split, self._parts["train"].select).count
        return Ablation(factor, dataset.name, min(count, learnt), changed_options(self._synthetic, dataset))

    def _load_source(self, name: str) -> Labelled:
        parts = (self._parts[role] for role in ("train", "train watch"))
        learnt, watch = (self._images(Part(self._sets[name], part.split, part.select)) for part in parts)
        return Labelled(learnt, watch)

    def _images(self, part: Part) -> Images:
        form = Form(("image", "semantic"), self._domains.size, label_space=self._domains.label_space)
        arrays = load_arrays(part.dataset, part.split, form, select=part.select)
        return Images(arrays["image"], arrays["semantic"])

    def _test_images(self, part: Part) -> TestImages:
        """Images at the network's size, labels at their own."""
        form = Form(
            ("image", "semantic"), self._domains.size, resize_labels=False, label_space=self._domains.label_space
        )
        rows = list(read_split(part.dataset, part.split, form).as_numpy_iterator())
        sizes = np.array([row["semantic"].shape for row in rows])
        labels = np.full((len(rows), *sizes.max(axis=0)), IGNORE, np.uint8)
        for place, row in enumerate(rows):
            labels[place, : sizes[place, 0], : sizes[place, 1]] = row["semantic"]
        keys = np.array([row["key"] for row in rows])
        return TestImages(keys, np.stack([row["image"] for row in rows]), labels, sizes)

    def _colours_of(self, dataset: Dataset) -> Colours:
        table = label_table(dataset, "semantic", self._domains.label_space)
        by_index = np.zeros((256, 3), np.uint8)
        by_index[: len(self._space)] = self.colours()
        return lambda ids: by_index[table[ids]]


def build_network(size: tuple[int, int], classes: int) -> Callable[[BatchNorm], Network]:
    """The network of all rows."""
    return lambda mode: Network(street.build(size, classes), street.FEATURES, mode)
