"""The bytes of `tf.train.Example`, written and read without TensorFlow.

Follows tensorflow/core/example/{example,feature}.proto and the protocol buffers wire format. Features are written in
the order of their names, so equal values give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

FeatureValue = bytes | np.ndarray
"""One byte string, or a one-dimensional array of int64 or float32."""

_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3  # field numbers of the oneof in message Feature
_LENGTH_DELIMITED = 2
_ONE_BYTE = tuple(bytes([number]) for number in range(128))
_TAGS = tuple(_ONE_BYTE[number << 3 | _LENGTH_DELIMITED] for number in range(4))
"""What stands before a field of bytes, by its number."""

_LONG = 1 << 10  # bytes; a shorter value is joined to what stands beside it


def encode_example(features: Mapping[str, FeatureValue | int]) -> bytes:
    """Serialised `tf.train.Example` of named features; an integer is stored as an array of one.

    Raises:
        TypeError: a value is neither bytes nor an integer nor an int64 or float32 array.
        OverflowError: an integer needs more than 64 bits.
    """
    return b"".join(example_parts(features))


def example_parts(features: Mapping[str, FeatureValue | int]) -> list[bytes]:
    """The same bytes in pieces, so that large images among them are not copied.

    Raises:
        TypeError: a value is neither bytes nor an integer nor an int64 or float32 array.
        OverflowError: an integer needs more than 64 bits.
    """
    parts: list[bytes] = []
    small = bytearray()
    for name in sorted(features):
        head, body = _map_entry(name, features[name])
        small += head
        if len(body) < _LONG:
            small += body
        else:
            parts += [bytes(small), body]
            small = bytearray()
    parts.append(bytes(small))
    size = sum(map(len, parts))
    return [_TAGS[1] + _varint(size) + parts[0], *parts[1:]]


def decode_example(data: bytes) -> dict[str, FeatureValue]:
    """The inverse of `encode_example`; also reads what other writers produce, packed or not.

    Raises:
        ValueError: the bytes are no serialised `tf.train.Example`.
    """
    features: dict[str, FeatureValue] = {}
    for number, message in _fields(data):
        if number != 1 or not isinstance(message, bytes):
            continue
        for entry_number, entry in _fields(message):
            if entry_number == 1 and isinstance(entry, bytes):
                name, value = _decode_entry(entry)
                features[name] = value
    return features


def _map_entry(name: str, value: FeatureValue | int) -> tuple[bytes, bytes]:
    """An entry of the map Features.feature in two pieces: all that stands before the value's bytes, and these."""
    if isinstance(value, bytes):
        kind, body = _BYTES_LIST, value
    elif isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise OverflowError(f"feature {name!r} must be a number of 64 bits, got {value}")
        kind, body = _INT64_LIST, _varint(value & 0xFFFFFFFFFFFFFFFF)
    elif value.dtype == np.float32:
        kind, body = _FLOAT_LIST, np.ascontiguousarray(value, "<f4").tobytes()
    elif value.dtype == np.int64:
        kind, body = _INT64_LIST, b"".join([_varint(number & 0xFFFFFFFFFFFFFFFF) for number in value.tolist()])
    else:
        raise TypeError(f"feature {name!r} must be bytes, an integer, int64 or float32, got {value.dtype}")
    return _head(name, kind, len(body)), body


@lru_cache(1 << 10)  # most features are as long in one example as in the next
def _head(name: str, kind: int, size: int) -> bytes:
    """All that stands before `size` bytes of values of one kind."""
    absent = not size and kind != _BYTES_LIST  # an empty packed list has no field at all
    in_list = b"" if absent else _TAGS[1] + _varint(size)
    in_feature = _TAGS[kind] + _varint(len(in_list) + size) + in_list
    in_entry = _delimited(1, name.encode()) + _TAGS[2] + _varint(len(in_feature) + size) + in_feature
    return _TAGS[1] + _varint(len(in_entry) + size) + in_entry


def _decode_entry(entry: bytes) -> tuple[str, FeatureValue]:
    parts = {number: value for number, value in _fields(entry) if isinstance(value, bytes)}
    name = parts.get(1, b"").decode()
    for kind, body in _fields(parts.get(2, b"")):
        if not isinstance(body, bytes):
            break
        if kind == _BYTES_LIST:
            return name, next((value for number, value in _fields(body) if isinstance(value, bytes)), b"")
        if kind == _FLOAT_LIST:
            packed = b"".join(value for _, value in _fields(body) if isinstance(value, bytes))
            return name, np.frombuffer(packed, "<f4").astype(np.float32)
        if kind == _INT64_LIST:
            return name, np.array(list(_int64_values(body)), np.int64)
    raise ValueError(f"feature {name!r} holds no list of values")


def _int64_values(body: bytes) -> Iterator[int]:
    for _, value in _fields(body):
        if isinstance(value, int):
            yield _signed(value)
            continue
        position = 0
        while position < len(value):
            number, position = _read_varint(value, position)
            yield _signed(number)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


def _delimited(number: int, body: bytes) -> bytes:
    return _TAGS[number] + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    if number <= 0x7F:
        return _ONE_BYTE[number]
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, position
        shift += 7
    raise ValueError("a number is cut short")


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Field numbers and values of a message; a 32-bit value comes as its 4 bytes, a 64-bit one as its 8."""
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _read_varint(message, position)
            yield number, value
            continue
        if wire == _LENGTH_DELIMITED:
            length, position = _read_varint(message, position)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire} is not used in this message")
        if position + length > len(message):
            raise ValueError("a field runs past the end of its message")
        yield number, message[position : position + length]
        position += length
