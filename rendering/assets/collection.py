"""The assets that a scene draws from: those built in, or those of catalogues."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from datasets.errors import UsageError
from datasets.labels import LABEL_SPACES
from rendering.assets.asset import Asset
from rendering.assets.catalogue import Catalogue, CatalogueEntry, find_catalogues
from rendering.builtin_assets import LABEL_SPACE, builtin_assets
from rendering.randomisation import Dice

Choice = Asset | tuple[Catalogue, CatalogueEntry]


@dataclass(frozen=True, eq=False)
class Collection:
    """Assets of one label space, by class; files are read when first drawn.

    Attributes:
        label_space: that their class ids belong to.
        folder: where the files of catalogues lie.
        by_class: what there is of each class, by its id.
        licence: what may be done with pictures of them.
    """

    label_space: str
    folder: str
    by_class: dict[int, tuple[Choice, ...]]
    licence: str = "Generated; no rights of others."

    def choose(self, dice: Dice) -> Choice:
        """Any class, each as likely, and of it any asset; takes two numbers."""
        return dice.one_of(self.by_class[dice.one_of(list(self.by_class))])

    def load(self, choice: Choice) -> Asset:
        """What was chosen.

        Raises:
            UsageError: the asset's file cannot be read.
        """
        return choice if isinstance(choice, Asset) else choice[0].load(choice[1], self.folder)

    def draw(self, dice: Dice) -> Asset:
        """`choose` and `load`."""
        return self.load(self.choose(dice))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the listed files' names, sizes and catalogues' rows; wherever they lie."""
        rows = [
            (
                number,
                choice[0].name,
                repr(choice[1]),
                Path(self.folder, choice[0].folder, choice[1].file).stat().st_size,
            )
            for number, choices in sorted(self.by_class.items())
            for choice in choices
            if not isinstance(choice, Asset)
        ]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    @property
    def builtin(self) -> bool:
        """Whether these are the solids that come along, which have no material of their own."""
        return not self.folder


@lru_cache(maxsize=8)
def collect(folder: str | None, catalogues: tuple[str, ...] = (), classes: tuple[str, ...] = ()) -> Collection:
    """The assets to draw from; no file of a model is opened yet.

    Args:
        folder: of assets, for `rendering.assets.catalogue.find_catalogues`; None: what is built in.
        catalogues: which catalogues; by default all that apply.
        classes: names of the classes to draw; by default all that there are.

    Raises:
        UsageError: a class does not exist or nothing is left, catalogues disagree on the label space, a listed file
            is missing, or catalogues are named without a folder.
    """
    if folder is None:
        if catalogues:
            raise UsageError("catalogues need a folder of assets: name it with --assets")
        space, rows = LABEL_SPACE, [(asset.class_id, asset) for asset in builtin_assets()]
        found: Sequence[tuple[int, Choice]] = rows
    else:
        space, found = _listed(folder, catalogues)
    if classes:
        names = {row.name: row.id for row in LABEL_SPACES[space].classes}
        unknown = [name for name in classes if name not in names]
        if unknown:
            raise UsageError(f"label space {space!r} has no class {unknown[0]!r}; there are {', '.join(names)}")
        found = [row for row in found if row[0] in {names[name] for name in classes}]
    if not found:
        raise UsageError(f"no asset is of class {' or '.join(classes)}; leave out some of the choice of classes")
    present = sorted({number for number, _ in found})
    by_class = {number: tuple(choice for one, choice in found if one == number) for number in present}
    packs = {choice[0].name: choice[0] for _, choice in found if not isinstance(choice, Asset)}
    if not packs:
        return Collection(space, "", by_class)
    terms = "; ".join(f"{name}: {pack.licence} {pack.source}".strip() for name, pack in sorted(packs.items()))
    return Collection(space, folder or "", by_class, f"Generated, from models of others: {terms}.")


def _listed(folder: str, catalogues: tuple[str, ...]) -> tuple[str, list[tuple[int, Choice]]]:
    found = find_catalogues(folder, catalogues)
    spaces = sorted({catalogue.label_space for catalogue in found})
    if len(spaces) > 1:
        raise UsageError(f"catalogues of the label spaces {' and '.join(spaces)} cannot go into one data set")
    rows: list[tuple[int, Choice]] = []
    for catalogue in found:
        for entry in catalogue.entries:
            if not (path := Path(folder, catalogue.folder, entry.file)).is_file():
                raise UsageError(f"catalogue {catalogue.name!r} lists '{path}', which is missing")
            rows.append((entry.class_id, (catalogue, entry)))
    return spaces[0], rows
