"""From record bytes to tensors.

Labels are looked up as dense class indices and, where asked, resized by nearest neighbour. Scaling of pixel values is
the network's own business, so that a saved network takes images as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.fields import FIELDS
from datasets.label_lookups import lookup
from datasets.label_space import LabelSpace
from datasets.labels import LABEL_SPACES
from training.inputs.form import Element, Form, Resampling

_GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and libjpeg weigh colours
_GATHERED_PIXELS = 1 << 15
_PNG_BITS_AND_GREY = b"\x08\x00"  # bytes 24 and 25 of a PNG: 8 bits a sample, colour type 0

Decoder = Callable[[Any], Element]


def make_decoder(dataset: Dataset, form: Form) -> Decoder:
    """A function: one record's bytes -> `key` and the fields of the form.

    `image` is `(height, width, channels)` uint8, `semantic` `(height, width)` uint8 and `label` int32, both dense
    indices of their label space, 255 for what is to be ignored; with `stored_ids` they are as stored.

    Raises:
        UsageError: the data set lacks a field, or there is no way from its label space to the one asked for.
        tf.errors.InvalidArgumentError: while decoding: a damaged image, a label map that is no 8-bit grey PNG.
    """
    features: dict[str, Any] = {FIELDS["key"].feature: tf.io.FixedLenFeature([], tf.string)}
    decoders: dict[str, Callable[[Element], Any]] = {"key": lambda stored: stored[FIELDS["key"].feature]}
    for path in form.fields:
        if path not in dataset.schema:
            raise UsageError(
                f"data set {dataset.name!r} has no field {path!r}; it has {', '.join(dataset.schema.paths)}"
            )
        kind = tf.int64 if path == "label" else tf.string
        features[FIELDS[path].feature] = tf.io.FixedLenFeature([], kind)
        decoders[path] = _field_decoder(dataset, path, form)

    def decode(record: Any) -> Element:
        stored = tf.io.parse_single_example(record, features)
        return {name: decoder(stored) for name, decoder in decoders.items()}

    return decode


def label_space(dataset: Dataset, path: str, wanted: str | None = None) -> LabelSpace:
    """The space of the dense indices that `path` is handed out in.

    Raises:
        UsageError: the field is missing, has no space, or there is no way from its space to the wanted one.
    """
    return _space_and_table(dataset, path, wanted)[0]


def label_table(dataset: Dataset, path: str, wanted: str | None = None) -> np.ndarray:
    """`(256,)` uint8: the dense index in the wanted space of every stored id.

    Raises:
        UsageError: as `label_space`.
    """
    return _space_and_table(dataset, path, wanted)[1]


def _space_and_table(dataset: Dataset, path: str, wanted: str | None) -> tuple[LabelSpace, np.ndarray]:
    """The space handed out, and `(256,)` its dense index for every stored id."""
    stored = dataset.schema[path].space if path in dataset.schema else None
    if stored is None:
        raise UsageError(f"data set {dataset.name!r}: field {path!r} names no label space, so its ids have no meaning")
    if wanted is None or wanted == stored.name:
        return stored, stored.index_table
    space = LABEL_SPACES.get(wanted)
    if space is None:
        raise UsageError(f"there is no label space {wanted!r}; there are {', '.join(LABEL_SPACES)}")
    return space, space.index_table[lookup(stored.name, wanted).table]


def _field_decoder(dataset: Dataset, path: str, form: Form) -> Callable[[Element], Any]:
    feature = FIELDS[path].feature
    if path == "image":
        return lambda stored: _image(stored[feature], form)
    size = form.size if form.resize_labels else None
    if form.stored_ids and path == "semantic":
        return lambda stored: _label_map(stored[feature], size)
    _, indices = _space_and_table(dataset, path, form.label_space)
    if path == "label":
        table = tf.constant(indices.astype(np.int32))
        return lambda stored: tf.gather(table, stored[feature])
    return lambda stored: _looked_up(_label_map(stored[feature], size), indices)


def _image(data: Any, form: Form) -> Any:
    pixels = tf.cond(
        tf.io.is_jpeg(data),
        # The general decoder takes a fast inverse transform whose pixels are off by up to four levels.
        lambda: tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(data, channels=3, expand_animations=False),
    )
    pixels.set_shape((None, None, 3))
    if form.size is None and form.channels == 3:
        return pixels
    colours = resized(pixels, form.size, form.resampling) if form.size else tf.cast(pixels, tf.float32)
    if form.channels == 1:
        colours = tf.reduce_sum(colours * tf.constant(_GREY_WEIGHTS), axis=-1, keepdims=True)
    return tf.cast(tf.clip_by_value(tf.round(colours), 0, 255), tf.uint8)


def resized(pixels: Any, size: tuple[int, int], resampling: Resampling) -> Any:
    """`(height, width, channels)` uint8 resized, as float32 that is not rounded."""

    def triangle() -> Any:
        return tf.image.resize(tf.cast(pixels, tf.float32), size, "bilinear", antialias=True)

    if resampling == "triangle":
        return triangle()
    height, width = tf.unstack(tf.shape(pixels)[:2])
    # Where an image grows, the mean over what a pixel covers would be a mosaic.
    shrinks = (height >= size[0]) & (width >= size[1])
    large = tf.cond(shrinks, lambda: tf.image.resize(pixels, size, "area"), triangle)
    return tf.ensure_shape(large, (*size, 3))


def _label_map(data: Any, size: tuple[int, int] | None) -> Any:
    # TensorFlow turns palette and low-bit PNGs into grey values, which would be other class ids without a word.
    check = tf.debugging.assert_equal(
        tf.strings.substr(data, 24, 2), _PNG_BITS_AND_GREY, "a label map must be a PNG of 8-bit grey"
    )
    with tf.control_dependencies([check]):
        ids = tf.io.decode_png(data, channels=1)
    if size is not None:
        ids = tf.image.resize(ids, size, "nearest")
    return ids[:, :, 0]


def _looked_up(ids: Any, table: np.ndarray) -> Any:
    """Every byte of a map replaced by that of the table `(256,)` uint8.

    TensorFlow's gathering takes several times as long a pixel as Python's translation, but a small map is gathered
    before Python has been called, and without waiting for its lock.
    """
    if (ids.shape.num_elements() or math.inf) <= _GATHERED_PIXELS:
        return tf.gather(tf.constant(table), tf.cast(ids, tf.int32))
    translation = table.tobytes()

    def translate(pixels: np.ndarray) -> np.ndarray:
        return np.frombuffer(pixels.tobytes().translate(translation), np.uint8).reshape(pixels.shape)

    return tf.ensure_shape(tf.numpy_function(translate, [ids], tf.uint8, stateful=False), ids.shape)
