"""Collapse and other failures: each provoked or staged, each named with its remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from adaptation_toys import RECIPE, image_task, run
from keras import layers

from training.adaptation.health import DomainCollapse, findings, label_entropy, mean_entropy
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm

LN_2 = float(np.log(2))


def _bare(mode: BatchNorm) -> Network:
    """No batch normalisation and four features: nothing holds them up against the adversary."""
    image, domain = keras.Input((20, 20, 3), name="image"), keras.Input((), dtype="int32", name="domain")
    hidden = layers.Rescaling(1 / 127.5, offset=-1)(image)
    hidden = layers.Dense(4, activation="tanh", name="features")(layers.Flatten()(hidden))
    return Network(
        keras.Model({"image": image, "domain": domain}, {"label": layers.Dense(4)(hidden)}), "features", mode
    )


def _wide(mode: BatchNorm) -> Network:
    image, domain = keras.Input((20, 20, 3), name="image"), keras.Input((), dtype="int32", name="domain")
    hidden = layers.Rescaling(1 / 127.5, offset=-1)(image)
    hidden = layers.Dense(20, activation="relu", name="features")(layers.Flatten()(hidden))
    return Network(
        keras.Model({"image": image, "domain": domain}, {"label": layers.Dense(4)(hidden)}), "features", mode
    )


@pytest.mark.parametrize("stop", [True, False])
def test_a_provoked_collapse_is_named_and_stops_the_run_if_asked(stop: bool) -> None:
    """A reversal of 30 at a high rate drives all features to one point, on the source too."""
    recipe = replace(
        RECIPE, steps=80, watch_every=10, reversal=30.0, learning_rate=0.05, clip_norm=1000.0, stop_on_collapse=stop
    )
    outcome = run("dann", image_task(), 0, recipe, build=_bare)
    assert outcome.collapse is not None
    assert outcome.collapse.startswith("adversarial collapse at step")
    assert "lower the reversal's maximum or the learning rate" in outcome.collapse
    last = outcome.curves[-1]
    assert (last["step"] < 80) is stop
    assert last["source_accuracy"] <= 0.375
    assert last["domain_loss"] == pytest.approx(LN_2, abs=0.02)
    assert last["entropy"] == pytest.approx(np.log(4), abs=0.1)


def test_the_same_run_with_the_remedies_does_not_collapse() -> None:
    recipe = replace(RECIPE, steps=80, watch_every=10)
    outcome = run("dann", image_task(), 0, recipe)
    assert outcome.collapse is None
    assert outcome.curves[-1]["source_accuracy"] > 0.95


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


def _points(accuracy: float, loss: float = 0.5, diversity: float = 2.0) -> list[dict[str, Any]]:
    return [{"domain_accuracy": accuracy, "domain_loss": loss, "scores": {"diversity": diversity}}] * 4


@pytest.mark.parametrize(
    "curve, proxy_a, expected",
    [
        (_points(0.51), 1.9, "dead domain head: it tells 51% of the domains apart, a fresh linear classifier 98%"),
        (_points(0.51), 0.2, None),
        (_points(0.99), 1.9, "overpowering domain head: it still tells 99% of the domains apart"),
        (_points(0.7, loss=30.0), 1.9, "exploding adversary: the domain loss has come to 30"),
        (_points(0.7), 1.9, None),
        (
            _points(0.7, diversity=0.1),
            1.0,
            "few classes: predictions on the target are as diverse as 1.1 equal classes, the",
        ),
    ],
)
def test_findings_name_what_is_wrong_and_the_remedy(
    curve: list[dict[str, Any]], proxy_a: float, expected: str | None
) -> None:
    found = findings(curve, np.log(10), proxy_a)
    assert len(found) == (expected is not None)
    if expected is not None:
        assert found[0].startswith(expected)
        assert any(word in found[0] for word in ("raise", "lower"))


def test_a_reversal_too_weak_leaves_the_domain_head_overpowering() -> None:
    """The toy's domains differ in colour; a reversed gradient of a thousandth hides nothing of that."""
    recipe = replace(RECIPE, steps=200, watch_every=40, reversal=1e-3, batch=64, learning_rate=0.005)
    outcome = run("dann", image_task(), 0, recipe, build=_wide)
    assert outcome.collapse is None
    assert len(outcome.findings) == 1
    assert outcome.findings[0].startswith("overpowering domain head")


def test_few_classes_are_named_for_methods_that_adapt() -> None:
    task = image_task()
    found = findings(run("minent", task, 0, replace(RECIPE, steps=6, watch_every=2)).curves, np.log(4))
    assert found == ()
    one = [{"scores": {"diversity": 0.02}}] * 3
    told = "few classes: predictions on the target are as diverse as 1.0 equal classes, the source's labels as 4.0"
    assert findings(one, np.log(4))[0].startswith(told)
    assert findings(one, np.log(4), adapts=False) == ()


def test_few_classes_are_no_fault_where_one_class_is_nearly_everywhere() -> None:
    """Nine pixels of ten are background: as diverse as 1.5 classes, however many the label space has."""
    labels = np.array([[0] * 18 + [3, 5], [255] * 20], np.uint8)
    entropy = -(0.9 * np.log(0.9) + 0.1 * np.log(0.05))
    assert label_entropy(labels, 34) == pytest.approx(entropy)
    background = [{"scores": {"diversity": 0.3}}] * 3
    assert findings(background, label_entropy(labels, 34)) == ()
    assert len(findings(background, np.log(34))) == 1


def test_curves_carry_health() -> None:
    point = run("dann", image_task(), 0, replace(RECIPE, steps=4, watch_every=2)).curves[-1]
    assert {"domain_accuracy", "lambda", "entropy", "gradient_norm", "domain_loss", "label_loss"} <= set(point)
    assert point["gradient_norm"] > 0
    assert point["lambda"] == pytest.approx(2 / (1 + np.exp(-10)) - 1)


def test_entropy_runs_from_0_to_ln_of_the_classes() -> None:
    assert mean_entropy(np.zeros((3, 10))) == pytest.approx(np.log(10))
    assert mean_entropy(np.eye(4) * 1e4) == pytest.approx(0)
    p = np.array([0.7, 0.2, 0.1])
    assert mean_entropy(np.log(p)[None] + 5) == pytest.approx(-(p * np.log(p)).sum())
    assert mean_entropy(np.zeros((2, 3, 4, 10))) == pytest.approx(np.log(10))
