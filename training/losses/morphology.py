"""Morphology on batches of masks, inside a training step; borders of the image are no outlines.

Equal to `scipy.ndimage` with square structuring elements, where what lies outside the image has no say.
"""

from __future__ import annotations

from typing import Any

from keras import ops

_NO_CLASS = 1e6


def dilated(masks: Any, radius: int) -> Any:
    """Masks `(n, height, width)` bool, true within `radius` pixels (in a square) of what is true."""
    return _maximum(ops.cast(masks, "float32"), radius) > 0.5


def eroded(masks: Any, radius: int) -> Any:
    """Masks `(n, height, width)` bool, true where all is true within `radius` pixels."""
    return ops.logical_not(dilated(ops.logical_not(masks), radius))


def outlines(labels: Any, valid: Any) -> Any:
    """Where a valid pixel of `(n, height, width)` ids has a valid neighbour, of eight, of another class; bool."""
    ids = ops.cast(labels, "float32")
    highest = _maximum(ops.where(valid, ids, -_NO_CLASS), 1)
    lowest = -_maximum(ops.where(valid, -ids, -_NO_CLASS), 1)
    return ops.logical_and(valid, ops.not_equal(highest, lowest))


def _maximum(values: Any, radius: int) -> Any:
    """The maximum over squares of `2 radius + 1` pixels; what lies outside the image takes no part."""
    side = 2 * radius + 1
    return ops.squeeze(ops.max_pool(ops.expand_dims(values, -1), side, strides=1, padding="same"), -1)
