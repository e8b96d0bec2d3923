"""From the shards of a split to batches of images and labels.

Images are resized with antialiasing; labels are looked up as dense class indices and, where asked, resized by nearest
neighbour. Scaling of pixel values is the network's own business, so that a saved network takes images as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError, VerificationError
from datasets.fields import FIELDS

Element = dict[str, Any]
"""One example, or a batch of them: a tensor for `key` and for each field."""

Selection = Callable[[Any], Any]
"""Which examples of a split are taken, by their keys: string tensor -> bool tensor of the same shape."""

_GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and libjpeg weigh colours
_SHUFFLE_BUFFER = 512  # encoded records, not pixels: a few tens of megabytes at most
_PNG_BITS_AND_GREY = b"\x08\x00"  # bytes 24 and 25 of a PNG: 8 bits a sample, colour type 0


@dataclass(frozen=True)
class Form:
    """The form in which examples are handed out.

    Attributes:
        fields: paths of `datasets.fields` to read: `image`, `semantic`, `label`.
        size: height and width that images are resized to; None leaves them as stored.
        channels: of the image, 1 or 3.
        resize_labels: False hands out label maps at their stored size.
    """

    fields: tuple[str, ...] = ("image", "label")
    size: tuple[int, int] | None = None
    channels: int = 3
    resize_labels: bool = True

    def __post_init__(self) -> None:
        unknown = set(self.fields) - {"image", "semantic", "label"}
        if unknown or not self.fields:
            raise UsageError(f"fields must be some of image, semantic, label; got {self.fields}")
        if self.channels not in (1, 3):
            raise UsageError(f"channels must be 1 (grey) or 3 (red, green, blue), got {self.channels}")
        if self.size is not None and min(self.size) < 1:
            raise UsageError(f"size must be a height and a width of at least 1 pixel, got {self.size}")


def read_split(
    dataset: Dataset, split: str, form: Form, *, shuffle_seed: int | None = None, select: Selection | None = None
) -> tf.data.Dataset:
    """Single examples of a split, decoded in parallel, in an order that depends on `shuffle_seed` alone.

    Each element holds `key` (bytes) and the fields: `image` `(height, width, channels)` uint8, `semantic`
    `(height, width)` int32 and `label` int32, both dense indices of their label space, 255 for what is to be ignored.
    Without a seed the order is that of the files; with one, every pass has another order, the same in every run.

    Raises:
        UsageError: the data set has no such split or field.
        tf.errors.InvalidArgumentError: while reading: a damaged image, a label map that is no 8-bit grey PNG.
        tf.errors.FailedPreconditionError: while reading: a split shorter or longer than its manifest says.
    """
    wanted = dataset.split(split)
    features, decoders = _plan(dataset, form)
    records = _records([str(path) for path in wanted.files], wanted.examples, shuffle_seed)

    def parse(record: Any) -> Element:
        return dict(tf.io.parse_single_example(record, features))

    def decode(stored: Element) -> Element:
        return {name: decoder(stored) for name, decoder in decoders.items()}

    examples = records.map(parse, num_parallel_calls=tf.data.AUTOTUNE)
    if select is not None:
        chosen = select
        examples = examples.filter(lambda stored: chosen(stored[FIELDS["key"].feature]))
    return examples.map(decode, num_parallel_calls=tf.data.AUTOTUNE)


def load_arrays(dataset: Dataset, split: str, form: Form, *, select: Selection | None = None) -> dict[str, np.ndarray]:
    """A whole small split in memory, in stored order: an array for `key` and each field, as `read_split` gives them.

    Raises:
        UsageError: as `read_split`; images of several sizes without `size`; nothing selected.
        VerificationError: a file of the split is damaged.
    """
    try:
        rows = list(read_split(dataset, split, form, select=select).as_numpy_iterator())
    except tf.errors.OpError as error:
        raise VerificationError(
            f"data set {dataset.name!r}, split {split!r} cannot be read: {error.message}. "
            "Run `realitygap verify` on it to find the damaged file."
        ) from None
    if not rows:
        raise UsageError(f"data set {dataset.name!r}, split {split!r}: no example is left to read")
    shapes = {row[name].shape for row in rows for name in form.fields if name != "label"}
    if len({shape[:2] for shape in shapes}) > 1:
        raise UsageError(
            f"data set {dataset.name!r}, split {split!r} has images of {len(shapes)} sizes; give a size to load them"
        )
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def count_selected(dataset: Dataset, split: str, select: Selection) -> int:
    """How many examples of a split are selected; only their keys are read."""
    wanted = dataset.split(split)
    feature = FIELDS["key"].feature
    form = {feature: tf.io.FixedLenFeature([], tf.string)}
    records = _records([str(path) for path in wanted.files], wanted.examples, None)
    keys = records.map(lambda record: tf.io.parse_single_example(record, form)[feature])
    return int(keys.map(lambda key: tf.cast(select(key), tf.int64)).reduce(np.int64(0), lambda a, b: a + b))


def held_out(share: float, seed: int) -> Selection:
    """A fixed share of a data set chosen by a seeded hash of the keys: key tensor -> whether it is held out.

    The choice depends on key and seed alone, so it survives another order, another number of shards and more data.
    """
    buckets = 1_000_000

    def choose(key: Any) -> Any:
        return tf.strings.to_hash_bucket_strong(key, buckets, [seed, 0x9E3779B9]) < round(share * buckets)

    return choose


def not_held_out(share: float, seed: int) -> Selection:
    """The complement of `held_out`."""
    choose = held_out(share, seed)
    return lambda key: tf.logical_not(choose(key))


def flip_at_random(examples: tf.data.Dataset, seed: int) -> tf.data.Dataset:
    """Every image and its label map mirrored left to right, or not, with equal chance; another draw in every pass."""
    draws = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)

    def flip(element: Element, draw: Any) -> Element:
        return {
            name: tf.cond(draw % 2 == 0, lambda v=value: v, lambda v=value: tf.reverse(v, [1]))
            if name in ("image", "semantic")
            else value
            for name, value in element.items()
        }

    return tf.data.Dataset.zip((examples, draws)).map(flip, num_parallel_calls=tf.data.AUTOTUNE)


def _records(files: Sequence[str], examples: int, shuffle_seed: int | None) -> tf.data.Dataset:
    if shuffle_seed is None:
        records = tf.data.TFRecordDataset(list(files))
    else:
        names = tf.data.Dataset.from_tensor_slices(list(files)).shuffle(len(files), seed=shuffle_seed)
        records = names.interleave(tf.data.TFRecordDataset, cycle_length=min(16, len(files)))
    # TensorFlow reads a file that was cut inside a record header without a word; the count gives it away.
    counted = records.apply(tf.data.experimental.assert_cardinality(examples))
    if shuffle_seed is None:
        return counted
    return counted.shuffle(min(examples, _SHUFFLE_BUFFER), seed=shuffle_seed + 1)


def _plan(dataset: Dataset, form: Form) -> tuple[dict[str, Any], dict[str, Callable[[Element], Any]]]:
    features: dict[str, Any] = {FIELDS["key"].feature: tf.io.FixedLenFeature([], tf.string)}
    decoders: dict[str, Callable[[Element], Any]] = {"key": lambda stored: stored[FIELDS["key"].feature]}
    for path in form.fields:
        if path not in dataset.schema:
            raise UsageError(
                f"data set {dataset.name!r} has no field {path!r}; it has {', '.join(dataset.schema.paths)}"
            )
        kind = tf.int64 if path == "label" else tf.string
        features[FIELDS[path].feature] = tf.io.FixedLenFeature([], kind)
        decoders[path] = _decoder(dataset, path, form)
    return features, decoders


def _decoder(dataset: Dataset, path: str, form: Form) -> Callable[[Element], Any]:
    feature = FIELDS[path].feature
    if path == "image":
        return lambda stored: _image(stored[feature], form.size, form.channels)
    space = dataset.schema[path].space
    if space is None:
        raise UsageError(f"data set {dataset.name!r}: field {path!r} names no label space, so its ids have no meaning")
    table = tf.constant(space.index_table.astype(np.int32))
    if path == "label":
        return lambda stored: tf.gather(table, stored[feature])
    return lambda stored: tf.gather(table, _label_map(stored[feature], form.size if form.resize_labels else None))


def _image(data: Any, size: tuple[int, int] | None, channels: int) -> Any:
    pixels = tf.cond(
        tf.io.is_jpeg(data),
        # The general decoder takes a fast inverse transform whose pixels are off by up to four levels.
        lambda: tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(data, channels=3, expand_animations=False),
    )
    pixels.set_shape((None, None, 3))
    if size is None and channels == 3:
        return pixels
    colours = tf.cast(pixels, tf.float32)
    if size is not None:
        colours = tf.image.resize(colours, size, "bilinear", antialias=True)
    if channels == 1:
        colours = tf.reduce_sum(colours * tf.constant(_GREY_WEIGHTS), axis=-1, keepdims=True)
    return tf.cast(tf.clip_by_value(tf.round(colours), 0, 255), tf.uint8)


def _label_map(data: Any, size: tuple[int, int] | None) -> Any:
    # TensorFlow turns palette and low-bit PNGs into grey values, which would be other class ids without a word.
    check = tf.debugging.assert_equal(
        tf.strings.substr(data, 24, 2), _PNG_BITS_AND_GREY, "a label map must be a PNG of 8-bit grey"
    )
    with tf.control_dependencies([check]):
        ids = tf.io.decode_png(data, channels=1)
    if size is not None:
        ids = tf.image.resize(ids, size, "nearest")
    return tf.cast(ids[:, :, 0], tf.int32)
