"""Catalogues: YAML files that say what the models of a pack are, how large in reality, and which way up.

name: street_things
folder: packs/street          # below the folder of assets that the user names
label_space: things           # of `datasets.labels`; classes are named from it
licence: CC0-1.0
source: https://example.org/pack
up: y                         # the file's axes; every asset may state its own
front: z
assets:
  - {file: bench.glb, class: furniture, height_m: 0.85}
  - {file: road.glb, class: road, unit_m: 4.0}
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from datasets.errors import UsageError
from datasets.labels import LABEL_SPACES, LabelSpace
from rendering.assets.asset import Asset, load_asset
from rendering.assets.files import READERS
from rendering.assets.recipes import AXES

CATALOGUE_FOLDER = Path(__file__).parent / "catalogues"
"""Catalogues that come along; the models themselves do not."""

OWN_CATALOGUE = "catalogue.yaml"
"""The name that a catalogue has in a user's own folder of assets."""

_BACKGROUND_NAMES = ("background", "unlabeled", "void")
_LARGEST_BYTES = 4 * 2**20
_KEYS: dict[str, type] = {"name": str, "folder": str, "label_space": str, "licence": str, "source": str, "up": str,
                          "front": str, "assets": list}  # fmt: skip
_ASSET_KEYS: dict[str, Any] = {"file": str, "class": str, "height_m": (int, float), "unit_m": (int, float), "up": str,
                               "front": str}  # fmt: skip


@dataclass(frozen=True)
class CatalogueEntry:
    """One model of a catalogue; exactly one of `height_m` and `unit_m` says how large it is.

    Attributes:
        file: relative to the catalogue's folder.
        class_id: id of its class in the catalogue's label space.
        height_m: its height in reality.
        unit_m: how many metres one unit of the file is.
        up: the direction that is up in the file.
        front: the direction in which its front looks.
    """

    file: str
    class_id: int
    height_m: float | None
    unit_m: float
    up: str = "y"
    front: str = "z"


@dataclass(frozen=True)
class Catalogue:
    """The models of one pack.

    Attributes:
        name: of the catalogue.
        folder: where the files lie, relative to the folder of assets.
        label_space: the name of the space that the classes belong to.
        licence: SPDX identifier of what the pack's author allows.
        source: where the pack is from.
        entries: the models.
    """

    name: str
    folder: str
    label_space: str
    licence: str
    source: str
    entries: tuple[CatalogueEntry, ...]

    def load(self, entry: CatalogueEntry, assets_folder: str | Path) -> Asset:
        """The asset of an entry.

        Raises:
            UsageError: its file cannot be read.
        """
        return _load(f"{assets_folder}/{self.folder}", self.name, entry)


def read_catalogue(path: str | Path) -> Catalogue:
    """A catalogue from its file.

    Raises:
        UsageError: the file is missing, no YAML, or a key, type, class or path is wrong; the message says which.
    """
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"catalogue '{path}': {error.strerror}") from None
    if len(text) > _LARGEST_BYTES:
        raise UsageError(f"catalogue '{path}': {len(text):,} bytes are too many for a catalogue")
    if b"&" in text and b"*" in text and _has_aliases(text, path):
        raise UsageError(f"catalogue '{path}': aliases are not read; write values out")
    try:
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"catalogue '{path}': it is not YAML: {error}") from None
    where = f"catalogue '{path}'"
    _check_keys(where, tree, _KEYS, ("label_space", "licence", "assets"))
    space = tree["label_space"]
    if space not in LABEL_SPACES:
        raise UsageError(f"{where}: label_space {space!r} does not exist{_suggestion(space, LABEL_SPACES)}")
    _check_background(where, LABEL_SPACES[space])
    folder = str(tree.get("folder", "."))
    _check_inside(where, folder)
    classes = {row.name: row.id for row in LABEL_SPACES[space].classes if row.id > 0}
    entries = tuple(_entry(f"{where}: assets[{i}]", row, tree, classes) for i, row in enumerate(tree["assets"]))
    files = [entry.file for entry in entries]
    twice = sorted({file for file in files if files.count(file) > 1})
    if twice or not files:
        raise UsageError(f"{where}: " + (f"{twice[0]!r} is listed twice" if twice else "it lists no assets"))
    return Catalogue(str(tree.get("name", path.stem)), folder, space, tree["licence"], tree.get("source", ""), entries)


