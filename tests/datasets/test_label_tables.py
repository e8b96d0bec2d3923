"""The tables against a second copy, written down by hand in another form."""

from __future__ import annotations

from datasets.label_tables import CITYSCAPES_LABELS
from datasets.labels import IGNORE, LABEL_SPACES

CITYSCAPES = """
 0 unlabeled            255 0 000000 | 12 wall            3 2 66669c | 24 person       11 6 dc143c
 1 ego vehicle          255 0 000000 | 13 fence           4 2 be9999 | 25 rider        12 6 ff0000
 2 rectification border 255 0 000000 | 14 guard rail    255 2 b4a5b4 | 26 car          13 7 00008e
 3 out of roi           255 0 000000 | 15 bridge        255 2 966464 | 27 truck        14 7 000046
 4 static               255 0 000000 | 16 tunnel        255 2 96785a | 28 bus          15 7 003c64
 5 dynamic              255 0 6f4a00 | 17 pole            5 3 999999 | 29 caravan     255 7 00005a
 6 ground               255 0 510051 | 18 polegroup     255 3 999999 | 30 trailer     255 7 00006e
 7 road                   0 1 804080 | 19 traffic light   6 3 faaa1e | 31 train        16 7 005064
 8 sidewalk               1 1 f423e8 | 20 traffic sign    7 3 dcdc00 | 32 motorcycle   17 7 0000e6
 9 parking              255 1 faaaa0 | 21 vegetation      8 4 6b8e23 | 33 bicycle      18 7 770b20
10 rail track           255 1 e6968c | 22 terrain         9 4 98fb98 | -1 license plate 255 7 00008e
11 building               2 2 464646 | 23 sky            10 5 4682b4
"""

SYNTHIA_RAND = (
    "void sky building road sidewalk fence vegetation pole car traffic_sign pedestrian bicycle motorcycle parking_slot "
    "road_work traffic_light terrain rider truck bus train wall lane_marking"
)

NAMES_OF_16 = (
    "road sidewalk building wall fence pole traffic_light traffic_sign vegetation sky person rider car bus motorcycle "
    "bicycle"
)


def _words(line: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in line.split())


def test_all_35_rows_of_cityscapes() -> None:
    wanted = set()
    for cell in CITYSCAPES.replace("\n", "|").split("|"):
        if cell.strip():
            label_id, *name, train_id, category, colour = cell.split()
            wanted.add((int(label_id), " ".join(name), int(train_id), int(category), tuple(bytes.fromhex(colour))))
    rows = [(row.id, row.name, row.train_id, row.category, row.colour) for row in CITYSCAPES_LABELS]
    assert len(wanted) == len(rows) == 35
    assert set(rows) == wanted


def test_cityscapes_ids_are_all_that_a_pixel_can_carry() -> None:
    space = LABEL_SPACES["cityscapes_ids"]
    assert space.ids == tuple(range(34))
    assert space.unknown_ids([0, 33, 34, IGNORE]) == (34,)


def test_the_19_evaluated_classes_in_the_order_of_their_numbers() -> None:
    space = LABEL_SPACES["cityscapes19"]
    assert space.ids == tuple(range(19))
    assert [space.names[index] for index in (0, 5, 9, 10, 14, 16, 18)] == [
        "road", "pole", "terrain", "sky", "truck", "train", "bicycle",
    ]  # fmt: skip


def test_synthia() -> None:
    rand, seqs = LABEL_SPACES["synthia_rand"], LABEL_SPACES["synthia_seqs"]
    assert rand.names == _words(SYNTHIA_RAND)
    assert rand.ids == tuple(range(23))
    assert seqs.names[:12] == rand.names[:12]
    assert dict(zip(seqs.ids[12:], seqs.names[12:], strict=True)) == {12: "lane marking", 15: "traffic light"}
    assert seqs.ignored == (13, 14)


def test_the_subsets_that_synthia_is_scored_on() -> None:
    sixteen, thirteen = LABEL_SPACES["synthia16"], LABEL_SPACES["synthia13"]
    assert sixteen.names == _words(NAMES_OF_16)
    assert thirteen.names == tuple(name for name in sixteen.names if name not in ("wall", "fence", "pole"))
    assert sixteen.ids == tuple(range(16))
    assert thirteen.ids == tuple(range(13))


def test_the_void_of_camvid_is_stored_and_no_class() -> None:
    camvid, eleven = LABEL_SPACES["camvid"], LABEL_SPACES["camvid11"]
    assert camvid.unknown_ids([11]) == ()
    assert camvid.index_table[11] == IGNORE
    assert eleven.unknown_ids([11]) == (11,)
    assert camvid.classes == eleven.classes
    assert len(camvid) == 11
