"""Checks that the values of a scene share."""

from __future__ import annotations

from typing import Any

import numpy as np

_INF = float("inf")


def keep_matrix(owner: Any, name: str, shape: tuple[int, int]) -> None:
    """Keep a frozen float64 copy of a matrix of finite numbers.

    Raises:
        ValueError: it has another shape or holds a number that is not finite.
    """
    matrix = np.array(getattr(owner, name), np.float64)
    if matrix.shape != shape or not np.isfinite(matrix).all():
        raise ValueError(f"{type(owner).__name__}: {name} must be {shape} finite numbers, got {matrix.tolist()}")
    matrix.flags.writeable = False
    object.__setattr__(owner, name, matrix)


def keep_colours(owner: Any, *names: str) -> None:
    """Keep linear R, G, B as tuples of floats.

    Raises:
        ValueError: there are not three, or one is below 0.
    """
    for name in names:
        colour = tuple(map(float, getattr(owner, name)))
        if len(colour) != 3 or not (0 <= colour[0] < _INF and 0 <= colour[1] < _INF and 0 <= colour[2] < _INF):
            raise ValueError(f"{type(owner).__name__}: {name} must be (R, G, B), each 0 or more, got {colour}")
        object.__setattr__(owner, name, colour)


def keep_vector(owner: Any, name: str) -> None:
    """Keep three finite numbers as a tuple of floats.

    Raises:
        ValueError: there are not three, or one is not finite.
    """
    vector = tuple(float(part) for part in getattr(owner, name))
    if len(vector) != 3 or not np.isfinite(vector).all():
        raise ValueError(f"{type(owner).__name__}: {name} must be three finite numbers, got {vector}")
    object.__setattr__(owner, name, vector)
