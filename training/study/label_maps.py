"""Images with a class for every pixel, as studies read them: sized for the network, classes in one label space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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
from training.metrics.conventions import convention_of
from training.networks import street
from training.study.data import Labelled, StudyData, TestImages
from training.study.examples import Colours, write_examples, write_test_images
from training.study.parts import Part
from training.study.reading import EXAMPLES_NAME

_LEAST_HELD_OUT = 4


class LabelMaps:
    """Reads parts of data sets whose classes are looked up in one space.

    Args:
        sets: all data sets of a study; the first one's own label space is the one of all where none is named.
        size: height and width that images are resized to for the network.
        space: name of the label space.

    Attributes:
        space: the label space.

    Raises:
        UsageError: a data set has no label maps, or there is no way from its classes to the wanted ones.
    """

    def __init__(self, sets: Sequence[Dataset], size: tuple[int, int], space: str | None) -> None:
        self._size = size
        self.space: LabelSpace = label_space(sets[0], "semantic", space)
        self._name = space or self.space.name
        for found in sets[1:]:
            label_space(found, "semantic", self._name)  # refuses one that has no way there

    @property
    def colours(self) -> list[tuple[int, int, int]]:
        """Of each class."""
        return [entry.colour for entry in self.space.classes]

    def images(self, part: Part) -> Images:
        """Images and labels at the network's size."""
        form = Form(("image", "semantic"), self._size, label_space=self._name)
        arrays = load_arrays(part.dataset, part.split, form, select=part.select)
        return Images(arrays["image"], arrays["semantic"])

    def labelled(self, learnt: Part, watched: Part) -> Labelled:
        """Images to learn from and those held out."""
        return Labelled(self.images(learnt), self.images(watched))

    def test_images(self, part: Part) -> TestImages:
        """Images at the network's size, labels at their own."""
        form = Form(("image", "semantic"), self._size, resize_labels=False, label_space=self._name)
        rows = list(read_split(part.dataset, part.split, form, select=part.select).as_numpy_iterator())
        sizes = np.array([row["semantic"].shape for row in rows])
        labels = np.full((len(rows), *sizes.max(axis=0)), IGNORE, np.uint8)
        for place, row in enumerate(rows):
            labels[place, : sizes[place, 0], : sizes[place, 1]] = row["semantic"]
        keys = np.array([row["key"] for row in rows])
        return TestImages(keys, np.stack([row["image"] for row in rows]), labels, sizes)

    def study_data(
        self, source: Callable[[str], Labelled], name: str, parts: Mapping[str, Part], other: Part | None = None
    ) -> StudyData:
        """Everything that rows are trained and scored on.

        Args:
            source: gives the labelled source images by the name of the set.
            name: of the set that all entries learn from but ablations.
            parts: `adapt`, `validation` and `test`, of the target.
            other: of another real set, scored besides.
        """
        return StudyData(
            source,
            name,
            self.labelled(parts["adapt"], parts["validation"]),
            self.test_images(parts["test"]),
            self.space.names,
            convention_of(self.space.name).name,
            self._network,
            None if other is None else self.test_images(other),
        )

    def write_examples(self, folder: Path, parts: Mapping[str, Part], test: TestImages) -> None:
        """Write a few images of each domain in the colours of the classes, a list of them, and the test images.

        Args:
            folder: where to.
            parts: `train` and `adapt`.
            test: what rows are scored on.
        """
        listed = []
        for domain, role in (("source", "train"), ("target", "adapt")):
            part = parts[role]
            listed += write_examples(folder, domain, part.dataset, part.split, self._colours_of(part.dataset))
        write_test_images(folder, test.pixels)
        write_json(folder / EXAMPLES_NAME, listed)

    def _network(self, mode: BatchNorm) -> Network:
        """The network of all rows."""
        return Network(street.build(self._size, len(self.space)), street.FEATURES, mode)

    def _colours_of(self, dataset: Dataset) -> Colours:
        table = label_table(dataset, "semantic", self._name)
        by_index = np.zeros((256, 3), np.uint8)
        by_index[: len(self.space)] = self.colours
        return lambda ids: by_index[table[ids]]


def refuse_few_held_out(parts: Mapping[str, Part]) -> None:
    """Refuse parts, by the option that sizes each, that are too small for domains to be told apart by them.

    Raises:
        UsageError: there are fewer than four images.
    """
    for option, part in parts.items():
        if part.count < _LEAST_HELD_OUT:
            raise UsageError(
                f"data set {part.dataset.name!r}: {option} holds out {part.count} images; wanted at least "
                f"{_LEAST_HELD_OUT}, by which domains are told apart"
            )
