"""The methods on toys small enough to know the answer."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from datasets.errors import UsageError
from training.adaptation.domain_batch_normalization import DomainBatchNormalization
from training.adaptation.health import DomainCollapse, mean_entropy
from training.adaptation.loop import UNLABELLED, Batches, _make_step, fit, predict_logits
from training.adaptation.methods import METHODS
from training.adaptation.task import SOURCE, TARGET, Images, Recipe, Task
from training.errors import DivergedError
from training.networks import digits

RECIPE = Recipe(steps=40, batch=16, watch_every=20)


def _blobs(count: int, seed: int, target: bool) -> Images:
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


def _task() -> Task:
    return Task(_blobs(160, 0, False), _blobs(160, 1, True), _blobs(60, 2, False), _blobs(60, 3, True), 4)


def _run(name: str, task: Task, seed: int = 0, recipe: Recipe = RECIPE, start: list[np.ndarray] | None = None):  # type: ignore[no-untyped-def]
    keras.utils.set_random_seed(seed)
    model = digits.build(task.size, task.classes)
    if start is not None:
        model.set_weights(start)
    return METHODS[name].adapt(model, task, recipe, seed, lambda point: None)


def _accuracy(outcome, images: Images) -> float:  # type: ignore[no-untyped-def]
    logits = predict_logits(outcome.model, images.pixels, outcome.domain)
    return float(np.mean(logits.argmax(axis=1) == images.labels))


@pytest.mark.parametrize("name", ["source_only", "dann"])
def test_a_seed_reproduces_weights_and_curves_exactly(name: str) -> None:
    first, again, other = (_run(name, _task(), seed, replace(RECIPE, steps=6, watch_every=3)) for seed in (3, 3, 4))
    for left, right in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert first.curves == again.curves
    assert first.curves != other.curves


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.target_use == "images"])
def test_methods_that_may_only_see_images_do_not_depend_on_target_labels(name: str) -> None:
    task = _task()
    short = replace(RECIPE, steps=4, watch_every=4)
    assert task.target.labels is not None
    scrambled = replace(task, target=Images(task.target.pixels, (task.target.labels + 1) % 4))
    without = replace(task, target=task.target.without_labels())
    results = [_run(name, given, 0, short).model.get_weights() for given in (task, scrambled, without)]
    for weights in zip(*results, strict=True):
        np.testing.assert_array_equal(weights[0], weights[1])
        np.testing.assert_array_equal(weights[0], weights[2])


def test_source_only_does_not_look_at_the_target() -> None:
    task = _task()
    short = replace(RECIPE, steps=4, watch_every=4)
    nothing = replace(task, target=Images(task.target.pixels[:0]))
    seen, unseen = (_run("source_only", given, 0, short).model.get_weights() for given in (task, nothing))
    for left, right in zip(seen, unseen, strict=True):
        np.testing.assert_array_equal(left, right)


def test_unlabelled_images_leave_the_label_loss_as_it_is() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=UNLABELLED)
    logits = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    labels = np.array([0, 3, 2, 1, -1, -1, -1, -1])
    shifted = logits[:4] - np.log(np.exp(logits[:4]).sum(axis=1, keepdims=True))
    expected = -shifted[np.arange(4), labels[:4]].mean()
    assert float(loss(labels, logits)) == pytest.approx(expected, rel=1e-6)


def test_one_adversarial_step_moves_head_and_features_against_each_other() -> None:
    """Plain gradient descent: the head follows the domain loss's gradient, the features climb it, lambda times."""
    keras.utils.set_random_seed(0)
    task = _task()
    model = digits.build(task.size, task.classes)
    adversarial = digits.with_domain_head(model, 10, 1.0)
    for layer in adversarial.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    unlabelled = (task.source.without_labels(), task.target.without_labels())
    streams = tuple(Batches(images, domain, 8, 0) for domain, images in enumerate(unlabelled))
    places = [next(stream.indices()) for stream in streams]
    pixels = np.concatenate([images.pixels[place] for images, place in zip(unlabelled, places, strict=True)])
    domains = np.repeat(np.int32([0, 1]), 8)
    kernels = [adversarial.get_layer("domain_logits").kernel, model.trainable_variables[0]]
    plain = _domain_gradients(adversarial, model, {"image": pixels, "domain": domains}, kernels)
    before = [np.array(kernel) for kernel in kernels]
    reversal = next(layer for layer in adversarial.layers if hasattr(layer, "strength"))
    reversal.step.assign(3)
    strength = float(reversal.strength)
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(adversarial.trainable_variables)
    _make_step(adversarial, optimizer, streams)(*map(tf.constant, places))
    head, features = (np.array(kernel) - old for kernel, old in zip(kernels, before, strict=True))
    np.testing.assert_allclose(head, -0.1 * plain[0], atol=1e-6)
    np.testing.assert_allclose(features, 0.1 * strength * plain[1], atol=1e-6)
    assert strength == pytest.approx(2 / (1 + np.exp(-3)) - 1)


