"""A cache of things that must be freed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """Something that holds memory of the driver."""

    def close(self) -> None:
        """Free it."""
        ...


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", bound=Closable)


class RecentlyUsed(Generic[Key, Value]):
    """Things by key, each made once; beyond `limit` the one unused for longest is freed.

    Args:
        make: makes the thing of a key.
        limit: so many are kept.
    """

    def __init__(self, make: Callable[[Key], Value], limit: int) -> None:
        self._make, self._limit = make, limit
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def __getitem__(self, key: Key) -> Value:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        made = self._kept[key] = self._make(key)
        if len(self._kept) > self._limit:
            self._kept.popitem(last=False)[1].close()
        return made

    def __len__(self) -> int:
        return len(self._kept)

    def close(self) -> None:
        """Free everything."""
        while self._kept:
            self._kept.popitem()[1].close()
