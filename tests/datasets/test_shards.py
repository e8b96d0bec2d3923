from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import UsageError
from datasets.shards import TARGET_SHARD_BYTES, default_shard_count, plan_shards, shard_name
from datasets.source import Item, Plan


def _items(count: int, split: str = "train") -> list[Item]:
    return [Item(f"{split}-{i}", split, f"f{i}", 10) for i in range(count)]


@given(st.integers(1, 200), st.integers(1, 20), st.integers(0, 3), st.randoms())
def test_every_item_has_one_place_that_depends_on_nothing_but_key_seed_and_count(count, shards, seed, random) -> None:
    items = _items(count)
    planned = plan_shards("set", items, seed, shards)
    shuffled = items.copy()
    random.shuffle(shuffled)
    assert plan_shards("set", shuffled, seed, shards) == planned
    assert sorted(i.key for s in planned for i in s.items) == sorted(i.key for i in items)
    sizes = [len(s.items) for s in planned]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 1
    assert [s.name for s in planned] == [shard_name("set", "train", i, len(planned)) for i in range(len(planned))]


def test_another_seed_gives_another_order() -> None:
    first, second = (plan_shards("set", _items(50), seed, 1)[0].items for seed in (0, 1))
    assert first != second
    assert list(first) != _items(50)


def test_the_order_is_pinned_so_that_old_sets_can_be_built_again() -> None:
    order = [item.key for item in plan_shards("set", _items(5), 7, 1)[0].items]
    assert order == ["train-4", "train-3", "train-1", "train-2", "train-0"]


def test_splits_do_not_mix() -> None:
    shards = plan_shards("set", _items(9) + _items(4, "test"), 0, 2)
    assert {(s.split, i.split) for s in shards for i in s.items} == {("train", "train"), ("test", "test")}
    assert shards[0].name == "set-test.tfrecord-00000-of-00002"


@pytest.mark.parametrize(
    "examples, size, wanted",
    [
        (1, 1, 1),
        (31, 1, 1),
        (33, 1, 2),
        (10_000, 1, 8),
        (10_000, 8 * TARGET_SHARD_BYTES, 8),
        (10_000, 8 * TARGET_SHARD_BYTES + 1, 12),  # a multiple of four, and none larger than the target
        (10_000, 20 * TARGET_SHARD_BYTES, 20),
        (3, 10**12, 3),
    ],
)
def test_the_default_count_follows_the_data(examples: int, size: int, wanted: int) -> None:
    assert default_shard_count(examples, size) == wanted


def test_a_key_that_stands_twice_is_refused_with_both_files() -> None:
    items = (Item("a", "train", "x/a.jpg"), Item("a", "test", "y/a.jpg"))
    with pytest.raises(UsageError, match="'a'.*x/a.jpg, y/a.jpg"):
        Plan(items, {}, "")


def test_keys_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(UsageError, match="x/Cat.jpg, x/cat.jpg"):
        Plan((Item("Cat", "train", "x/Cat.jpg"), Item("cat", "train", "x/cat.jpg")), {}, "")


def test_an_empty_source_is_refused() -> None:
    with pytest.raises(UsageError, match="no items"):
        Plan((), {}, "")
