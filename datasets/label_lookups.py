"""Ways from one label space to another, by name.

Every way is a table of ids. The facts stand once: those that lead from a set to the 19 classes of Cityscapes, and
those that lead on from there; longer ways are put together from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from datasets.errors import UsageError
from datasets.label_tables import CITYSCAPES_LABELS, SYNTHIA13_TRAIN_IDS, SYNTHIA16_TRAIN_IDS, CityscapesLabel
from datasets.labels import IGNORE, LABEL_SPACES

LANE_MARKINGS = ("ignore", "road")
"""What can become of SYNTHIA's lane marking: the adaptation literature ignores it, the book calls it road."""

Ids = Mapping[int, int]

_HUB = "cityscapes19"
_ROAD = 0
_LANE_MARKING = {"synthia_rand": 22, "synthia_seqs": 12}

_CITYSCAPES_IDS = [row for row in CITYSCAPES_LABELS if row.id >= 0]
_FLAT_TO_STREET8 = {7: 0, 8: 1}  # road, sidewalk
_LAST_FLAT = 1

# CamVid's 11 classes hold bridges, tunnels and walls in building, lorries, buses and trains in car, and two-wheelers
# with those who ride them in bicyclist (the usual grouping of its 32 classes). Terrain is its VegetationMisc, in tree.
_CITYSCAPES_TO_CAMVID11 = {
    "road": 3, "sidewalk": 4, "building": 1, "wall": 1, "fence": 7, "guard rail": 7, "bridge": 1, "tunnel": 1,
    "pole": 2, "polegroup": 2, "traffic light": 6, "traffic sign": 6, "vegetation": 5, "terrain": 5, "sky": 0,
    "person": 9, "rider": 10, "car": 8, "truck": 8, "bus": 8, "caravan": 8, "trailer": 8, "train": 8,
    "motorcycle": 10, "bicycle": 10,
}  # fmt: skip

_CAMVID11_TO_STREET8 = {0: 5, 1: 2, 2: 3, 3: 0, 4: 1, 5: 4, 6: 3, 7: 2, 8: 7, 9: 6}

_SYNTHIA_SEQS_TO_19 = {3: 0, 4: 1, 2: 2, 5: 4, 7: 5, 15: 6, 9: 7, 6: 8, 1: 10, 10: 11, 8: 13, 11: 18}

_SYNTHIA_RAND_TO_19 = {**_SYNTHIA_SEQS_TO_19, 21: 3, 16: 9, 17: 12, 18: 14, 19: 15, 20: 16, 12: 17}


@dataclass(frozen=True, eq=False)
class Lookup:
    """A table from the ids of one space to those of another.

    Attributes:
        name: of the spaces and of every choice that was made; two tables that differ differ in name.
        source: the label space of the ids that go in.
        target: the label space of those that come out.
        table: `(256,)` uint8; `IGNORE` for what has no counterpart.
    """

    name: str
    source: str
    target: str
    table: np.ndarray

    @property
    def changes_nothing(self) -> bool:
        """Whether every id stays as it is."""
        return bool((self.table == np.arange(256)).all())

    def __call__(self, ids: np.ndarray) -> np.ndarray:
        """Ids of the source space, uint8 of any shape, as ids of the target space.

        Raises:
            ValueError: the ids are not uint8; a cast would wrap larger ones.
        """
        if ids.dtype != np.uint8:
            raise ValueError(f"look-up {self.name!r}: ids must be uint8, got {ids.dtype}")
        return np.take(self.table, ids)

    def unmapped(self, counts: np.ndarray) -> dict[int, int]:
        """Of `counts`, `(256,)` pixels of each source id: those that the look-up turns into `IGNORE`."""
        lost = (self.table == IGNORE) & (np.asarray(counts) > 0)
        return {int(index): int(counts[index]) for index in np.flatnonzero(lost) if index != IGNORE}


