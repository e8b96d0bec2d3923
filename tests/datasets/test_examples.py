from __future__ import annotations

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datasets.examples import FeatureValue, decode_example, encode_example

_VALUES: st.SearchStrategy[FeatureValue] = st.one_of(
    st.binary(max_size=300),
    arrays(np.int64, st.integers(0, 20)),
    arrays(np.float32, st.integers(0, 20), elements=st.floats(width=32, allow_nan=False)),
)
_FEATURES = st.dictionaries(st.text(max_size=20), _VALUES, max_size=6)


def _by_tensorflow(features: dict[str, FeatureValue]) -> tf.train.Example:
    def feature(value: FeatureValue) -> tf.train.Feature:
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        if value.dtype == np.int64:
            return tf.train.Feature(int64_list=tf.train.Int64List(value=value))
        return tf.train.Feature(float_list=tf.train.FloatList(value=value))

    return tf.train.Example(features=tf.train.Features(feature={k: feature(v) for k, v in features.items()}))


def _same(left: dict[str, FeatureValue], right: dict[str, FeatureValue]) -> bool:
    if left.keys() != right.keys():
        return False
    return all(left[k] == right[k] if isinstance(left[k], bytes) else np.array_equal(left[k], right[k]) for k in left)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**64 + 3])
def test_a_number_of_more_than_64_bits_is_refused(value: int) -> None:
    with pytest.raises(OverflowError, match="'x' must be a number of 64 bits"):
        encode_example({"x": value})


@pytest.mark.parametrize("size", [1023, 1024, 1025, 70_000])
def test_long_values_stand_between_short_ones(size: int) -> None:
    features: dict[str, FeatureValue] = {"a": b"short", "b": bytes(size), "c": np.arange(3), "d": b"l" * size, "e": b""}
    theirs = _by_tensorflow(features)
    assert tf.train.Example.FromString(encode_example(features)) == theirs
    assert _same(decode_example(encode_example(features)), features)


@given(value=st.integers(-(2**63), 2**63 - 1))
def test_a_number_is_stored_as_an_array_of_one(value: int) -> None:
    assert encode_example({"x": value}) == encode_example({"x": np.array([value], np.int64)})


@given(_FEATURES)
def test_tensorflow_reads_what_is_written(features: dict[str, FeatureValue]) -> None:
    assert tf.train.Example.FromString(encode_example(features)) == _by_tensorflow(features)


@given(_FEATURES)
def test_what_tensorflow_writes_is_read(features: dict[str, FeatureValue]) -> None:
    assert _same(decode_example(_by_tensorflow(features).SerializeToString()), features)


@given(_FEATURES)
def test_the_order_of_features_does_not_change_the_bytes(features: dict[str, FeatureValue]) -> None:
    assert encode_example(features) == encode_example(dict(reversed(features.items())))


@given(st.text(max_size=200), _VALUES)
def test_the_bytes_of_one_feature_are_those_that_tensorflow_writes(name: str, value: FeatureValue) -> None:
    assert encode_example({name: value}) == _by_tensorflow({name: value}).SerializeToString()


@given(_FEATURES, st.data())
def test_damaged_bytes_raise_value_error_or_read(features: dict[str, FeatureValue], data: st.DataObject) -> None:
    good = bytearray(encode_example(features))
    if not good:
        return
    good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ValueError):
        decode_example(bytes(good))


def test_another_number_type_is_refused() -> None:
    with pytest.raises(TypeError, match="'x'.*float64"):
        encode_example({"x": np.zeros(3)})
