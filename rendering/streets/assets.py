"""Models of catalogues that can stand in streets."""

from __future__ import annotations

from functools import lru_cache

from datasets.errors import UsageError
from datasets.labels import LABEL_SPACES
from rendering.assets.collection import Collection, collect
from rendering.streets.things import CATALOGUE_CLASSES


@lru_cache(maxsize=8)
def street_assets(
    folder: str, catalogues: tuple[str, ...] = (), classes: tuple[str, ...] = ()
) -> dict[str, Collection]:
    """The assets of a folder by the class of streets that they serve as; no file of a model is opened yet.

    Args:
        folder: for `rendering.assets.catalogue.find_catalogues`.
        catalogues: which; by default all that apply.
        classes: names of classes in the catalogues' label space; by default all.

    Raises:
        UsageError: a catalogue cannot be read, or has nothing that stands in streets.
    """
    found = collect(folder, catalogues, classes)
    names = {row.id: row.name for row in LABEL_SPACES[found.label_space].classes}
    packs: dict[str, Collection] = {}
    for number, choices in found.by_class.items():
        if (street := CATALOGUE_CLASSES.get(names[number])) is not None:
            packs[street] = Collection(found.label_space, found.folder, {number: choices}, found.licence)
    if not packs:
        raise UsageError(
            f"assets folder '{folder}' has nothing that stands in streets: none of {', '.join(CATALOGUE_CLASSES)}"
        )
    return packs