def lookup(source: str, target: str, lane_marking: str = "ignore") -> Lookup:
    """The look-up from one label space to another; the identity when they are the same.

    Raises:
        UsageError: there is no such way, or no such choice.
    """
    if lane_marking not in LANE_MARKINGS:
        raise UsageError(f"lane_marking must be {' or '.join(LANE_MARKINGS)}, got {lane_marking!r}")
    if source == target and source in LABEL_SPACES:
        return Lookup(f"{source}-unchanged", source, target, np.arange(256, dtype=np.uint8))
    ids = _ways(lane_marking).get((source, target))
    if ids is None:
        there_is = [f"{a} -> {b}" for a, b in sorted(_ways(lane_marking))]
        raise UsageError(f"there is no look-up from {source!r} to {target!r}; there are {', '.join(there_is)}")
    table = np.full(256, IGNORE, np.uint8)
    table[list(ids)] = list(ids.values())
    choice = f"-lane-marking-{lane_marking}" if source in _LANE_MARKING else ""
    return Lookup(f"{source}-to-{target}{choice}", source, target, table)


def lookup_pairs() -> tuple[tuple[str, str], ...]:
    """Every pair of different spaces between which there is a way."""
    return tuple(sorted(_ways("ignore")))


def _ways(lane_marking: str) -> dict[tuple[str, str], Ids]:
    into = {
        "cityscapes_ids": {row.id: row.train_id for row in _CITYSCAPES_IDS if row.train_id != IGNORE},
        "synthia_rand": _with_lane_marking("synthia_rand", _SYNTHIA_RAND_TO_19, lane_marking),
        "synthia_seqs": _with_lane_marking("synthia_seqs", _SYNTHIA_SEQS_TO_19, lane_marking),
        "synthia16": dict(enumerate(SYNTHIA16_TRAIN_IDS)),
        "synthia13": dict(enumerate(SYNTHIA13_TRAIN_IDS)),
    }
    direct = {("cityscapes_ids", target): ids for target, ids in _FROM_CITYSCAPES_IDS.items()}
    onward = {target: _by_train_id(ids) for target, ids in _FROM_CITYSCAPES_IDS.items()}
    onward |= {name: {value: key for key, value in into[name].items()} for name in ("synthia16", "synthia13")}
    ways = {(source, _HUB): ids for source, ids in into.items()}
    ways |= {(_HUB, target): ids for target, ids in onward.items()}
    ways |= {(a, b): _chain(ids, onward[b]) for a, ids in into.items() for b in onward if a != b}
    return ways | direct | _FROM_CAMVID


def _with_lane_marking(space: str, ids: Ids, choice: str) -> Ids:
    return {**ids, _LANE_MARKING[space]: _ROAD} if choice == "road" else ids


def _chain(first: Ids, second: Ids) -> Ids:
    return {start: second[middle] for start, middle in first.items() if middle in second}


def _by_train_id(ids: Ids) -> Ids:
    """A way from the Cityscapes ids as a way from the trainIds."""
    return {row.train_id: ids[row.id] for row in _CITYSCAPES_IDS if row.train_id != IGNORE and row.id in ids}


def _street8(row: CityscapesLabel) -> int:
    """Of void and flat things only road and sidewalk have a class; every other category keeps its number."""
    return row.category if row.category > _LAST_FLAT else _FLAT_TO_STREET8.get(row.id, IGNORE)


_FROM_CITYSCAPES_IDS: dict[str, Ids] = {
    "cityscapes_categories": {row.id: row.category for row in _CITYSCAPES_IDS},
    "street8": {row.id: _street8(row) for row in _CITYSCAPES_IDS if _street8(row) != IGNORE},
    "camvid11": {
        row.id: _CITYSCAPES_TO_CAMVID11[row.name] for row in _CITYSCAPES_IDS if row.name in _CITYSCAPES_TO_CAMVID11
    },
}

_FROM_CAMVID: dict[tuple[str, str], Ids] = {
    ("camvid", "camvid11"): {index: index for index in range(11)},
    ("camvid", "street8"): _CAMVID11_TO_STREET8,
    ("camvid11", "street8"): _CAMVID11_TO_STREET8,
}
