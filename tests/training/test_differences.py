from __future__ import annotations

from pathlib import Path

from training.differences import as_stored, differences, told


def test_only_what_differs_is_told_by_its_whole_name() -> None:
    stored = {"recipe": {"steps": 6, "batch": 8}, "data": {"other": None}, "size": [20, 20], "gone": 1, "rate": None}
    wanted = as_stored(
        {"recipe": {"steps": 7, "batch": 8}, "data": {"other": {"name": "b"}}, "size": (20, 20), "rate": float("nan"),
         "path": Path("a")}
    )  # fmt: skip
    found = differences(stored, wanted)
    assert found == {
        "data.other": "is None there and {'name': 'b'} here",
        "gone": "is 1 there and None here",
        "path": "is None there and 'a' here",
        "recipe.steps": "is 6 there and 7 here",
    }
    assert told({"a": "is 1 there and 2 here", "b.c": "is 'x' there and 'y' here"}) == (
        "a is 1 there and 2 here; b.c is 'x' there and 'y' here"
    )
    assert differences(wanted, wanted) == {}
