from __future__ import annotations

import pytest

from datasets.labels import IGNORE, LABEL_SPACES, LabelClass, LabelSpace

SHARED_COLOURS = {"cityscapes_ids": 5, "synthia_rand": 1}  # as published: voids, poles; wall and lane marking


@pytest.mark.parametrize("name", LABEL_SPACES)
def test_ids_names_and_colours_are_distinct(name: str) -> None:
    space = LABEL_SPACES[name]
    assert space.name == name
    assert len(set(space.ids)) == len(set(space.names)) == len(space)
    assert len(set(entry.colour for entry in space.classes)) == len(space) - SHARED_COLOURS.get(name, 0)
    assert IGNORE not in space.ids
    assert space.source


@pytest.mark.parametrize("name", LABEL_SPACES)
def test_the_index_table_numbers_the_classes_and_ignores_all_else(name: str) -> None:
    space = LABEL_SPACES[name]
    table = space.index_table
    assert [int(table[i]) for i in space.ids] == list(range(len(space)))
    assert set(table[[i for i in range(256) if i not in space.ids]]) == {IGNORE}


def test_class_indices_of_whole_images_are_dense() -> None:
    for name in ("pets_breed", "pets_species", "digits"):
        assert LABEL_SPACES[name].ids == tuple(range(len(LABEL_SPACES[name])))


def test_breeds_are_those_of_the_set() -> None:
    breeds = LABEL_SPACES["pets_breed"].names
    assert len(breeds) == 37
    assert sum(name[0].isupper() for name in breeds) == 12
    assert list(breeds) == sorted(breeds, key=str.lower)


def test_unknown_ids_are_listed_and_ignore_is_none_of_them() -> None:
    assert LABEL_SPACES["pets_trimap"].unknown_ids([1, 77, 200, IGNORE]) == (77, 200)


@pytest.mark.parametrize("ids, ignored", [((-1, 0), ()), ((0, 255), ()), ((0, 0), ()), ((0, 1), (1,))])
def test_a_table_whose_ids_a_pixel_cannot_carry_is_refused(ids: tuple[int, ...], ignored: tuple[int, ...]) -> None:
    classes = tuple(LabelClass(value, str(value), (0, 0, 0)) for value in ids)
    with pytest.raises(ValueError, match="'broken': ids must be distinct and 0..254, got"):
        LabelSpace("broken", classes, "", ignored)
