"""The data of the studies whose images have one class each: digits and MNIST-M."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.labels import LabelSpace
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm, Images
from training.files import write_json
from training.inputs.form import Form
from training.inputs.reading import load_arrays
from training.inputs.selection import held_out, not_held_out
from training.metrics.scoring import ACCURACY
from training.networks import coloured_digits, digits
from training.provenance import identity
from training.study.data import Labelled, StudyData, TestImages
from training.study.domains import ClassificationDomains, DigitsDomains
from training.study.entries import Entry, method_entries
from training.study.examples import stored_colours, write_examples, write_test_images
from training.study.options import StudyOptions
from training.study.parts import WATCH_SEED, Part
from training.study.reading import EXAMPLES_NAME

_SPELT = {"mnist": "MNIST", "mnistm": "MNIST-M"}
_PATHS = ("synthetic", "real", "source", "target")


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
        return method_entries(options, self._source.name, roles["train"].count, roles["adapt"].count)

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
        build = _network_for(self._domains, len(names))
        return StudyData(lambda _: source, self._source.name, target, test, names, ACCURACY, build)

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

    def _parts(self) -> dict[str, Part]:
        domains, source, target = self._domains, self._source, self._target
        share = domains.source_watch_share
        learnt, watched = not_held_out(share, WATCH_SEED), held_out(share, WATCH_SEED)
        if isinstance(domains, DigitsDomains):
            return {
                "train": Part(source, domains.train_split, learnt),
                "train watch": Part(source, domains.train_split, watched),
                "adapt": Part(target, domains.adapt_split),
                "validation": Part(target, domains.validation_split),
                "test": Part(target, domains.test_split),
            }
        kept = domains.target_watch_share
        return {
            "train": Part(source, domains.source_split, learnt),
            "train watch": Part(source, domains.source_split, watched),
            "adapt": Part(target, domains.target_split, not_held_out(kept, WATCH_SEED)),
            "validation": Part(target, domains.target_split, held_out(kept, WATCH_SEED)),
            "test": Part(target, domains.test_split),
        }


def _network_for(domains: ClassificationDomains, classes: int) -> Callable[[BatchNorm], Network]:
    family: Any = digits if isinstance(domains, DigitsDomains) else coloured_digits
    return lambda mode: Network(family.build(domains.size, classes), family.FEATURES, mode)


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
