"""Random changes of whole batches, by which a recipe makes few images, or images too much alike, go further.

`training.augmentation` changes single examples on their way from disk. A study holds its images in memory, and what it
draws must depend on seed and step alone, so that every method meets the same changes and a resumed run the same again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from training.adaptation.objective import Batch, Objective

_FIRST_STREAM = 500  # of random numbers; methods use lower ones
_TARGET_STREAM = 550  # for methods that change target images, too
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601

Range = tuple[float, float]


@dataclass(frozen=True)
class Ranges:
    """What is drawn evenly for each image, `(low, high)` each; equal ends change nothing.

    Attributes:
        gamma: natural logarithm of the exponent of values between 0 and 1.
        contrast: factor of the distance from the image's mean.
        apart: whether contrast is drawn for each channel by itself, and is the distance from middle grey.
        brightness: factor of the image's mean.
        saturation: factor of the distance from grey.
        tint: factor of each channel.
        softness: 1 is a 3x3 mean, 0 nothing, below 0 sharpens.
        noise: standard deviation of Gaussian noise, values between 0 and 1.
        offset: added to each channel, values between 0 and 1.
        inverted: chance that contrast is turned round.
    """

    gamma: Range = (0.0, 0.0)
    contrast: Range = (1.0, 1.0)
    apart: bool = False
    brightness: Range = (1.0, 1.0)
    saturation: Range = (1.0, 1.0)
    tint: Range = (1.0, 1.0)
    softness: Range = (0.0, 0.0)
    noise: Range = (0.0, 0.0)
    offset: Range = (0.0, 0.0)
    inverted: float = 0.0


AUGMENTATIONS: dict[str, Ranges] = {
    "none": Ranges(),
    "photographic": Ranges(
        gamma=(-0.5, 0.5), contrast=(0.6, 1.5), brightness=(0.6, 1.4), saturation=(0.2, 1.3), tint=(0.85, 1.15),
        softness=(-0.5, 1.0), noise=(0.0, 0.05)),
    "polarity": Ranges(contrast=(0.25, 1.5), apart=True, offset=(-0.5, 0.5), inverted=0.5),
}  # fmt: skip
"""Changes of values by name: none; what cameras and light do; any two colours for figure and ground."""


def augmented(objective: Objective, batch: Batch) -> Batch:
    """The batch as the objective's recipe wants it changed.

    Mirroring is for all images and their label maps, because which way a scene runs is a property of neither domain.
    Values are changed on the source alone: that is where the variety of the real world is missing. Points are no
    images and stay as they are.
    """
    if len(batch.images.shape) != 4:
        return batch
    if objective.recipe.mirror:
        batch = _mirrored(objective, batch)
    ranges = AUGMENTATIONS[objective.recipe.augmentation]
    if ranges == Ranges() or not batch.source:
        return batch
    changed = changed_values(batch.of_source(batch.images), ranges, draws_of(objective, batch.step))
    return replace(batch, images=tf.concat([changed, batch.of_target(batch.images)], 0))


class _Draws:
    """Numbers of one step, a stream a change, so that switching one off leaves the others as they were."""

    def __init__(self, objective: Objective, step: Any, first: int) -> None:
        self._objective, self._step, self._first = objective, step, first

    def uniform(self, change: int, shape: Any, bounds: Range) -> Any:
        low, high = bounds
        return low + (high - low) * self._objective.random(shape, self._step, self._first + change)

    def normal(self, change: int, shape: Any) -> Any:
        return self._objective.random(shape, self._step, self._first + change, tf.random.stateless_normal)


def draws_of(objective: Objective, step: Any, of_source: bool = True) -> Any:
    """What `changed_values` draws from in one step, for the images of either domain."""
    return _Draws(objective, step, _FIRST_STREAM if of_source else _TARGET_STREAM)


def changed_values(images: Any, ranges: Ranges, draws: Any) -> Any:
    """Images `(n, height, width, 3)` from 0 to 255 with other light, colours and noise, image by image.

    Args:
        images: float32.
        ranges: what is drawn.
        draws: gives `uniform` and `normal` numbers by the number of the change.
    """
    count = tf.shape(images)[0]
    number = [count, 1, 1, 1]
    values = images / 255.0
    steps: tuple[tuple[Any, Any, Callable[[Any], Any]], ...] = (
        (ranges.gamma, (0.0, 0.0), lambda x: _power(x, draws.uniform(1, number, ranges.gamma))),
        ((ranges.contrast, ranges.brightness, ranges.inverted), ((1.0, 1.0), (1.0, 1.0), 0.0),
         lambda x: _contrast(x, ranges, draws, number)),
        (ranges.saturation, (1.0, 1.0), lambda x: _saturated(x, draws.uniform(5, number, ranges.saturation))),
        (ranges.tint, (1.0, 1.0), lambda x: x * draws.uniform(6, [count, 1, 1, 3], ranges.tint)),
        (ranges.offset, (0.0, 0.0), lambda x: x + draws.uniform(7, [count, 1, 1, 3], ranges.offset)),
        (ranges.softness, (0.0, 0.0), lambda x: _softened(x, draws.uniform(8, number, ranges.softness))),
        (ranges.noise, (0.0, 0.0),
         lambda x: x + draws.uniform(9, number, ranges.noise) * draws.normal(10, tf.shape(images))),
    )  # fmt: skip
    for drawn, nothing, change in steps:
        if drawn != nothing:
            values = change(values)
    return tf.ensure_shape(tf.clip_by_value(values, 0.0, 1.0) * 255.0, images.shape)


def _mirrored(objective: Objective, batch: Batch) -> Batch:
    draw = objective.random(tf.shape(batch.images)[:1], batch.step, _FIRST_STREAM)
    turned = tf.reshape(draw < 0.5, (-1, 1, 1, 1))
    images = tf.where(turned, tf.reverse(batch.images, [2]), batch.images)
    if len(batch.labels.shape) != 3:
        return replace(batch, images=images)
    return replace(batch, images=images, labels=tf.where(turned[..., 0], tf.reverse(batch.labels, [2]), batch.labels))


def _power(values: Any, logarithm: Any) -> Any:
    return tf.pow(tf.clip_by_value(values, 1e-4, 1.0), tf.exp(logarithm))


def _contrast(values: Any, ranges: Ranges, draws: Any, number: Any) -> Any:
    mean = tf.reduce_mean(values, axis=(1, 2), keepdims=True)
    if ranges.apart:
        mean, number = 0.5 * tf.ones_like(mean), [*number[:3], values.shape[-1]]
    factor = draws.uniform(2, number, ranges.contrast)
    factor = tf.where(draws.uniform(4, number, (0.0, 1.0)) < ranges.inverted, -factor, factor)
    return (values - mean) * factor + mean * draws.uniform(3, [*number[:3], 1], ranges.brightness)


def _saturated(values: Any, factor: Any) -> Any:
    grey = tf.reduce_sum(values * tf.constant(_LUMA), axis=-1, keepdims=True)
    return grey + (values - grey) * factor


def _softened(values: Any, share: Any) -> Any:
    framed = tf.pad(values, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    return values + share * (tf.nn.avg_pool2d(framed, 3, 1, "VALID") - values)
