"""Cityscapes: street scenes of 50 cities with fine or coarse labels (Cordts et al., CVPR 2016).

The root is the folder that holds `leftImg8bit/` and `gtFine/`, or the official zip files, or both; the archives are
read as they are. What the set itself gets wrong, and what becomes of it:

* The labels of `test` are dummies. Such samples are noted; a score on them means nothing.
* The train_extra image `troisdorf_000000_000073` is announced as corrupt: it is left out and named in the findings.
* License plates have the id -1, which the official tool does not draw: no pixel of a labelIds file carries it.
* Where the calibration counts pixels from is not documented; its numbers are taken as they stand, so that the optical
  centre may be half a pixel off the convention of `camera/intrinsics`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from datasets.cityscapes_files import SPLIT_FOLDERS, SplitFiles, file_endings, list_split
from datasets.cityscapes_frames import read_frame
from datasets.errors import UsageError
from datasets.file_tree import FileTree
from datasets.fingerprint import fingerprint_items
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, read_each

ImageType = Literal["leftImg8bit", "leftImg8bit_blurred", "rightImg8bit"]
LabelType = Literal["gtFine", "gtCoarse", "none"]

_LABELLED = {
    "gtFine": ("train", "validation", "test"),
    "gtCoarse": ("train", "validation", "train_extra"),
    "none": tuple(SPLIT_FOLDERS),
}
_CORRUPT = frozenset({"troisdorf_000000_000073"})
_EXTRAS = ("disparity", "calibration", "vehicle")


@dataclass(frozen=True)
class Cityscapes:
    """The set in its official layout, unpacked or zipped.

    Attributes:
        root: the folder that holds `leftImg8bit/` and `gtFine/`, or the official zip files, or both.
        splits: which of `train`, `validation`, `test` and `train_extra` to give.
        image: which pictures: `leftImg8bit`, `leftImg8bit_blurred` (faces and plates blurred) or `rightImg8bit`.
        labels: `gtFine`, `gtCoarse`, or `none` for pictures alone.
    """

    root: Path
    splits: tuple[str, ...] = ("train", "validation", "test")
    image: ImageType = "leftImg8bit"
    labels: LabelType = "gtFine"

    version = "1.0.0"
    licence = "Cityscapes terms: research and testing only, no redistribution, converted labels included."

    def __post_init__(self) -> None:
        for option, value, kind in (("image", self.image, ImageType), ("labels", self.labels, LabelType)):
            if value not in get_args(kind):
                raise UsageError(f"Cityscapes has no {option} {value!r}; there are {', '.join(get_args(kind))}")
        if self.image == "rightImg8bit" and self.labels != "none":
            raise UsageError("Cityscapes' labels are drawn on the left image; rightImg8bit goes with labels 'none'")
        unknown = [split for split in self.splits if split not in _LABELLED[self.labels]]
        if unknown:
            has = ", ".join(_LABELLED[self.labels])
            raise UsageError(f"Cityscapes with labels {self.labels!r} has no split {unknown[0]!r}; there are {has}")

    @property
    def name(self) -> str:
        """Of the data set; other pictures or labels make another set."""
        labels = {"gtFine": "", "gtCoarse": "_coarse", "none": "_unlabelled"}[self.labels]
        return "cityscapes" + self.image.removeprefix("leftImg8bit").replace("rightImg8bit", "_right") + labels

    @property
    def about(self) -> str:
        """One paragraph for the data set's description."""
        labels = {"gtFine": "fine labels", "gtCoarse": "coarse labels", "none": "no labels"}[self.labels]
        return (
            f"Cityscapes: street scenes of 50 cities, {self.image}, {labels}. Instance maps as delivered: "
            f"id * 1000 + n for countable objects, the plain id for all else. Disparity: (p - 1) / 256 pixels."
        )

    @cached_property
    def schema(self) -> Schema:
        """Fields of every sample; what the set has in packages of its own is there when every frame has it."""
        files = self._list()
        columns = [Column("image", (None, None, 3))]
        if self.labels != "none":
            columns.append(Column("semantic", (None, None, 1), "cityscapes_ids"))
            if any(split.names["instance"] for split in files.values()):
                columns.append(Column("instance", (None, None, 1)))
        complete = {kind for kind in self._extras if not any(split.lacking(kind) for split in files.values())}
        if "disparity" in complete:
            columns.append(Column("disparity", (None, None, 1)))
        if "calibration" in complete:
            columns += [Column("calibration"), Column("camera.intrinsics")]
        if "vehicle" in complete:
            columns.append(Column("vehicle"))
        return Schema.of(*columns)

    def plan(self) -> Plan:
        """List the frames of the splits, and what is missing or left over."""
        files = self._list()
        frames = [(key, split) for split, listed in files.items() for key in listed.keys if key not in _CORRUPT]
        items = tuple(self._item(key, split, files[split]) for key, split in frames)
        return Plan(
            items,
            SPLIT_FOLDERS,
            fingerprint_items(items),
            {kind: names for kind, names in self._findings(files) if names},
            {"splits": list(self.splits), "image": self.image, "labels": self.labels},
        )

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """Reading holds the archives open, where there are any."""
        with closing(FileTree(self.root)) as tree:
            yield read_each(lambda item: read_frame(tree, item, self.schema))

    @cached_property
    def _tree(self) -> FileTree:
        return FileTree(self.root)

    @property
    def _extras(self) -> tuple[str, ...]:
        return tuple(kind for kind in _EXTRAS if kind != "disparity" or self.image != "rightImg8bit")

    def _list(self) -> dict[str, SplitFiles]:
        endings = file_endings(self.image, self.labels)
        files = {split: list_split(self._tree, split, endings) for split in self.splits}
        for split, listed in files.items():
            labelled = self.labels == "none" or any(listed.names[k] for k in ("semantic", "instance", "polygons"))
            lacking = self.image if not listed.keys else None if labelled else self.labels
            if lacking:
                raise UsageError(
                    f"{self.root} holds no {lacking} files of split {split!r}: wanted {lacking}/{SPLIT_FOLDERS[split]}/"
                    f"CITY/..., unpacked or in an official zip file. Put it there, or name other splits"
                )
        return files

    def _item(self, key: str, split: str, files: SplitFiles) -> Item:
        wanted = {"polygons", *self.schema.paths}
        facts = {kind: names[key] for kind, names in files.names.items() if kind in wanted and key in names}
        if "semantic" in facts:
            facts.pop("polygons", None)  # they hold nothing more
        return Item(key, split, facts["image"], sum(map(self._tree.size, facts.values())), facts)

    def _findings(self, files: Mapping[str, SplitFiles]) -> Iterator[tuple[str, tuple[str, ...]]]:
        splits = files.values()
        yield "files that are no image of the set", tuple(name for split in splits for name in split.strangers)
        yield "labels without an image", tuple(name for split in splits for name in split.orphans())
        yield "images that the set calls corrupt, left out", tuple(k for s in splits for k in s.keys if k in _CORRUPT)
        for kind in self._extras:
            lacking = tuple(key for split in splits for key in split.lacking(kind))
            if kind not in self.schema and any(split.names[kind] for split in splits):
                yield f"frames without {kind}, which is therefore left out of all", lacking
