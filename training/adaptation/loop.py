"""The training loop that the methods share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.adaptation.gradient_reversal import GradientReversal
from training.adaptation.health import DomainCollapse, mean_entropy
from training.adaptation.schedules import AnnealedRate
from training.adaptation.task import Images, Recipe, Task
from training.errors import DivergedError

UNLABELLED = -1
"""The label of images whose class is not to be learnt. A sample weight of 0 would halve the loss of the others."""

Note = Callable[[dict[str, float]], None]
"""Called with each new point of the learning curves."""


@dataclass(frozen=True, eq=False)
class Batches:
    """An endless stream of batches from one domain, each pass in a fresh order.

    Attributes:
        images: what is drawn from.
        domain: the domain's number.
        size: images a batch.
        seed: two streams with one seed are the same.
    """

    images: Images
    domain: int
    size: int
    seed: int

    def indices(self) -> Iterator[np.ndarray]:
        """`(size,)` int32 places in `images`; every image comes once before any comes again."""
        rng = np.random.default_rng((self.seed, self.domain))
        queue = np.empty(0, np.int32)
        while True:
            while len(queue) < self.size:
                queue = np.concatenate([queue, rng.permutation(len(self.images)).astype(np.int32)])
            yield queue[: self.size]
            queue = queue[self.size :]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a method hands back.

    Attributes:
        model: the classifier `[image, domain] -> {"label": logits}`, as it is after the last step.
        domain: which domain's statistics are to normalise target images.
        curves: one row a watch point: step, losses, accuracies (see `_watch`).
        collapse: what went wrong, in a sentence, when the adversary won; else None.
    """

    model: keras.Model
    domain: int
    curves: tuple[dict[str, float], ...] = field(default=())
    collapse: str | None = None


def fit(
    model: keras.Model, streams: tuple[Batches, ...], task: Task, recipe: Recipe, target_domain: int, note: Note
) -> Outcome:
    """Train a classifier, with or without domain head, on one batch of each stream a step.

    Training ends early when the adversary has destroyed the classifier; the outcome says so.

    Raises:
        DivergedError: the loss is not finite.
    """
    rate = AnnealedRate(recipe.learning_rate, recipe.steps)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=recipe.clip_norm)
    optimizer.build(model.trainable_variables)
    step_once = _make_step(model, optimizer, streams)
    collapse = DomainCollapse(task.classes)
    curves: list[dict[str, float]] = []
    sums: dict[str, float] = {}
    for step, places in enumerate(zip(*(stream.indices() for stream in streams), strict=True), start=1):
        for name, value in step_once(*map(tf.constant, places)).items():
            sums[name] = sums.get(name, 0.0) + float(value)
        if not np.isfinite(sums["loss"]):
            raise DivergedError(
                f"the loss became {sums['loss']} at step {step} of {recipe.steps}; "
                f"use a learning rate below {recipe.learning_rate:g} or a smaller clip_norm than {recipe.clip_norm:g}"
            )
        if step % recipe.watch_every == 0 or step == recipe.steps:
            since = step - (int(curves[-1]["step"]) if curves else 0)
            means = {name: value / since for name, value in sums.items()}
            curves.append({"step": step, **means, **_watch(model, task, streams[0].domain, target_domain)})
            sums.clear()
            note(curves[-1])
            if collapse.update(curves[-1]) or step == recipe.steps:
                break
    return Outcome(model, target_domain, tuple(curves), collapse.message)


def predict_logits(model: keras.Model, pixels: np.ndarray, domain: int, batch: int = 256) -> np.ndarray:
    """Logits `(n, classes)` float32 of images `(n, height, width, 3)`, normalised by one domain's statistics."""
    parts = [
        model({"image": chunk, "domain": np.full(len(chunk), domain, np.int32)}, training=False)["label"]
        for chunk in (pixels[start : start + batch] for start in range(0, len(pixels), batch))
    ]
    return np.concatenate([np.asarray(part, np.float32) for part in parts])


def _make_step(model: keras.Model, optimizer: Any, streams: tuple[Batches, ...]) -> Callable[..., dict[str, Any]]:
    """One optimiser step as a graph: places in each stream -> losses and accuracies of the batch."""
    label_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=UNLABELLED)
    domain_loss = keras.losses.BinaryCrossentropy(from_logits=True)
    pixels = [tf.constant(stream.images.pixels) for stream in streams]
    labels = [tf.constant(_labels(stream.images)) for stream in streams]
    domains = tf.concat([tf.fill([stream.size], stream.domain) for stream in streams], 0)
    is_target = tf.cast(domains[:, None], tf.float32)

    @tf.function(reduce_retracing=True)
    def step(*places: Any) -> dict[str, Any]:
        images = tf.concat([tf.gather(source, place) for source, place in zip(pixels, places, strict=True)], 0)
        wanted = tf.concat([tf.gather(source, place) for source, place in zip(labels, places, strict=True)], 0)
        with tf.GradientTape() as tape:
            outputs = model({"image": images, "domain": domains}, training=True)
            numbers = {"label_loss": label_loss(wanted, outputs["label"])}
            loss = numbers["label_loss"]
            if "domain" in outputs:
                # The schedule is inside the reversal; a small weight here would starve the reversed gradient only.
                numbers["domain_loss"] = domain_loss(is_target, outputs["domain"])
                numbers["domain_accuracy"] = tf.reduce_mean(
                    tf.cast((outputs["domain"] > 0) == (is_target > 0.5), tf.float32)
                )
                loss = loss + numbers["domain_loss"]
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return {"loss": loss, **numbers}

    return step


def _labels(images: Images) -> np.ndarray:
    if images.labels is None:
        return np.full(len(images), UNLABELLED, np.int32)
    return images.labels.astype(np.int32)


def _watch(model: keras.Model, task: Task, source_domain: int, target_domain: int) -> dict[str, float]:
    """One point of the curves: accuracy on held-out images of both domains, entropy on the target, lambda."""
    source = predict_logits(model, task.source_watch.pixels, source_domain)
    target = predict_logits(model, task.target_watch.pixels, target_domain)
    point = {
        "source_accuracy": float(np.mean(source.argmax(1) == task.source_watch.labels)),
        "target_accuracy": float(np.mean(target.argmax(1) == task.target_watch.labels)),
        "entropy": mean_entropy(target),
    }
    reversals = [layer for layer in model.layers if isinstance(layer, GradientReversal)]
    return point | ({"lambda": float(reversals[0].strength)} if reversals else {})
