"""Target images seen otherwise, with the labels that still hold: what a student must agree about with its teacher."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from training.adaptation.augmentation import AUGMENTATIONS, changed_values, draws_of
from training.adaptation.objective import Objective

_FIRST_STREAM = 20  # of random numbers; see `Objective.random`
_SPREAD = 0.1  # standard deviation of the entries of the linear map: about six degrees, a tenth in size
_SHIFT = 0.07  # of the side
_NOISE = 0.04  # standard deviation over the range of values


def other_views(objective: Objective, images: Any, labels: Any, weights: Any, step: Any) -> tuple[Any, Any, Any]:
    """Images turned, sheared, zoomed, shifted and noisy, in the colours of the recipe's augmentation.

    Args:
        objective: for its seed and recipe.
        images: `(n, height, width, 3)` from 0 to 255, or `(n, numbers)`, which only become noisy.
        labels: `(n,)` int32, or `(n, height, width)`, which move with the image.
        weights: as labels, float32; 0 where the view looks beyond the edge.
        step: number of the step.
    """
    noise = objective.random(tf.shape(images), step, _FIRST_STREAM, tf.random.stateless_normal)
    noise = _NOISE * objective.value_range * noise
    if len(images.shape) != 4:
        return images + noise, labels, weights
    maps = _maps(objective, images, step)
    seen = _moved(images, maps, "BILINEAR", "REFLECT")
    if objective.dense:
        together = tf.stack([tf.cast(labels, tf.float32), weights], axis=-1)
        together = _moved(together, maps, "NEAREST", "CONSTANT")
        labels, weights = tf.cast(together[..., 0], labels.dtype), together[..., 1]
    ranges = AUGMENTATIONS[objective.recipe.augmentation]
    seen = changed_values(seen + noise, ranges, draws_of(objective, step, of_source=False))
    return seen, labels, weights


def _maps(objective: Objective, images: Any, step: Any) -> Any:
    """`(n, 8)` affine maps about the middle, each image its own, as `ImageProjectiveTransformV3` takes them."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    linear = _SPREAD * objective.random([count, 4], step, _FIRST_STREAM + 1, tf.random.stateless_normal)
    shift = (2.0 * objective.random([count, 2], step, _FIRST_STREAM + 2) - 1.0) * _SHIFT
    a, b, c, d = 1.0 + linear[:, 0], linear[:, 1], linear[:, 2], 1.0 + linear[:, 3]
    x, y = (width - 1) / 2, (height - 1) / 2
    right, down = x - a * x - b * y + width * shift[:, 0], y - c * x - d * y + height * shift[:, 1]
    nothing = tf.zeros_like(a)
    return tf.stack([a, b, right, c, d, down, nothing, nothing], axis=1)


def _moved(images: Any, maps: Any, interpolation: str, beyond: str) -> Any:
    sides = tf.constant([int(side) for side in images.shape[1:3]])
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images, transforms=maps, output_shape=sides, fill_value=0.0, interpolation=interpolation,
        fill_mode=beyond,
    )  # fmt: skip
    return tf.ensure_shape(moved, images.shape)
