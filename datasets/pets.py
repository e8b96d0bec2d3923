"""Oxford-IIIT Pets: photographs of 37 breeds with trimaps and head boxes.

Layout and terms: annotations/README of the set (Parkhi et al., Cats and Dogs, CVPR 2012).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import UsageError
from datasets.fingerprint import fingerprint_items
from datasets.labels import LABEL_SPACES
from datasets.pets_boxes import read_head_boxes
from datasets.reading import read_bytes, read_label_map, read_photograph
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, read_each
from datasets.storage import below, files_in, names_in

OFFICIAL_LISTS = {"train": "trainval", "test": "test"}
UNLISTED = "unlisted"
"""The split of photographs that no official list names; converted only when asked for."""

_BREEDS = {name: index for index, name in enumerate(LABEL_SPACES["pets_breed"].names)}


@dataclass(frozen=True)
class Pets:
    """The set in its official layout.

    Attributes:
        root: the folder that holds `images/` and `annotations/`.
        splits: which of `train` (the official trainval), `test` and `unlisted` to give.
    """

    root: Path
    splits: tuple[str, ...] = ("train", "test")

    name = "oxford_iiit_pet"
    version = "1.0.0"
    about = "Oxford-IIIT Pets: photographs of 37 breeds of cats and dogs with trimaps, breeds, species and head boxes."
    licence = "CC BY-SA 4.0 as usually cited; the photographs keep their owners' copyright. Research use."
    schema = Schema.of(
        Column("image", (None, None, 3)),
        Column("semantic", (None, None, 1), "pets_trimap"),
        Column("label", label_space="pets_breed"),
        Column("species", label_space="pets_species"),
        Column("objects.bbox"),
        Column("objects.label", label_space="pets_species"),
    )

    def __post_init__(self) -> None:
        unknown = set(self.splits) - {*OFFICIAL_LISTS, UNLISTED}
        if unknown:
            raise UsageError(f"Pets has no split {sorted(unknown)}; there are train, test and unlisted")
        for part in ("images", "annotations/trimaps", *(f"annotations/{n}.txt" for n in OFFICIAL_LISTS.values())):
            if not (self.root / part).exists():
                raise UsageError(
                    f"{self.root} is not Oxford-IIIT Pets: {part} is missing. "
                    f"Unpack images.tar.gz and annotations.tar.gz into one folder and name that folder."
                )

    def plan(self) -> Plan:
        """List the photographs of the official lists, and what else lies in the folders."""
        listed = {split: _read_list(self.root / f"annotations/{name}.txt") for split, name in OFFICIAL_LISTS.items()}
        sizes = files_in(self.root, "images")
        photographs, junk = self._look_around(sizes)
        listed[UNLISTED] = sorted(photographs - {name for names in listed.values() for name in names})
        items = tuple(_item(name, split, sizes) for split in self.splits for name in listed[split])
        boxes = names_in(self.root, "annotations/xmls")
        without_box = [name for name in listed["train"] if f"{name}.xml" not in boxes]
        findings = {
            "photographs in no official list": () if UNLISTED in self.splits else tuple(listed[UNLISTED]),
            "files that are no photograph or label": tuple(junk),
            "train photographs without a head box": tuple(without_box) if "train" in self.splits else (),
        }
        return Plan(
            items,
            {**OFFICIAL_LISTS, UNLISTED: "in no official list"},
            fingerprint_items(items),
            {kind: names for kind, names in findings.items() if names},
            {"splits": list(self.splits)},
        )

    def open_reader(self) -> AbstractContextManager[Reader]:
        """Reading needs nothing to be held open."""
        return nullcontext(read_each(self.read))

    def read(self, item: Item) -> Sample:
        """Read one photograph with its labels.

        Raises:
            BadSample: a file is missing or damaged.
            ValueError: photograph and trimap differ in size.
        """
        trimap_name = f"annotations/trimaps/{item.key}.png"
        image, notes = read_photograph(read_bytes(below(self.root, item.file), item.file), item.file)
        semantic, label_notes = read_label_map(read_bytes(below(self.root, trimap_name), trimap_name), trimap_name)
        breed = item.key.rpartition("_")[0]
        species = 0 if breed[0].isupper() else 1
        box_name = f"annotations/xmls/{item.key}.xml"
        objects, box_notes = read_head_boxes(below(self.root, box_name), box_name, image.height, image.width, species)
        return Sample(
            key=item.key,
            file_name=item.file,
            image=image,
            semantic=semantic,
            label=_BREEDS[breed],
            species=species,
            objects=objects,
            notes=notes + label_notes + box_notes,
        )

    def _look_around(self, sizes: Mapping[str, int]) -> tuple[set[str], list[str]]:
        """Names of all photographs, and every file beside them that is none."""
        photographs = {name for name in sizes if name.endswith(".jpg") and name[0] != "."}
        junk = [f"images/{name}" for name in sizes.keys() - photographs]
        known = {"README", "list.txt", "trainval.txt", "test.txt"}
        junk += [f"annotations/{name}" for name in names_in(self.root, "annotations") if name not in known]
        junk += [f"annotations/trimaps/{name}" for name in names_in(self.root, "annotations/trimaps") if name[0] == "."]
        return {name.removesuffix(".jpg") for name in photographs}, sorted(junk)


def _item(name: str, split: str, sizes: Mapping[str, int]) -> Item:
    breed = name.rpartition("_")[0]
    if breed not in _BREEDS:
        raise UsageError(f"{name!r} in the list of split {split!r} does not begin with one of the 37 breeds")
    return Item(name, split, f"images/{name}.jpg", sizes.get(f"{name}.jpg", 0))


def _read_list(path: Path) -> list[str]:
    """Names of an official list: `name CLASS-ID SPECIES BREED-ID` a line, comments with `#`.

    Class and species are checked against the name: classes are numbered by breed in the order of the 37 names.
    Copies of the set with fewer breeds number fewer classes, so only the species number must agree.
    """
    names: list[str] = []
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        row = line.split()
        if not row or row[0].startswith("#"):
            continue
        if len(row) != 4 or not all(value.isdigit() for value in row[1:]):
            raise UsageError(f"{path}, line {number}: wanted 'name class species breed', got {line.strip()!r}")
        if (row[2] == "1") != row[0][0].isupper():
            raise UsageError(
                f"{path}, line {number}: {row[0]!r} is listed as species {row[2]}, its name says otherwise"
            )
        names.append(row[0])
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"{path}: {twice!r} is listed twice")
    return names