def _domain_gradients(adversarial, model, given, kernels) -> list[np.ndarray]:  # type: ignore[no-untyped-def]
    """The domain loss's own gradients: the head applied straight to the features, without the reversal."""
    own = {id(layer) for layer in model.layers}
    head = [layer for layer in adversarial.layers if id(layer) not in own and isinstance(layer, layers.Dense)]
    body = keras.Model(model.input, model.get_layer(digits.FEATURES).output)
    truth = given["domain"][:, None].astype(np.float32)
    with tf.GradientTape() as tape:
        hidden = body(given, training=True)
        for layer in head:
            hidden = layer(hidden)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)(truth, hidden)
    return [np.array(gradient) for gradient in tape.gradient(loss, kernels)]


def test_ceiling_is_high_and_adaptation_lifts_the_floor() -> None:
    task = _task()
    source_only = _run("source_only", task)
    test = _blobs(200, 9, True)
    floor = _accuracy(source_only, test)
    adabn = _accuracy(_run("adabn", task, start=source_only.model.get_weights()), test)
    ceiling = _accuracy(_run("on_target", task), test)
    assert ceiling > 0.95
    assert floor < 0.8
    assert adabn > floor + 0.1


def test_dann_beats_source_only_over_three_seeds() -> None:
    task, test = _task(), _blobs(200, 9, True)
    recipe = replace(RECIPE, steps=120, batch=32)
    gains = [
        _accuracy(_run("dann", task, seed, recipe), test) - _accuracy(_run("source_only", task, seed, recipe), test)
        for seed in range(3)
    ]
    assert np.mean(gains) > 0.15
    assert min(gains) > 0


def test_a_stream_gives_every_image_once_before_any_again() -> None:
    images = Images(np.zeros((23, 4, 4, 3), np.uint8))
    stream = Batches(images, TARGET, 8, seed=1).indices()
    drawn = np.concatenate([next(stream) for _ in range(23)])
    for start in range(0, len(drawn), 23):
        assert sorted(drawn[start : start + 23]) == list(range(23))
    other = next(Batches(images, SOURCE, 8, seed=1).indices())
    assert other.tolist() != drawn[:8].tolist()


def test_loss_that_is_no_number_stops_with_advice() -> None:
    task = _task()
    image, domain = keras.Input((20, 20, 3), name="image"), keras.Input((), dtype="int32", name="domain")
    normalised = DomainBatchNormalization(2)(layers.Flatten()(image), domain)
    model = keras.Model({"image": image, "domain": domain}, {"label": layers.Dense(4)(normalised)})
    model.layers[-1].bias.assign(np.full(4, np.nan))
    with pytest.raises(DivergedError, match=r"became nan at step 1 of 40; use a learning rate below 0\.002"):
        fit(model, (Batches(task.source, SOURCE, 16, 0),), task, RECIPE, SOURCE, lambda point: None)


def test_collapse_is_named_after_three_points_at_chance() -> None:
    collapse = DomainCollapse(10)
    dead = {"step": 75.0, "source_accuracy": 0.11, "domain_loss": 0.6931}
    healthy = {"step": 50.0, "source_accuracy": 0.9, "domain_loss": 0.6931}
    learning = {"step": 25.0, "source_accuracy": 0.1, "domain_loss": 0.2}
    assert [collapse.update(p) for p in (dead, dead, healthy, dead, dead, learning, dead, dead, dead)] == [
        False
    ] * 8 + [True]
    assert collapse.message is not None
    assert collapse.message.startswith("adversarial collapse at step 75")


def test_entropy_runs_from_0_to_ln_of_the_classes() -> None:
    assert mean_entropy(np.zeros((3, 10))) == pytest.approx(np.log(10))
    assert mean_entropy(np.eye(4) * 1e4) == pytest.approx(0)
    p = np.array([0.7, 0.2, 0.1])
    assert mean_entropy(np.log(p)[None] + 5) == pytest.approx(-(p * np.log(p)).sum())


def test_recipe_names_the_option_that_is_wrong() -> None:
    with pytest.raises(UsageError, match="clip_norm must be greater than 0, got 0"):
        Recipe(clip_norm=0)
