"""Which examples of a split are taken: a share by a seeded hash of the keys, and the rest."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from training.inputs.records import Selection

_BUCKETS = 1_000_000


def held_out(share: float, seed: int) -> Selection:
    """A fixed share of a data set chosen by a seeded hash of the keys: key tensor -> whether it is held out.

    The choice depends on key and seed alone, so it survives another order, another number of shards and more data.
    """

    def choose(key: Any) -> Any:
        return tf.strings.to_hash_bucket_strong(key, _BUCKETS, [seed, 0x9E3779B9]) < round(share * _BUCKETS)

    return choose


def not_held_out(share: float, seed: int) -> Selection:
    """The complement of `held_out`."""
    choose = held_out(share, seed)
    return lambda key: tf.logical_not(choose(key))
