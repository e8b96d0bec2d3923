"""Sharpening class probabilities along the edges of the image: mean field of a conditional random field.

The model is that of Kraehenbuehl and Koltun, NIPS 2011 (1210.5644): a kernel of place and colour, one of place, Potts
between classes. Pairs further apart than the window are left out, as Teichmann and Cipolla do (ConvCRF, BMVC 2019,
1805.04777), which makes the sum exact for the pairs that remain, without a library. Each kernel is normalised by the
roots of its sums at both ends, as the first authors' program does, so that a weight is what a pixel receives at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from datasets.errors import UsageError

_LEAST_PROBABILITY = 1e-8


@dataclass(frozen=True)
class CrfOptions:
    """How strongly neighbours pull each other; to be chosen on held-out images, as strong ties swallow thin things.

    Attributes:
        iterations: of mean field.
        window: pairs are at most so many pixels apart in x and in y.
        appearance_weight: of the kernel of place and colour.
        appearance_pixels: its deviation of place, in pixels.
        appearance_levels: its deviation of colour, in levels of 255.
        smoothness_weight: of the kernel of place alone.
        smoothness_pixels: its deviation, in pixels.
    """

    iterations: int = 5
    window: int = 5
    appearance_weight: float = 4.0
    appearance_pixels: float = 8.0
    appearance_levels: float = 13.0
    smoothness_weight: float = 1.0
    smoothness_pixels: float = 2.0

    def __post_init__(self) -> None:
        for name in ("appearance_pixels", "appearance_levels", "smoothness_pixels", "iterations", "window"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be greater than 0, got {getattr(self, name)}")


def refine(probabilities: np.ndarray, image: np.ndarray, options: CrfOptions | None = None) -> np.ndarray:
    """Probabilities after mean field.

    Args:
        probabilities: `(height, width, classes)` of a network.
        image: `(height, width, channels)` with values 0 to 255 of the same size.
        options: by default those of `CrfOptions`.

    Returns:
        `(height, width, classes)` float32 that add up to 1.

    Raises:
        UsageError: the sizes differ.
    """
    options = options or CrfOptions()
    if probabilities.shape[:2] != image.shape[:2]:
        raise UsageError(f"probabilities of {probabilities.shape[:2]} do not fit an image of {image.shape[:2]}")
    unary = np.log(np.maximum(probabilities, _LEAST_PROBABILITY)).astype(np.float32)
    height, width = image.shape[:2]
    pairs = list(_pairs(height, width, options.window))
    strengths = _strengths(image.astype(np.float32), pairs, options)
    belief = _softmax(unary)
    for _ in range(options.iterations):
        message = np.zeros_like(belief)
        for (here, there, _), strength in zip(pairs, strengths, strict=True):
            message[here] += strength * belief[there]
            message[there] += strength * belief[here]
        belief = _softmax(unary + message)
    return belief


Place = tuple[slice, slice]
Pair = tuple[Place, Place, int]


def _pairs(height: int, width: int, window: int) -> Iterator[Pair]:
    """For each offset of half the window: both parts of the image that it joins, and its length squared."""
    for down in range(window + 1):
        for right in range(-window, window + 1):
            if (down, right) > (0, 0) and down < height and abs(right) < width:
                here = (slice(0, height - down), slice(max(0, -right), width - max(0, right)))
                there = (slice(down, height), slice(max(0, right), width - max(0, -right)))
                yield here, there, down**2 + right**2


def _strengths(image: np.ndarray, pairs: Sequence[Pair], options: CrfOptions) -> list[np.ndarray]:
    """For each offset `(h, w, 1)`: how strongly the pairs are tied, by both kernels together."""
    near, like = [], []
    for here, there, distance in pairs:
        colour = np.square(image[here] - image[there]).sum(axis=-1, keepdims=True) / options.appearance_levels**2
        like.append(np.exp(-(distance / options.appearance_pixels**2 + colour) / 2))
        near.append(np.full_like(colour, np.exp(-distance / (2 * options.smoothness_pixels**2))))
    like = _normalised(like, pairs, image.shape[:2], options.appearance_weight)
    near = _normalised(near, pairs, image.shape[:2], options.smoothness_weight)
    return [first + second for first, second in zip(like, near, strict=True)]


def _normalised(
    kernel: Sequence[np.ndarray], pairs: Sequence[Pair], shape: tuple[int, int], weight: float
) -> list[np.ndarray]:
    """The kernel times the weight over the roots of what either end of a pair receives in all."""
    sums = np.zeros((*shape, 1), np.float32)
    for (here, there, _), strength in zip(pairs, kernel, strict=True):
        sums[here] += strength
        sums[there] += strength
    scale = 1 / np.sqrt(np.maximum(sums, _LEAST_PROBABILITY))
    return [weight * each * scale[here] * scale[there] for (here, there, _), each in zip(pairs, kernel, strict=True)]


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
