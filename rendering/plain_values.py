"""Frozen values of scenes as plain ones: numbers rounded alike on every machine, dictionaries for JSON.

A scene has some ten thousand numbers, so what there is to know of a class is looked up once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

_DECIMALS = 9


def settled(value: Any) -> Any:
    """The same value with all floating-point numbers in it rounded; itself where they are round already."""
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple:
        rounded = tuple([round(part, _DECIMALS) if type(part) is float else settled(part) for part in value])
        return value if rounded == value else rounded
    if kind is np.ndarray:
        numbers = np.round(value, _DECIMALS)
        return value if np.array_equal(numbers, value) else numbers
    if isinstance(value, float):
        return round(float(value), _DECIMALS)
    changed = {}
    for name in _names(kind):
        before = getattr(value, name)
        if type(before) is float:
            if (number := round(before, _DECIMALS)) != before:
                changed[name] = number
        elif (part := settled(before)) is not before:
            changed[name] = part
    return replace(value, **changed) if changed else value


def plain(value: Any, rename: Callable[[str], str] = str) -> Any:
    """Dataclasses as dictionaries, arrays as lists; a recipe also carries its kind.

    Args:
        value: what to turn.
        rename: gives a recipe's file (its `path`) the name that it is to have.
    """
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple:
        return [part if type(part) in _PLAIN else plain(part, rename) for part in value]
    if kind is np.ndarray:
        return value.tolist()
    if names := _names(kind):
        tree = {"kind": value.kind} if hasattr(value, "kind") else {}
        for name in names:
            part = getattr(value, name)
            # Most are plain, and a call takes longer than asking.
            tree[name] = part if type(part) in _PLAIN else plain(part, rename)
        if "kind" in tree and "path" in tree:
            tree["path"] = rename(tree["path"])
        return tree
    return value


_AS_THEY_ARE = frozenset((int, str, bool, type(None)))
_PLAIN = _AS_THEY_ARE | {float}


@lru_cache
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass, none of anything else."""
    return tuple(entry.name for entry in fields(kind)) if is_dataclass(kind) else ()
