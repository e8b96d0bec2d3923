from __future__ import annotations

import numpy as np
import pytest

from datasets.errors import UsageError
from datasets.label_lookups import LANE_MARKINGS, Lookup, lookup, lookup_pairs
from datasets.labels import IGNORE, LABEL_SPACES

# As the papers on SYNTHIA -> Cityscapes list it (e.g. Vu et al., ADVENT, CVPR 2019, and Tsai et al., 2018).
SYNTHIA_RAND_TO_19 = {
    3: 0, 4: 1, 2: 2, 21: 3, 5: 4, 7: 5, 15: 6, 9: 7, 6: 8, 16: 9, 1: 10, 10: 11, 17: 12, 8: 13, 18: 14, 19: 15,
    20: 16, 12: 17, 11: 18,
}  # fmt: skip
SYNTHIA_SEQS_TO_19 = {3: 0, 4: 1, 2: 2, 5: 4, 7: 5, 15: 6, 9: 7, 6: 8, 1: 10, 10: 11, 8: 13, 11: 18}


def _mapped(found: Lookup) -> dict[int, int]:
    return {i: int(value) for i, value in enumerate(found.table) if value != IGNORE}


def _by_name(source: str, target: str, **options: str) -> dict[str, str]:
    """The look-up in words."""
    names = {space: {c.id: c.name for c in LABEL_SPACES[space].classes} for space in (source, target)}
    found = _mapped(lookup(source, target, **options))
    return {names[source][a]: names[target][b] for a, b in found.items() if a in names[source] and b in names[target]}


def test_synthia_to_the_19_classes() -> None:
    assert _mapped(lookup("synthia_rand", "cityscapes19")) == SYNTHIA_RAND_TO_19
    assert _mapped(lookup("synthia_seqs", "cityscapes19")) == SYNTHIA_SEQS_TO_19


def test_lane_marking_is_ignored_or_road_and_the_name_says_which() -> None:
    for space, label_id, table in (
        ("synthia_rand", 22, SYNTHIA_RAND_TO_19),
        ("synthia_seqs", 12, SYNTHIA_SEQS_TO_19),
    ):
        ignored, road = (lookup(space, "cityscapes19", lane_marking=choice) for choice in LANE_MARKINGS)
        assert _mapped(road) == {**table, label_id: 0}
        assert _mapped(ignored) == table
        assert ignored.name == f"{space}-to-cityscapes19-lane-marking-ignore"
        assert road.name == f"{space}-to-cityscapes19-lane-marking-road"
    assert _mapped(lookup("synthia_rand", "street8", lane_marking="road"))[22] == 0
    assert _mapped(lookup("synthia_rand", "camvid11", lane_marking="road"))[22] == 3


def test_the_subsets_keep_the_classes_by_name() -> None:
    for target in ("synthia16", "synthia13"):
        words = _by_name("cityscapes19", target)
        assert set(words) == set(LABEL_SPACES[target].names)
        assert all(source == there for source, there in words.items())
        assert _by_name("cityscapes_ids", target) == words
        assert _by_name(target, "cityscapes19") == words


@pytest.mark.parametrize("pair", lookup_pairs(), ids="-to-".join)
@pytest.mark.parametrize("lane_marking", LANE_MARKINGS)
def test_every_look_up_stays_within_its_spaces(pair: tuple[str, str], lane_marking: str) -> None:
    source, target = (LABEL_SPACES[name] for name in pair)
    found = _mapped(lookup(*pair, lane_marking=lane_marking))
    assert set(found) <= {*source.ids, *source.ignored}
    assert set(found.values()) <= {*target.ids, *target.ignored}
    assert len(found) >= 10


@pytest.mark.parametrize("target", ["cityscapes_categories", "street8", "camvid11", "synthia16"])
@pytest.mark.parametrize("source", ["cityscapes_ids", "synthia_rand", "synthia_seqs"])
def test_the_way_over_the_19_classes_agrees_with_the_straight_one(source: str, target: str) -> None:
    straight, first, second = lookup(source, target), lookup(source, "cityscapes19"), lookup("cityscapes19", target)
    over = second(first.table)
    mapped = over != IGNORE
    np.testing.assert_array_equal(over[mapped], straight.table[mapped])


def test_street8_follows_the_categories_but_tells_road_from_sidewalk() -> None:
    category, street = _by_name("cityscapes_ids", "cityscapes_categories"), _by_name("cityscapes_ids", "street8")
    words = {"construction": "construction", "object": "pole or sign", "nature": "vegetation", "sky": "sky",
             "human": "person", "vehicle": "vehicle"}  # fmt: skip
    wanted = {name: words[said] for name, said in category.items() if said in words}
    assert street == {**wanted, "road": "road", "sidewalk": "sidewalk"}
    assert _by_name("camvid", "street8") == _by_name("camvid11", "street8") == {
        "sky": "sky", "building": "construction", "pole": "pole or sign", "road": "road", "pavement": "sidewalk",
        "tree": "vegetation", "sign symbol": "pole or sign", "fence": "construction", "car": "vehicle",
        "pedestrian": "person",
    }  # fmt: skip


def test_the_classes_that_camvid_shares_go_to_their_namesakes() -> None:
    words = _by_name("cityscapes_ids", "camvid11")
    assert {words[n] for n in ("rider", "bicycle", "motorcycle")} == {"bicyclist"}
    assert {words[n] for n in ("car", "truck", "bus", "train", "caravan", "trailer")} == {"car"}
    assert {words[n] for n in ("building", "wall", "bridge", "tunnel")} == {"building"}
    for there, here in {"sidewalk": "pavement", "person": "pedestrian", "traffic sign": "sign symbol"}.items():
        assert words[there] == here
    assert not {"parking", "rail track", "unlabeled", "ego vehicle"} & set(words)


def test_void_of_camvid_becomes_ignore_and_nothing_else_changes() -> None:
    assert _mapped(lookup("camvid", "camvid11")) == {index: index for index in range(11)}


@pytest.mark.parametrize("space", LABEL_SPACES)
def test_a_space_to_itself_changes_nothing(space: str) -> None:
    found = lookup(space, space)
    assert found.changes_nothing
    np.testing.assert_array_equal(found(np.arange(256, dtype=np.uint8)), np.arange(256))
    assert not lookup("camvid", "camvid11").changes_nothing


def test_what_is_lost_is_counted() -> None:
    counts = np.zeros(256, np.int64)
    counts[[3, 13, 22, IGNORE]] = 10, 20, 30, 40
    assert lookup("synthia_rand", "cityscapes19").unmapped(counts) == {13: 20, 22: 30}
    assert lookup("synthia_rand", "cityscapes19", lane_marking="road").unmapped(counts) == {13: 20}


def test_an_unknown_way_or_choice_is_refused() -> None:
    with pytest.raises(UsageError, match="no look-up from 'camvid' to 'cityscapes19'; there are camvid -> camvid11, "):
        lookup("camvid", "cityscapes19")
    with pytest.raises(UsageError, match="no look-up from 'nowhere' to 'nowhere'"):
        lookup("nowhere", "nowhere")
    with pytest.raises(UsageError, match="lane_marking must be ignore or road, got 'kerb'"):
        lookup("synthia_rand", "cityscapes19", lane_marking="kerb")


def test_ids_of_another_type_are_refused_and_not_wrapped() -> None:
    with pytest.raises(ValueError, match="ids must be uint8, got uint16"):
        lookup("synthia_rand", "cityscapes19")(np.array([256 + 3], np.uint16))
