"""The loop that the methods share: what it learns from, what it must not see, how it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from adaptation_toys import RECIPE, accuracy, fresh_images, image_task, network, run
from keras import layers

from datasets.errors import UsageError, VerificationError
from training.adaptation.dann import Dann
from training.adaptation.domain_batch_normalization import DomainBatchNormalization
from training.adaptation.gradient_reversal import GradientReversal
from training.adaptation.loop import fit
from training.adaptation.methods import METHODS
from training.adaptation.network import Network
from training.adaptation.source_only import SourceOnly
from training.adaptation.step import Trainer, learning_rate
from training.adaptation.streams import Batches
from training.adaptation.task import SOURCE, TARGET, UNLABELLED, Images, Recipe
from training.errors import DivergedError

SHORT = replace(RECIPE, steps=4, watch_every=2)


@pytest.mark.parametrize("name", ["source_only", "dann", "dacs"])
def test_a_seed_reproduces_weights_and_curves_exactly(name: str) -> None:
    first, again, other = (run(name, image_task(), seed, SHORT) for seed in (3, 3, 4))
    for left, right in zip(first.network.model.get_weights(), again.network.model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert first.curves == again.curves
    assert first.curves != other.curves


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.target_use == "images"])
def test_methods_that_may_only_see_images_depend_on_no_target_label(name: str) -> None:
    """Not the weights, not the label-free scores; only the accuracy that is drawn."""
    task = image_task()
    assert task.target.labels is not None
    assert task.target_watch.labels is not None
    wrong = [Images(images.pixels, (images.labels + 1) % 4) for images in (task.target, task.target_watch)]  # type: ignore[operator]
    short = replace(SHORT, steps=2)
    one = run(name, task, 0, short)
    other = run(name, replace(task, target=wrong[0].without_labels(), target_watch=wrong[1]), 0, short)
    for left, right in zip(one.network.model.get_weights(), other.network.model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert [point["scores"] for point in one.curves] == [point["scores"] for point in other.curves]
    assert one.curves[-1]["target_accuracy"] + other.curves[-1]["target_accuracy"] <= 1


@pytest.mark.parametrize(
    "annealing, expected",
    [("cosine", lambda p: (1 + np.cos(np.pi * p)) / 2), ("ganin", lambda p: (1 + 10 * p) ** -0.75)],
)
def test_the_learning_rate_falls_as_the_recipe_says(annealing: Any, expected: Any) -> None:
    recipe = replace(SHORT, learning_rate=1e-2, annealing=annealing)
    found = [float(learning_rate(recipe)(step)) for step in range(SHORT.steps + 1)]
    np.testing.assert_allclose(
        found, [1e-2 * expected(step / SHORT.steps) for step in range(SHORT.steps + 1)], atol=1e-9
    )


def test_source_only_does_not_look_at_the_target() -> None:
    task = image_task()
    nothing = replace(task, target=Images(task.target.pixels[:0]))
    seen, unseen = (run("source_only", given, 0, SHORT).network.model.get_weights() for given in (task, nothing))
    for left, right in zip(seen, unseen, strict=True):
        np.testing.assert_array_equal(left, right)


class _Interrupted(Exception):
    pass


@pytest.mark.parametrize("name", [name for name in METHODS if METHODS[name].objective.domains])
def test_an_interrupted_run_goes_on_to_the_bit(name: str, tmp_path: Path) -> None:
    """Weights, statistics, curves and every checkpoint: as if nothing had happened."""
    task, recipe = image_task(), replace(RECIPE, steps=4, watch_every=2, batch=8)
    undisturbed = run(name, task, 1, recipe, folder=tmp_path / "whole")

    def stop(point: dict[str, float]) -> None:
        if point["step"] == 4:
            raise _Interrupted

    with pytest.raises(_Interrupted):
        run(name, task, 1, recipe, folder=tmp_path / "cut", note=stop)
    told: list[float] = []
    resumed = run(name, task, 1, recipe, folder=tmp_path / "cut", note=lambda point: told.append(point["step"]))
    assert told == [2, 4]
    assert resumed.curves == undisturbed.curves
    for step in (2, 4):
        for outcome in (resumed, undisturbed):
            outcome.checkpoints.put_back(step, outcome.network.model)
        for left, right in zip(
            resumed.network.model.get_weights(), undisturbed.network.model.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(left, right)


def test_state_of_another_method_is_refused(tmp_path: Path) -> None:
    run("source_only", image_task(), 0, SHORT, folder=tmp_path)
    with pytest.raises(VerificationError, match="of other shapes than this network and method"):
        run("dann", image_task(), 0, SHORT, folder=tmp_path)


def test_unlabelled_images_leave_the_label_loss_as_it_is() -> None:
    objective = SourceOnly(network(), image_task(), RECIPE, 0)
    logits = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    labels = np.array([0, 3, 2, 1, -1, -1, -1, -1])
    shifted = logits[:4] - np.log(np.exp(logits[:4]).sum(axis=1, keepdims=True))
    expected = -shifted[np.arange(4), labels[:4]].mean()
    assert float(objective.label_loss(labels, logits)) == pytest.approx(expected, rel=1e-6)
    assert float(objective.label_loss(np.full(8, UNLABELLED), logits)) == 0


def test_one_adversarial_step_moves_head_and_features_against_each_other() -> None:
    """Plain gradient descent: the head follows the domain loss's gradient, the features climb it, lambda times."""
    keras.utils.set_random_seed(0)
    task, recipe = image_task(), replace(RECIPE, steps=10)
    made = network()
    objective = Dann(made, task, recipe, 0)
    (head,) = objective.heads
    for layer in (*made.model.layers, *head.layers):
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    unlabelled = (task.source.without_labels(), task.target.without_labels())
    streams = tuple(Batches(images, domain, 8, 0) for domain, images in enumerate(unlabelled))
    places = [next(stream.indices()) for stream in streams]
    pixels = np.concatenate([images.pixels[place] for images, place in zip(unlabelled, places, strict=True)])
    domains = np.repeat(np.int32([0, 1]), 8)
    kernels = [head.get_layer("domain_logits").kernel, made.model.trainable_variables[0]]
    plain = _domain_gradients(made, head, pixels, domains, kernels)
    before = [np.array(kernel) for kernel in kernels]
    reversal = next(layer for layer in head.layers if isinstance(layer, GradientReversal))
    reversal.step.assign(3)
    strength = float(reversal.strength)
    trainer = Trainer(objective, streams, recipe)
    trainer._optimizer = keras.optimizers.SGD(0.1)
    trainer._optimizer.build(objective.trained)
    trainer.step(3, places)
    moved, features = (np.array(kernel) - old for kernel, old in zip(kernels, before, strict=True))
    np.testing.assert_allclose(moved, -0.1 * plain[0], atol=1e-6)
    np.testing.assert_allclose(features, 0.1 * strength * plain[1], atol=1e-6)
    assert strength == pytest.approx(2 / (1 + np.exp(-3)) - 1)


