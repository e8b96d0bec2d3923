"""Endless training batches in an order that seed and step alone decide.

Epoch `e` of a stream is the permutation of the split that `(seed, e)` gives, cut into batches; step `s` is batch
`s mod steps_per_epoch` of epoch `s // steps_per_epoch`. So a position is one number, and a stream that begins at a
step gives what an undisturbed one gives from there on. Where an example lies among the shards plays no part in when
it comes; records are read from their places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError
from training.augmentation import augment, sample_seed
from training.augmentation_options import NOTHING, Augmentation
from training.inputs.cache import cached_arrays, fits, held_arrays
from training.inputs.decoding import make_decoder
from training.inputs.form import Element, Form
from training.inputs.reading import PARALLEL, read_at
from training.inputs.records import Records, Selection, open_records


@dataclass(frozen=True, eq=False)
class Stream:
    """Batches of one split of one data set.

    Attributes:
        dataset: the data set.
        split: the split, always named.
        form: the form of the examples; it must have a size, or images must all be of one.
        batch_size: examples a batch.
        seed: of order and augmentation; two streams with different seeds are independent.
        select: which examples are taken.
        augmentation: what is drawn anew for every example in every epoch.
        whole_batches: drop the examples of an epoch that do not fill a batch; else its last batch is smaller.
        cache: folder for decoded examples.
        memory_bytes: without such a folder, decoded examples are kept in memory if all take no more than this.
    """

    dataset: Dataset
    split: str
    form: Form
    batch_size: int
    seed: int
    select: Selection | None = None
    augmentation: Augmentation = NOTHING
    whole_batches: bool = False
    cache: Path | None = None
    memory_bytes: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UsageError(f"seed must be 0 or more, got {self.seed}")
        if not len(self._records):
            raise UsageError(f"data set {self.dataset.name!r}, split {self.split!r}: no example is left to read")
        if not self.steps_per_epoch:
            raise UsageError(
                f"data set {self.dataset.name!r}, split {self.split!r}: {self.examples} examples do not fill a batch "
                f"of {self.batch_size}; use a smaller batch"
            )

    @property
    def examples(self) -> int:
        """Examples that are drawn from."""
        return len(self._records)

    @property
    def steps_per_epoch(self) -> int:
        """Batches an epoch."""
        return self.examples // self.batch_size if self.whole_batches else -(-self.examples // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """`(n,)` int64: the places in the selection, in the order in which they come in an epoch."""
        order = np.random.default_rng((self.seed, epoch)).permutation(self.examples)
        return order[: self.steps_per_epoch * self.batch_size]

    def batches(self, first_step: int = 0) -> tf.data.Dataset:
        """Batches from a step on, without end: `key` and the fields, with a leading dimension."""
        first_epoch, first_batch = divmod(first_step, self.steps_per_epoch)
        arrays = self._arrays  # filled now, not inside the graph

        @tf.autograph.experimental.do_not_convert
        def batches_of(epoch: Any) -> tf.data.Dataset:
            skipped = tf.where(tf.equal(epoch, first_epoch), np.int64(first_batch), np.int64(0))
            return self._decoded_batches(epoch, skipped) if arrays is None else self._loaded(arrays, epoch, skipped)

        epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max)
        return epochs.flat_map(batches_of).prefetch(2)

    @cached_property
    def held_in_memory(self) -> bool:
        """Whether the whole split is decoded before the first batch and kept in memory."""
        return self.cache is None and fits(self.dataset, self.split, self.form, self.memory_bytes)

    @cached_property
    def _records(self) -> Records:
        return open_records(self.dataset, self.split, self.select)

    @cached_property
    def _order(self) -> Callable[[int], np.ndarray]:
        return lru_cache(maxsize=2)(self.order)  # the end of one epoch is still read while the next begins

    @cached_property
    def _arrays(self) -> dict[str, np.ndarray] | None:
        if self.cache is not None:
            return cached_arrays(self.cache, self.dataset, self.split, self.form)
        return held_arrays(self.dataset, self.split, self.form) if self.held_in_memory else None

    def _decoded_batches(self, epoch: Any, skipped: Any) -> tf.data.Dataset:
        decode = make_decoder(self.dataset, self.form)

        def example(record: Any) -> Element:
            return self._augmented(decode(record), epoch)

        taken = len(self.order(0))
        records = read_at(self._records, self._order, taken, skipped * self.batch_size, epoch)
        return records.map(example, num_parallel_calls=PARALLEL, deterministic=True).batch(self.batch_size)

    def _loaded(self, arrays: dict[str, np.ndarray], epoch: Any, skipped: Any) -> tf.data.Dataset:
        kinds = {name: tf.as_dtype(array.dtype) if name != "key" else tf.string for name, array in arrays.items()}

        def gather(batch: Any, epoch: Any) -> list[np.ndarray]:
            places = self._order(int(epoch))[batch * self.batch_size : (batch + 1) * self.batch_size]
            numbers = self._records.numbers[places]
            return [
                array[numbers].astype(object) if name == "key" else array[numbers] for name, array in arrays.items()
            ]

        def load(batch: Any) -> Element:
            values = tf.numpy_function(gather, [batch, epoch], list(kinds.values()), stateful=False)
            shapes = [(None, *array.shape[1:]) for array in arrays.values()]
            return {name: tf.ensure_shape(v, shape) for name, v, shape in zip(kinds, values, shapes, strict=True)}

        steps = tf.data.Dataset.range(skipped, self.steps_per_epoch)
        batches = steps.map(load, num_parallel_calls=2, deterministic=True)
        if self.augmentation.changes_nothing:
            return batches
        single = batches.unbatch().map(
            lambda example: self._augmented(example, epoch), num_parallel_calls=PARALLEL, deterministic=True
        )
        return single.batch(self.batch_size)

    def _augmented(self, example: Element, epoch: Any) -> Element:
        if self.augmentation.changes_nothing:
            return example
        return augment(example, sample_seed(example["key"], self.seed, epoch), self.augmentation)


def in_step(streams: Mapping[str, Stream], first_step: int = 0) -> tf.data.Dataset:
    """One batch of each stream a step, by name, from a step on: for two domains that are drawn independently.

    Raises:
        UsageError: two streams share data, split and seed, so that they would not be independent.
    """
    sources = [(stream.dataset.fingerprint, stream.split, stream.seed) for stream in streams.values()]
    if len(set(sources)) < len(sources):
        raise UsageError(
            f"streams {', '.join(streams)} draw the same examples in the same order; give them other seeds"
        )
    return tf.data.Dataset.zip({name: stream.batches(first_step) for name, stream in streams.items()})
