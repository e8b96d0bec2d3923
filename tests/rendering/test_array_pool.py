"""Arrays come back only when nobody can see them any more."""

from __future__ import annotations

from rendering.array_pool import ArrayPool


def test_an_array_in_sight_is_never_given_out_again() -> None:
    pool = ArrayPool(limit=2)
    first = pool.take((3, 4), "float32")
    view = first[1:, :2]
    address = first.ctypes.data
    del first
    second = pool.take((3, 4), "float32")
    assert second.ctypes.data != address  # the view still shows the first
    assert pool.take((3, 4), "uint8").dtype == "uint8"
    del view
    assert pool.take((3, 4), "float32").ctypes.data == address


def test_beyond_its_limit_it_keeps_none() -> None:
    pool = ArrayPool(limit=1)
    held = [pool.take((2,), "uint8") for _ in range(3)]
    assert len({array.ctypes.data for array in held}) == 3
    assert sum(len(kept) for kept in pool._kept.values()) == 1