def _domain_gradients(made, head, pixels, domains, kernels) -> list[np.ndarray]:  # type: ignore[no-untyped-def]
    """The domain loss's own gradients: the head applied straight to the features, without the reversal."""
    truth = domains[:, None].astype(np.float32)
    with tf.GradientTape() as tape:
        hidden = made(pixels, domains).features
        for layer in head.layers:
            if isinstance(layer, layers.Dense):
                hidden = layer(hidden)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)(truth, hidden)
    return [np.array(gradient) for gradient in tape.gradient(loss, kernels)]


def test_a_stream_gives_every_image_once_before_any_again_and_skips_what_was_seen() -> None:
    images = Images(np.zeros((23, 4, 4, 3), np.uint8))
    batches = Batches(images, TARGET, 8, seed=1)
    stream = batches.indices()
    parts = [next(stream) for _ in range(23)]
    drawn = np.concatenate(parts)
    for start in range(0, len(drawn), 23):
        assert sorted(drawn[start : start + 23]) == list(range(23))
    other = next(Batches(images, SOURCE, 8, seed=1).indices())
    assert other.tolist() != drawn[:8].tolist()
    np.testing.assert_array_equal(next(batches.indices(skip=17)), parts[17])


@pytest.mark.parametrize("mode, rows", [("per_domain", {0: True, 1: True}), ("joint", {0: True, 1: False})])
def test_the_mode_says_whose_statistics_are_kept(mode: str, rows: dict[int, bool]) -> None:
    made = network(mode)  # type: ignore[arg-type]
    images = np.random.default_rng(0).integers(0, 256, (8, 20, 20, 3)).astype(np.float32)
    made(images, np.repeat(np.int32([0, 1]), 4))
    for layer in made.model.layers:
        if isinstance(layer, DomainBatchNormalization):
            assert {row: bool(np.any(np.array(layer.moving_mean)[row])) for row in (0, 1)} == rows


def test_frozen_statistics_stay_and_are_what_training_normalises_by() -> None:
    made = network("frozen")
    images = np.random.default_rng(0).integers(0, 256, (8, 20, 20, 3)).astype(np.float32)
    domains = np.repeat(np.int32([0, 1]), 4)
    before = made.model.get_weights()
    trained = made(images, domains, dropout=False)
    np.testing.assert_allclose(trained.logits, made(images, domains, training=False).logits, rtol=1e-5, atol=1e-6)
    for left, right in zip(before, made.model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_loss_that_is_no_number_stops_with_advice() -> None:
    task = image_task()
    image, domain = keras.Input((20, 20, 3), name="image"), keras.Input((), dtype="int32", name="domain")
    normalised = DomainBatchNormalization(2, name="features")(layers.Flatten()(image), domain)
    model = keras.Model({"image": image, "domain": domain}, {"label": layers.Dense(4)(normalised)})
    model.layers[-1].bias.assign(np.full(4, np.nan))
    objective = SourceOnly(Network(model, "features"), task, RECIPE, 0)
    with pytest.raises(DivergedError, match=r"became nan at step 1 of 40; use a learning rate below 0\.002"):
        fit(objective, task, RECIPE, 0, lambda point: None)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"clip_norm": 0}, "clip_norm must be greater than 0, got 0"),
        ({"batch_norm": "none"}, "batch_norm must be one of per_domain, joint, frozen, got 'none'"),
        ({"optimizer": "lion"}, "optimizer must be one of adam, sgd"),
    ],
)
def test_recipe_names_the_option_that_is_wrong(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recipe(**change)  # type: ignore[arg-type]


def test_sgd_with_momentum_learns_too() -> None:
    outcome = run("on_target", image_task(), 0, replace(RECIPE, optimizer="sgd", learning_rate=0.05))
    assert accuracy(outcome, fresh_images()) > 0.95


def test_adabn_says_what_it_needs() -> None:
    with pytest.raises(UsageError, match="AdaBN needs batch_norm per_domain"):
        METHODS["adabn"].adapt(network("joint"), image_task(), replace(RECIPE, batch_norm="joint"), 0, lambda _: None)
