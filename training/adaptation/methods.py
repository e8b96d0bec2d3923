"""The adaptation methods by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import keras

from training.adaptation import adabn, dann, on_target, source_only
from training.adaptation.loop import Note, Outcome
from training.adaptation.task import Recipe, Task

Adapt = Callable[[keras.Model, Task, Recipe, int, Note], Outcome]
"""Classifier, task, recipe, seed, and what to call with points of the curves -> the outcome."""


@dataclass(frozen=True)
class Method:
    """One way to get a network for the target domain.

    Attributes:
        title: how tables name it.
        about: one sentence for a reader who does not know it.
        target_use: what it may see of the target: `nothing`, its `images`, or images with `labels`.
        adapt: trains the freshly initialised classifier that it is given.
        starts_from: the method whose trained weights of the same seed it is given instead.
    """

    title: str
    about: str
    target_use: Literal["nothing", "images", "labels"]
    adapt: Adapt
    starts_from: str | None = None


SOURCE_ONLY, ON_TARGET = "source_only", "on_target"
"""The floor and the ceiling that every other method is measured between."""

METHODS: dict[str, Method] = {
    SOURCE_ONLY: Method(
        "Source only",
        "Learns from rendered images with their labels and meets real ones for the first time in the test.",
        "nothing",
        source_only.adapt,
    ),
    "adabn": Method(
        "AdaBN",
        "The source-only network; its batch-normalisation statistics are taken anew from unlabelled real images.",
        "images",
        adabn.adapt,
        starts_from=SOURCE_ONLY,
    ),
    "dann": Method(
        "DANN",
        "Learns from labelled rendered and unlabelled real images, with features that hide which is which.",
        "images",
        dann.adapt,
    ),
    ON_TARGET: Method(
        "Trained on target",
        "Learns from the real training images with their labels: what the same network and budget can reach.",
        "labels",
        on_target.adapt,
    ),
}
