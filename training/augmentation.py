"""Random changes of an image and its label map together, as a pure function of the example and a seed.

Every draw is a stateless one from the seed and the number of the change, so switching one change on or off leaves the
draws of the others as they were, and the same example with the same seed gives the same result anywhere.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from datasets.labels import IGNORE
from training.augmentation_options import Augmentation
from training.inputs.form import Element

_FLIP, _SCALE, _CROP, _PLACE, _COLOUR, _BLUR, _NOISE_STRENGTH, _NOISE, _CUTOUT = range(9)
_GREY = 127.0
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def sample_seed(key: Any, seed: int, epoch: Any) -> Any:
    """`(2,)` int64: the seed of one example in one epoch; its place in the order plays no part."""
    name = tf.strings.to_hash_bucket_strong(key, 2**31 - 1, [seed, 0x51ED270B])
    return tf.stack([name, tf.cast(epoch, tf.int64)])


def augment(example: Element, seed: Any, options: Augmentation) -> Element:
    """The example with `image` `(height, width, channels)` uint8 and, if there, `semantic` `(height, width)` changed.

    Label maps go where the image goes, by nearest neighbour; what was outside the image, or is cut out, becomes
    `IGNORE`. Everything else in the example stays.

    Args:
        example: one example, not a batch.
        seed: `(2,)` integers, see `sample_seed`.
        options: what may be done.
    """
    image, labels = example["image"], example.get("semantic")
    if options.flip:
        mirrored = _uniform(seed, _FLIP) < 0.5
        image = tf.where(mirrored, tf.reverse(image, [1]), image)
        labels = None if labels is None else tf.where(mirrored, tf.reverse(labels, [1]), labels)
    image = tf.cast(image, tf.float32) if options.changes_values else image
    if options.zooms:
        rows, columns = _places(tf.shape(image), seed, options)
        image = _sampled(image, rows, columns)
        labels = None if labels is None else _nearest(labels, rows, columns)
    if options.colour:
        image = _recoloured(image, seed, options.colour)
    if options.blur:
        image = _blurred(image, _uniform(seed, _BLUR) * options.blur, options.blur)
    if options.noise:
        strength = _uniform(seed, _NOISE_STRENGTH) * options.noise
        image += strength * tf.random.stateless_normal(tf.shape(image), _seed(seed, _NOISE), alg="philox")
    if options.cutout:
        hole = _hole(tf.shape(image), seed, options.cutout)
        image = tf.where(hole[:, :, None], _GREY, image)
        labels = None if labels is None else tf.where(hole, tf.cast(IGNORE, labels.dtype), labels)
    if options.changes_values:
        image = tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8)
    changed = {"image": image} if labels is None else {"image": image, "semantic": labels}
    return {**example, **{name: tf.ensure_shape(value, example[name].shape) for name, value in changed.items()}}


def _seed(seed: Any, number: int) -> Any:
    return tf.cast(seed, tf.int64) + tf.constant([0, number << 40], tf.int64)


def _uniform(seed: Any, number: int, shape: tuple[int, ...] = ()) -> Any:
    return tf.random.stateless_uniform(shape, _seed(seed, number), alg="philox")


def _between(draw: Any, low: float, high: float) -> Any:
    return low + draw * (high - low)


def _places(shape: Any, seed: Any, options: Augmentation) -> tuple[Any, Any]:
    """`(height,)` and `(width,)` float32: where in the image each row and column of the result is taken from."""
    zoom = tf.exp(_between(_uniform(seed, _SCALE), *map(math.log, options.scale)))
    window = _between(_uniform(seed, _CROP), *options.crop) / zoom
    sides = tf.cast(shape[:2], tf.float32)
    # The window lies inside the image where it is smaller, and the image inside the window where that is larger.
    corner = (sides - window * sides) * _uniform(seed, _PLACE, (2,))
    rows, columns = ((tf.range(sides[axis]) + 0.5) * window - 0.5 + corner[axis] for axis in (0, 1))
    return rows, columns


def _sampled(image: Any, rows: Any, columns: Any) -> Any:
    """The image at places between its pixels, bilinear; grey outside."""
    inside = _inside(rows, tf.shape(image)[0])[:, None] & _inside(columns, tf.shape(image)[1])[None, :]
    for axis, places in ((0, rows), (1, columns)):
        last = tf.shape(image)[axis] - 1
        low = tf.floor(places)
        share = tf.reshape(places - low, (-1, 1, 1) if axis == 0 else (1, -1, 1))
        first = tf.clip_by_value(tf.cast(low, tf.int32), 0, last)
        second = tf.clip_by_value(tf.cast(low, tf.int32) + 1, 0, last)
        one = tf.gather(image, first, axis=axis)
        image = one + share * (tf.gather(image, second, axis=axis) - one)
    return tf.where(inside[:, :, None], image, _GREY)


def _nearest(labels: Any, rows: Any, columns: Any) -> Any:
    inside = _inside(rows, tf.shape(labels)[0])[:, None] & _inside(columns, tf.shape(labels)[1])[None, :]
    for axis, places in ((0, rows), (1, columns)):
        nearest = tf.clip_by_value(tf.cast(tf.floor(places + 0.5), tf.int32), 0, tf.shape(labels)[axis] - 1)
        labels = tf.gather(labels, nearest, axis=axis)
    return tf.where(inside, labels, tf.cast(IGNORE, labels.dtype))


def _inside(places: Any, side: Any) -> Any:
    """Whether a place lies on a pixel of the image; pixels reach half their width beyond their centres."""
    return (places >= -0.5) & (places < tf.cast(side, tf.float32) - 0.5)


def _recoloured(image: Any, seed: Any, strength: float) -> Any:
    brightness, contrast, saturation = tf.unstack(1 + strength * (2 * _uniform(seed, _COLOUR, (3,)) - 1))
    image = image * brightness
    mean = tf.reduce_mean(image)
    image = mean + (image - mean) * contrast
    if image.shape[-1] == 3:
        grey = tf.reduce_sum(image * tf.constant(_LUMA), axis=-1, keepdims=True)
        image = grey + (image - grey) * saturation
    return tf.clip_by_value(image, 0, 255)


def _blurred(image: Any, sigma: Any, largest: float) -> Any:
    """Gaussian blur as two passes of weighted sums; the edge's pixels are repeated outwards."""
    radius = max(1, round(3 * largest))
    steps = tf.range(-radius, radius + 1)
    weights = tf.exp(-tf.cast(steps * steps, tf.float32) / (2 * tf.square(tf.maximum(sigma, 1e-3))))
    weights /= tf.reduce_sum(weights)
    for axis in (0, 1):
        side = tf.shape(image)[axis]
        parts = [
            weights[i] * tf.gather(image, tf.clip_by_value(tf.range(side) + i - radius, 0, side - 1), axis=axis)
            for i in range(2 * radius + 1)
        ]
        image = tf.add_n(parts)
    return image


def _hole(shape: Any, seed: Any, largest: float) -> Any:
    """`(height, width)` bool: a rectangle that lies inside the image."""
    draws = _uniform(seed, _CUTOUT, (4,))
    parts = []
    for axis in (0, 1):
        side = tf.cast(shape[axis], tf.float32)
        length = side * largest * draws[axis]
        start = (side - length) * draws[axis + 2]
        centres = tf.range(side) + 0.5
        parts.append((centres >= start) & (centres < start + length))
    return parts[0][:, None] & parts[1][None, :]
