"""Which files of Cityscapes belong to which frame.

Names: `{type}/{split}/{city}/{city}_{sequence:06}_{frame:06}_{type}{ending}` (README of cityscapesScripts).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from datasets.errors import UsageError
from datasets.file_tree import FileTree

SPLIT_FOLDERS = {"train": "train", "validation": "val", "test": "test", "train_extra": "train_extra"}
"""What the set itself calls each split."""

Endings = Mapping[str, tuple[str, str]]
"""By kind of file: the type it lies under, and what follows the type in its name."""


def file_endings(image: str, labels: str) -> Endings:
    """The kinds of files that one frame can have."""
    label_kinds = {
        "semantic": (labels, "_labelIds.png"),
        "instance": (labels, "_instanceIds.png"),
        "polygons": (labels, "_polygons.json"),
    }
    return {
        "image": (image, ".png"),
        **(label_kinds if labels != "none" else {}),
        "disparity": ("disparity", ".png"),
        "calibration": ("camera", ".json"),
        "vehicle": ("vehicle", ".json"),
    }


@dataclass(frozen=True)
class SplitFiles:
    """The files of one split.

    Attributes:
        names: by kind, the file of each frame's key.
        strangers: files among the images that are named like none.
    """

    names: Mapping[str, Mapping[str, str]]
    strangers: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The frames that have an image, sorted."""
        return tuple(sorted(self.names["image"]))

    def lacking(self, kind: str) -> tuple[str, ...]:
        """The frames that have an image and no file of that kind."""
        return tuple(key for key in self.keys if key not in self.names[kind])

    def orphans(self) -> tuple[str, ...]:
        """Label files of frames that have no image."""
        known = self.names["image"]
        return tuple(name for key, name in self.names.get("semantic", {}).items() if key not in known)


def list_split(tree: FileTree, split: str, endings: Endings) -> SplitFiles:
    """Find the files of one split.

    Raises:
        UsageError: one frame has two files of one kind.
    """
    kinds = {value: kind for kind, value in endings.items()}
    names: dict[str, dict[str, str]] = {kind: {} for kind in endings}
    strangers: list[str] = []
    for type_ in dict.fromkeys(type_ for type_, _ in endings.values()):
        pattern = re.compile(rf"(?P<key>[A-Za-z][\w-]*_\d{{6}}_\d{{6}})_{type_}(?P<ending>\w*\.\w+)")
        for place in tree.places(type_):
            for name in tree.names(f"{place}/{SPLIT_FOLDERS[split]}"):
                match = pattern.fullmatch(name.rpartition("/")[2])
                kind = kinds.get((type_, match["ending"])) if match else None
                if match and kind:
                    _add(names[kind], match["key"], name)
                elif kinds.get((type_, ".png")) == "image":
                    strangers.append(name)
    return SplitFiles(names, tuple(sorted(strangers)))


def _add(names: dict[str, str], key: str, name: str) -> None:
    if key in names:
        raise UsageError(f"frame {key!r} has two files of one kind, {names[key]} and {name}; keep one of them")
    names[key] = name
