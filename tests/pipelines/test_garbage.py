"""When Python looks for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pipelines.garbage import uncollected


@pytest.fixture
def looks() -> Iterator[list[int]]:
    """The generation of every look for garbage."""
    found: list[int] = []

    def note(phase: str, facts: dict[str, int]) -> None:
        found.append(facts["generation"])

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def test_nothing_is_looked_through_meanwhile_nor_at_once_afterwards(looks: list[int]) -> None:
    with uncollected():
        made = [[number] for number in range(50_000)]
        assert not looks
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    young = len(gc.get_objects(generation=0)) + len(gc.get_objects(generation=1))
    assert young < len(made) / 10


def test_what_was_off_stays_off() -> None:
    gc.disable()
    try:
        with pytest.raises(ZeroDivisionError), uncollected():
            _ = 1 / 0
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_of_that_time_is_still_found() -> None:
    class Node:
        pass

    with uncollected():
        node = Node()
        node.__dict__["itself"] = node
        del node
    assert any(isinstance(thing, Node) for thing in gc.get_objects())
    gc.collect()
    assert not any(isinstance(thing, Node) for thing in gc.get_objects())


def test_what_others_set_aside_stays_there() -> None:
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        with uncollected():
            pass
        assert gc.get_freeze_count() >= before > 0
    finally:
        gc.unfreeze()