def find_catalogues(assets_folder: str | Path, wanted: Sequence[str] = ()) -> tuple[Catalogue, ...]:
    """The catalogues that apply to a user's folder of assets.

    Args:
        assets_folder: what the user named.
        wanted: names of catalogues that come along, or paths of files; by default the folder's own
            `catalogue.yaml`, else all that come along and whose pack lies in the folder.

    Raises:
        UsageError: the folder does not exist, nothing applies, or a catalogue cannot be read.
    """
    root = Path(assets_folder)
    if not root.is_dir():
        raise UsageError(f"assets folder '{root}' does not exist or is no folder")
    shipped = {path.stem: path for path in sorted(CATALOGUE_FOLDER.glob("*.yaml"))}
    if wanted:
        return tuple(read_catalogue(shipped.get(name, name)) for name in wanted)
    if (root / OWN_CATALOGUE).is_file():
        return (read_catalogue(root / OWN_CATALOGUE),)
    found = [read_catalogue(path) for path in shipped.values()]
    present = tuple(catalogue for catalogue in found if (root / catalogue.folder).is_dir())
    if not present:
        raise UsageError(
            f"assets folder '{root}' has no {OWN_CATALOGUE} and none of the packs {', '.join(shipped)}; write a "
            "catalogue: `rendering/assets/catalogue.py` shows one"
        )
    return present


@lru_cache(maxsize=2048)  # like the files, which are read once a process; a street asks for hundreds
def _load(folder: str, pack: str, entry: CatalogueEntry) -> Asset:
    name = f"{pack}/{Path(entry.file).stem}"
    size = {"height_m": entry.height_m, "unit_m": entry.unit_m}
    return load_asset(Path(folder, entry.file), entry.class_id, name, up=entry.up, front=entry.front, **size)


def _check_background(where: str, space: LabelSpace) -> None:
    """Pixels of no object get id 0, which must not be the id of a thing."""
    names = [row.name for row in space.classes if row.id == 0]
    if 0 not in space.ignored and (not names or names[0] not in _BACKGROUND_NAMES):
        raise UsageError(
            f"{where}: label space {space.name!r} has no background of id 0, which rendered scenes need; "
            f"its id 0 is {names[0] if names else 'unused'!r}"
        )


def _entry(where: str, row: Any, defaults: Mapping[str, Any], classes: Mapping[str, int]) -> CatalogueEntry:
    _check_keys(where, row, _ASSET_KEYS, ("file", "class"))
    where = f"{where} ({row['file']})"
    _check_inside(where, row["file"])
    if PurePosixPath(row["file"]).suffix.lower() not in READERS:
        raise UsageError(f"{where}: files of this kind are not read; there are {', '.join(READERS)}")
    if row["class"] not in classes:
        raise UsageError(
            f"{where}: {defaults['label_space']!r} has no class {row['class']!r}{_suggestion(row['class'], classes)}"
        )
    if ("height_m" in row) == ("unit_m" in row):
        raise UsageError(f"{where}: give either height_m or unit_m")
    size = float(row.get("height_m", row.get("unit_m")))
    if not 0 < size < 1e6:
        raise UsageError(f"{where}: height_m and unit_m must be above 0, got {size}")
    up, front = row.get("up", defaults.get("up", "y")), row.get("front", defaults.get("front", "z"))
    if up not in AXES or front not in AXES or up[-1] == front[-1]:
        raise UsageError(f"{where}: up and front must be two different axes of {', '.join(AXES)}, got {up} and {front}")
    height_m, unit_m = (size, 1.0) if "height_m" in row else (None, size)
    return CatalogueEntry(row["file"], classes[row["class"]], height_m, unit_m, up, front)


def _check_keys(where: str, row: Any, known: Mapping[str, Any], needed: Sequence[str]) -> None:
    if not isinstance(row, dict):
        raise UsageError(f"{where}: must be a mapping of {', '.join(known)}, got {type(row).__name__}")
    for key, value in row.items():
        if key not in known:
            raise UsageError(f"{where}: unknown key {key!r}{_suggestion(str(key), known)}")
        if not isinstance(value, known[key]) or isinstance(value, bool):
            wanted = "a number" if known[key] == (int, float) else {str: "text", list: "a list"}[known[key]]
            raise UsageError(f"{where}: {key} must be {wanted}, got {value!r}")
    missing = [key for key in needed if key not in row]
    if missing:
        raise UsageError(f"{where}: {missing[0]} is missing")


def _check_inside(where: str, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name:
        raise UsageError(f"{where}: {name!r} leads out of the folder of assets")


def _suggestion(word: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"


def _has_aliases(text: bytes, path: Path) -> bool:
    """Whether the YAML refers to itself, which lets a small file grow without limit."""
    try:
        return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text))
    except yaml.YAMLError:
        return False
