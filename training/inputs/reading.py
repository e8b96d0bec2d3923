"""A split in stored order: as a stream of single examples, or as arrays."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError, VerificationError
from training.inputs.decoding import make_decoder
from training.inputs.form import Form
from training.inputs.records import Records, Selection, open_records

PARALLEL = len(os.sched_getaffinity(0))
"""Examples decoded at once. TensorFlow's own tuning takes a thousand examples to get there."""

_CHUNK = 16  # records a call into Python, few enough to stay small in memory, enough to make the call cheap
_LARGE_BYTES = 1 << 18  # a record so large is handed out alone: a copy of it costs more than a call


def read_split(dataset: Dataset, split: str, form: Form, *, select: Selection | None = None) -> tf.data.Dataset:
    """Single examples of a split in stored order, decoded in parallel; elements as `make_decoder` makes them.

    Raises:
        UsageError: the data set has no such split or field.
        VerificationError: its shards are not those of the manifest.
        tf.errors.OpError: while reading: a damaged record or image.
    """
    records = open_records(dataset, split, select)
    decode = make_decoder(dataset, form)
    read = read_in_order(records, np.arange(len(records)))
    return read.map(decode, num_parallel_calls=PARALLEL)


def read_in_order(records: Records, order: np.ndarray) -> tf.data.Dataset:
    """Payloads of the records at the places `order`, in that order."""
    return read_at(records, lambda _: order, len(order))


def read_at(
    records: Records, order: Callable[[int], np.ndarray], stop: Any, start: Any = 0, context: Any = 0
) -> tf.data.Dataset:
    """Payloads of records in an order that is asked for when it is needed.

    Args:
        records: what is read from.
        order: the context -> the places in `records`, in order.
        stop: how many payloads of the order are handed out, counted from its beginning.
        start: how many of them are passed over.
        context: a number, possibly a tensor, that is handed to `order`.
    """
    # Two calls at once, so that the next records come from the disk while these are handed out.
    parallel = {"num_parallel_calls": 2, "deterministic": True}

    def read_one(index: Any, context: Any) -> bytes:
        return records.read([order(int(context))[index]])[0]

    def read_some(first: Any, context: Any) -> np.ndarray:
        found = records.read(order(int(context))[first : first + _CHUNK])
        return np.array([*found, b""], object)[:-1]  # the empty one keeps an array of one text an array

    if len(records) and records.sizes.mean() > _LARGE_BYTES:
        one = tf.data.Dataset.range(start, stop)
        return one.map(lambda i: tf.ensure_shape(_called(read_one, i, context), []), **parallel)
    some = tf.data.Dataset.range(start, stop, _CHUNK)
    return some.map(lambda first: tf.ensure_shape(_called(read_some, first, context), [None]), **parallel).unbatch()


def _called(read: Callable[[Any, Any], Any], place: Any, context: Any) -> Any:
    return tf.numpy_function(read, [place, context], tf.string, stateful=False)


def load_arrays(dataset: Dataset, split: str, form: Form, *, select: Selection | None = None) -> dict[str, np.ndarray]:
    """A whole small split in memory, in stored order: an array for `key` and each field, as `read_split` gives them.

    Raises:
        UsageError: as `read_split`; images of several sizes without `size`; nothing selected.
        VerificationError: a file of the split is damaged.
    """
    try:
        rows = list(read_split(dataset, split, form, select=select).as_numpy_iterator())
    except tf.errors.OpError as error:
        raise unreadable(dataset, split, error) from None
    if not rows:
        raise UsageError(f"data set {dataset.name!r}, split {split!r}: no example is left to read")
    shapes = {row[name].shape for row in rows for name in form.fields if name != "label"}
    if len({shape[:2] for shape in shapes}) > 1:
        raise UsageError(
            f"data set {dataset.name!r}, split {split!r} has images of {len(shapes)} sizes; give a size to load them"
        )
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def unreadable(dataset: Dataset, split: str, error: tf.errors.OpError) -> VerificationError:
    """What to say when TensorFlow stumbles over a record."""
    return VerificationError(
        f"data set {dataset.name!r}, split {split!r} cannot be read: {error.message}. "
        "Run `realitygap verify` on it to find the damaged file."
    )
