"""The cache of driver memory: made once, freed once, oldest first."""

from __future__ import annotations

from rendering.recently_used import RecentlyUsed


class Thing:
    def __init__(self, name: str) -> None:
        self.name, self.closed = name, 0

    def close(self) -> None:
        self.closed += 1


def test_the_one_unused_for_longest_makes_room() -> None:
    cache: RecentlyUsed[str, Thing] = RecentlyUsed(Thing, limit=2)
    one, two = cache["one"], cache["two"]
    assert cache["one"] is one
    three = cache["three"]
    assert (one.closed, two.closed, three.closed, len(cache)) == (0, 1, 0, 2)
    assert cache["one"] is one
    assert cache["two"] is not two
    cache.close()
    assert (one.closed, two.closed, three.closed, len(cache)) == (1, 1, 1, 0)
