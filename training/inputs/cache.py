"""Decoded and resized examples of a split, so that every later pass costs a copy and no decoding.

They are kept in memory or on disk. The arrays of files are mapped, not loaded: the system keeps in memory what it has
room for and gives it up when asked.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError
from training.inputs.decoding import make_decoder
from training.inputs.form import Form
from training.inputs.reading import PARALLEL, read_in_order, unreadable
from training.inputs.records import open_records

_FORMAT = 1


def cached_arrays(folder: Path, dataset: Dataset, split: str, form: Form) -> dict[str, np.ndarray]:
    """Arrays for `key` and every field of a whole split in stored order, mapped from files; made where they are not.

    They lie in a folder of their own, named by data, split and form, that appears only when it is whole.

    Raises:
        UsageError: the form has no size, so that images may differ in theirs.
        VerificationError: a record cannot be read.
    """
    if not _alike(form):
        raise UsageError("a cache needs images and labels of one size: give a size")
    target = folder / _name(dataset, split, form)
    if not target.is_dir():
        _fill(target, dataset, split, form)
    return {name: np.load(target / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ("key", *form.fields)}


def fits(dataset: Dataset, split: str, form: Form, limit_bytes: int) -> bool:
    """Whether the arrays of a split would take no more than so many bytes; never where images may differ in size."""
    if not _alike(form):
        return False
    kinds = _kinds(form, dataset.split(split).examples).values()
    return sum(int(np.prod(shape)) * np.dtype(dtype).itemsize for dtype, shape in kinds) <= limit_bytes


def held_arrays(dataset: Dataset, split: str, form: Form) -> dict[str, np.ndarray]:
    """The same arrays in memory, for a form that `fits`.

    Raises:
        VerificationError: a record cannot be read.
    """
    kinds = _kinds(form, dataset.split(split).examples)
    arrays = {name: np.empty(shape, dtype) for name, (dtype, shape) in kinds.items()}
    try:
        keys = _decode_into(arrays, dataset, split, form)
    except tf.errors.OpError as error:
        raise unreadable(dataset, split, error) from None
    return {"key": keys, **arrays}


def _alike(form: Form) -> bool:
    return form.size is not None and form.resize_labels


def _name(dataset: Dataset, split: str, form: Form) -> str:
    """A name that changes with all that the arrays depend on."""
    facts = {"data": dataset.fingerprint, "split": split, "form": asdict(form), "format": _FORMAT}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"{dataset.name}-{split}-{digest[:16]}"


def _fill(target: Path, dataset: Dataset, split: str, form: Form) -> None:
    # Not by process: in two containers that share the folder both may have the same number.
    unfinished = target.with_name(f".{uuid4().hex}-{target.name}")
    try:
        unfinished.mkdir(parents=True)
        _write(unfinished, dataset, split, form)
        unfinished.rename(target)
    except tf.errors.OpError as error:
        raise unreadable(dataset, split, error) from None
    except OSError:
        if not target.is_dir():  # else another process was faster, with the same bytes
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(folder: Path, dataset: Dataset, split: str, form: Form) -> None:
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, shape)
        for name, (dtype, shape) in _kinds(form, dataset.split(split).examples).items()
    }
    keys = _decode_into(arrays, dataset, split, form)
    for array in arrays.values():
        array.flush()
    np.save(folder / "key.npy", keys, allow_pickle=False)


def _kinds(form: Form, count: int) -> dict[str, tuple[Any, tuple[int, ...]]]:
    """Number type and shape of the array of each field."""
    assert form.size is not None
    known: dict[str, tuple[Any, tuple[int, ...]]] = {
        "image": (np.uint8, (*form.size, form.channels)),
        "semantic": (np.uint8, form.size),
        "label": (np.int32, ()),
    }
    return {name: (known[name][0], (count, *known[name][1])) for name in form.fields}


def _decode_into(arrays: Mapping[str, np.ndarray], dataset: Dataset, split: str, form: Form) -> np.ndarray:
    """Fill the arrays with a split in stored order; its keys.

    Raises:
        tf.errors.OpError: a record cannot be read.
    """
    records = open_records(dataset, split)
    decode = make_decoder(dataset, form)
    examples = read_in_order(records, np.arange(len(records))).map(decode, num_parallel_calls=PARALLEL)
    keys = []
    for number, example in enumerate(examples.as_numpy_iterator()):
        keys.append(example["key"])
        for name, array in arrays.items():
            array[number] = example[name]
    return np.array(keys, np.bytes_)
