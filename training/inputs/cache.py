"""Decoded and resized examples of a split on disk, so that every later pass costs a copy and no decoding.

The arrays are mapped, not loaded: the system keeps in memory what it has room for and gives it up when asked.
"""

from __future__ import annotations

import hashlib
import json
import shutil
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
from training.inputs.records import Records, open_records

_FORMAT = 1


def cached_arrays(folder: Path, dataset: Dataset, split: str, form: Form) -> dict[str, np.ndarray]:
    """Arrays for `key` and every field of a whole split in stored order, mapped from files; made where they are not.

    They lie in a folder of their own, named by data, split and form, that appears only when it is whole.

    Raises:
        UsageError: the form has no size, so that images may differ in theirs.
        VerificationError: a record cannot be read.
    """
    if form.size is None or not form.resize_labels:
        raise UsageError("a cache needs images and labels of one size: give a size")
    target = folder / _name(dataset, split, form)
    if not target.is_dir():
        _fill(target, dataset, split, form)
    return {name: np.load(target / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ("key", *form.fields)}


def _name(dataset: Dataset, split: str, form: Form) -> str:
    """A name that changes with all that the arrays depend on."""
    facts = {"data": dataset.fingerprint, "split": split, "form": asdict(form), "format": _FORMAT}
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"{dataset.name}-{split}-{digest[:16]}"


def _fill(target: Path, dataset: Dataset, split: str, form: Form) -> None:
    records = open_records(dataset, split)
    decode = make_decoder(dataset, form)
    examples = read_in_order(records, np.arange(len(records))).map(decode, num_parallel_calls=PARALLEL)
    # Not by process: in two containers that share the folder both may have the same number.
    unfinished = target.with_name(f".{uuid4().hex}-{target.name}")
    try:
        unfinished.mkdir(parents=True)
        _write(unfinished, examples, records, form)
        unfinished.rename(target)
    except tf.errors.OpError as error:
        raise unreadable(dataset, split, error) from None
    except OSError:
        if not target.is_dir():  # else another process was faster, with the same bytes
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(folder: Path, examples: tf.data.Dataset, records: Records, form: Form) -> None:
    assert form.size is not None
    shapes: dict[str, tuple[Any, tuple[int, ...]]] = {
        "image": (np.uint8, (*form.size, form.channels)),
        "semantic": (np.uint8, form.size),
        "label": (np.int32, ()),
    }
    arrays = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", shapes[name][0], (len(records), *shapes[name][1]))
        for name in form.fields
    }
    keys = []
    for number, example in enumerate(examples.as_numpy_iterator()):
        keys.append(example["key"])
        for name, array in arrays.items():
            array[number] = example[name]
    for array in arrays.values():
        array.flush()
    np.save(folder / "key.npy", np.array(keys, np.bytes_), allow_pickle=False)
