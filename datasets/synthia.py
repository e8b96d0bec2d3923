"""SYNTHIA: rendered street scenes with class, object and depth of every pixel (Ros et al., CVPR 2016).

Five subsets are laid out in five ways; the table below has them. None has official splits: all goes to `train`.
Depth is stored in metres; what lies at or beyond 655.35 m is infinite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from datasets.errors import BadSample, UsageError
from datasets.file_tree import FileTree
from datasets.fingerprint import fingerprint_items
from datasets.labels import LABEL_SPACES
from datasets.reading import blaming, read_photograph
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, read_each
from datasets.synthia_labels import Truth, holds_instances, read_depth_m, read_text_truth, read_truth

Subset = Literal["rand_cityscapes", "seqs", "sf", "rand", "al"]
Side = Literal["Left", "Right"]
Direction = Literal["F", "B", "L", "R"]


@dataclass(frozen=True)
class Layout:
    """Where a subset keeps its files, below the root or below each of its sequences.

    Attributes:
        title: of the subset.
        space: label space of its classes.
        images: folder of the pictures.
        labels: folders of the ground truth, the best first; the file of a frame is taken from the first that has it.
        depth: folder of the depth, None where it is not in centimetres.
    """

    title: str
    space: str
    images: str
    labels: tuple[str, ...]
    depth: str | None

    def at(self, side: Side, direction: Direction) -> Layout:
        """The layout of one camera."""
        words = {"side": side, "direction": direction}
        labels = tuple(folder.format(**words) for folder in self.labels)
        depth = self.depth.format(**words) if self.depth else None
        return Layout(self.title, self.space, self.images.format(**words), labels, depth)


LAYOUTS: dict[Subset, Layout] = {
    "rand_cityscapes": Layout("SYNTHIA-RAND-CITYSCAPES", "synthia_rand", "RGB", ("GT/LABELS", "GT/COLOR"), "Depth"),
    "seqs": Layout(
        "SYNTHIA-SEQS",
        "synthia_seqs",
        "RGB/Stereo_{side}/Omni_{direction}",
        ("GT/LABELS/Stereo_{side}/Omni_{direction}", "GT/COLOR/Stereo_{side}/Omni_{direction}"),
        "Depth/Stereo_{side}/Omni_{direction}",
    ),
    "sf": Layout("SYNTHIA-SF", "synthia_rand", "RGB{side}", ("GT{side}",), "Depth{side}"),
    "rand": Layout("SYNTHIA-RAND", "synthia_seqs", "RGB", ("GTTXT", "GT"), None),
    "al": Layout("SYNTHIA-AL", "synthia_seqs", "RGB", ("SemSeg",), None),
}
"""Every subset."""


@dataclass(frozen=True)
class Synthia:
    """One subset in its official layout, unpacked or zipped.

    Attributes:
        root: the folder of the subset, or for those made of sequences the folder that holds the sequences.
        splits: `train`; the set has no other.
        subset: which one: `rand_cityscapes`, `seqs`, `sf`, `rand` or `al`.
        side: which camera of the stereo pair, for `seqs` and `sf`.
        direction: which way it looks, for `seqs`: `F`ront, `B`ack, `L`eft or `R`ight.
        depth: whether to take the depth, where every frame has it.
    """

    root: Path
    splits: tuple[str, ...] = ("train",)
    subset: Subset = "rand_cityscapes"
    side: Side = "Left"
    direction: Direction = "F"
    depth: bool = True

    version = "1.0.0"
    licence = "CC BY-NC-SA 3.0: non-commercial, share alike."

    def __post_init__(self) -> None:
        options = {"subset": Subset, "side": Side, "direction": Direction}
        for option, kind in options.items():
            if getattr(self, option) not in get_args(kind):
                choices = ", ".join(get_args(kind))
                raise UsageError(f"SYNTHIA has no {option} {getattr(self, option)!r}; there are {choices}")
        if tuple(self.splits) != ("train",):
            raise UsageError(f"SYNTHIA has no split but train, got {', '.join(self.splits) or 'none'}")

    @property
    def name(self) -> str:
        """Of the data set; another camera makes another set."""
        camera = {"seqs": f"_{self.side}_{self.direction}", "sf": f"_{self.side}"}.get(self.subset, "")
        return f"synthia_{self.subset}{camera.lower()}"

    @property
    def about(self) -> str:
        """One paragraph for the data set's description."""
        return f"{self._layout.title}: rendered street scenes with the class of every pixel; class ids as delivered."

    @cached_property
    def schema(self) -> Schema:
        """Fields of every frame; objects are there when the labels hold them, depth when every frame has it."""
        files = self._list()
        columns = [Column("image", (None, None, 3)), Column("semantic", (None, None, 1), self._layout.space)]
        first = next((frame["semantic"] for _, frame in sorted(files.items()) if "semantic" in frame), None)
        if first and holds_instances(self._tree.read(first)):
            columns.append(Column("instance", (None, None, 1)))
        if self.depth and all("depth" in frame for frame in files.values()):
            columns.append(Column("depth", (None, None, 1)))
        return Schema.of(*columns)

    def plan(self) -> Plan:
        """List the frames, and what is missing."""
        files = self._list()
        items = [self._item(key, frame) for key, frame in sorted(files.items())]
        some_depth = any("depth" in frame for frame in files.values())
        lacking = tuple(key for key, frame in sorted(files.items()) if "depth" not in frame)
        findings = {
            "frames without labels": tuple(key for key, frame in sorted(files.items()) if "semantic" not in frame),
            "frames without depth, which is therefore left out of all": lacking if some_depth and self.depth else (),
        }
        configuration = {name: getattr(self, name) for name in ("subset", "side", "direction", "depth")}
        return Plan(
            tuple(items),
            {"train": "all frames; the set has no splits"},
            fingerprint_items(items),
            {kind: names for kind, names in findings.items() if names},
            configuration,
        )

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """Reading holds the archives open, where there are any."""
        with closing(FileTree(self.root)) as tree:
            yield read_each(lambda item: self._read(tree, item))

    def _read(self, tree: FileTree, item: Item) -> Sample:
        image, notes = tree.open_as(read_photograph, item.file)
        truth = _read_labels(tree, item, self._layout.space)
        values: dict[str, Any] = {"semantic": truth.semantic, "instance": truth.instance}
        if ("instance" in self.schema) != (truth.instance is not None):
            raise BadSample("these labels and those of the first frame differ in form: one has objects, one has none")
        if "depth" in self.schema:
            with blaming(item.facts["depth"]):
                values["depth"], more = read_depth_m(tree.read(item.facts["depth"]))
            notes += more
        return Sample(key=item.key, file_name=item.file, image=image, notes=notes + truth.notes, **values)

    @cached_property
    def _tree(self) -> FileTree:
        return FileTree(self.root)

    @cached_property
    def _layout(self) -> Layout:
        return LAYOUTS[self.subset].at(self.side, self.direction)

    def _item(self, key: str, frame: dict[str, str]) -> Item:
        facts = {path: name for path, name in frame.items() if path in self.schema}
        return Item(key, "train", facts["image"], sum(map(self._tree.size, facts.values())), facts)

    def _list(self) -> dict[str, dict[str, str]]:
        """By key: the files of each frame. A key is the frame's number, after its sequence where it has one."""
        layout, frames = self._layout, {}
        for place in self._tree.places(layout.images):
            above = place.removesuffix(layout.images)
            labels = [_by_stem(self._tree, above + folder) for folder in layout.labels]
            depth = _by_stem(self._tree, above + layout.depth) if layout.depth else {}
            for stem, name in _by_stem(self._tree, place).items():
                found = {"semantic": next((files[stem] for files in labels if stem in files), None)}
                found["depth"] = depth.get(stem)
                sequence = above.strip("/").replace("/", "_")
                frame = {"image": name, **{path: file for path, file in found.items() if file}}
                frames[f"{sequence}_{stem}" if sequence else stem] = frame
        if not frames:
            raise UsageError(
                f"{self.root} is not {layout.title}: wanted pictures in {layout.images}/, there or one folder below. "
                f"Name the folder that holds it, or another subset"
            )
        return frames


def _read_labels(tree: FileTree, item: Item, space: str) -> Truth:
    name = item.facts.get("semantic")
    if name is None:
        raise BadSample("the frame has no labels")
    data = tree.read(name)
    with blaming(name):
        return read_text_truth(data) if name.endswith(".txt") else read_truth(data, LABEL_SPACES[space])


def _by_stem(tree: FileTree, folder: str) -> dict[str, str]:
    """Files of one folder by their name without its ending; hidden ones and other kinds left out."""
    found: dict[str, str] = {}
    for name in tree.names(folder):
        stem, _, ending = name[len(folder) + 1 :].rpartition(".")
        if ending.lower() in ("png", "txt") and "/" not in stem and not stem.startswith("."):
            found[stem] = name
    return found
