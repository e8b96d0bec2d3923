"""Tasks small enough to know the answer, and what runs a method on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from training.adaptation.loop import Outcome, predict_logits
from training.adaptation.methods import METHODS
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm, Images, Recipe, Task
from training.networks import digits, points

RECIPE = Recipe(steps=40, batch=16, watch_every=20)


def squares(count: int, seed: int, target: bool) -> Images:
    """Four classes as a bright square in a corner; the target is dimmer, inverted in one colour and noisier."""
    rng = np.random.default_rng((seed, target))
    labels = rng.integers(0, 4, count)
    pixels = rng.normal(60, 12, (count, 20, 20, 3))
    for image, label in zip(pixels, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[10 * row + 2 : 10 * row + 8, 10 * column + 2 : 10 * column + 8] += 130
    if target:
        pixels = 0.5 * pixels + rng.normal(70, 22, pixels.shape)
        pixels[..., 1] = 190 - pixels[..., 1]
    return Images(np.clip(pixels, 0, 255).astype(np.uint8), labels)


def image_task() -> Task:
    """Squares in a corner."""
    return Task(squares(160, 0, False), squares(160, 1, True), squares(60, 2, False), squares(60, 3, True), 4)


def fresh_images() -> Images:
    """Target images that nothing has seen."""
    return squares(200, 9, True)


def network(mode: BatchNorm = "per_domain") -> Network:
    """For squares."""
    return Network(digits.build((20, 20), 4), digits.FEATURES, mode)


def point_network(mode: BatchNorm = "per_domain") -> Network:
    """For points in space; it has no statistics, so that only a method's losses can adapt it."""
    return Network(points.build(3, 2), points.FEATURES, mode, points.domain_head)


def run(
    name: str,
    task: Task,
    seed: int = 0,
    recipe: Recipe = RECIPE,
    start: list[np.ndarray] | None = None,
    folder: Path | None = None,
    note: Callable[[dict[str, Any]], None] = lambda point: None,
    build: Callable[[BatchNorm], Network] = network,
) -> Outcome:
    """One run of a method, with the target labels that it may see."""
    method = METHODS[name]
    keras.utils.set_random_seed(seed)
    made = build(method.recipe_of(recipe).batch_norm)
    if start is not None:
        made.model.set_weights(start)
    given = task if method.target_use == "labels" else replace(task, target=task.target.without_labels())
    return method.adapt(made, given, recipe, seed, note, folder)


def accuracy(outcome: Outcome, images: Images) -> float:
    """Share of images, or of pixels that are not void, that are recognised."""
    assert images.labels is not None
    logits = predict_logits(outcome.network, images.pixels, outcome.domain)
    return float(np.mean((logits.argmax(axis=-1) == images.labels)[images.labels != 255]))


def scene(count: int, seed: int, target: bool) -> Images:
    """Label maps: a square (1) and a disc (2) on ground (0), void (255) at the edge; the target has other colours."""
    rng = np.random.default_rng((seed, target))
    labels = np.zeros((count, 32, 32), np.uint8)
    rows, columns = np.mgrid[:32, :32]
    for index in range(count):
        top, left = rng.integers(2, 10, 2)
        labels[index, top : top + 9, left : left + 9] = 1
        y, x = rng.integers(20, 26, 2)
        labels[index][(rows - y) ** 2 + (columns - x) ** 2 < 25] = 2
    colours = np.array([[60, 60, 60], [190, 70, 70], [70, 190, 190]], np.float64)
    pixels = colours[labels] + rng.normal(0, 10, (count, 32, 32, 3))
    labels[:, 0] = 255
    if target:
        pixels = 0.6 * pixels + np.array([70, 30, 10]) + rng.normal(0, 12, pixels.shape)
    return Images(np.clip(pixels, 0, 255).astype(np.uint8), labels)


def scene_task() -> Task:
    """Squares and discs to segment."""
    return Task(scene(24, 0, False), scene(24, 1, True), scene(8, 2, False), scene(8, 3, True), 3)


def small_segmenter(classes: int = 3) -> keras.Model:
    """Strided convolutions with batch normalisation down to a quarter, and up again; ends in a softmax."""
    image = keras.Input((32, 32, 3), name="image")
    maps = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for filters in (8, 16):
        maps = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(maps)
        maps = layers.ReLU()(layers.BatchNormalization(momentum=0.8)(maps))
    for filters in (16, 8):
        maps = layers.Conv2DTranspose(filters, 3, strides=2, padding="same", activation="relu")(maps)
    scores = layers.Conv2D(classes, 3, padding="same", name="scores")(maps)
    return keras.Model(image, layers.Softmax(name="probabilities")(scores), name="small")
