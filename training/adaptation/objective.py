"""What a method of adaptation is: what it draws, and the losses that it minimises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import keras
import tensorflow as tf

from training.adaptation.network import Network
from training.adaptation.schedules import reversal_strength
from training.adaptation.task import SOURCE, TARGET, Recipe, Task
from training.adaptation.teacher import Teacher
from training.losses.class_weights import root_median_frequency


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch of each domain that the method draws from, one behind the other.

    Attributes:
        images: `(n, ...)` float32.
        labels: `(n,)` or `(n, height, width)` int32; the task's ignore id where the method must not know.
        domains: `(n,)` int32.
        source: how many images at the beginning are of the source.
        step: number of the step, counted from 0, an int32 scalar.
    """

    images: Any
    labels: Any
    domains: Any
    source: int
    step: Any

    def of_source(self, values: Any) -> Any:
        """The source's part of something that has a row an image."""
        return values[: self.source]

    def of_target(self, values: Any) -> Any:
        """The target's part."""
        return values[self.source :]


@dataclass(frozen=True, eq=False)
class Losses:
    """What one step minimises.

    Attributes:
        network: scalars by name; their sum is minimised over the network and the method's `heads`.
        adversary: the same for the method's `adversary`, which the network's gradient must not move.
        watched: scalars that are only drawn in the curves.
    """

    network: dict[str, Any]
    adversary: dict[str, Any] = field(default_factory=dict)
    watched: dict[str, Any] = field(default_factory=dict)


class Objective:
    """What a method minimises; as it stands, source only.

    A method overrides `losses`, and the rest where it needs to.

    Attributes:
        domains: a batch of each is drawn a step.
        evaluates_as: the domain whose statistics normalise target images afterwards.
        heads: further models that are trained with the network.
        adversary: a model that is trained against it, with an optimiser of its own.
        adversary_rate: learning rate of that optimiser.
        teacher: a copy that begins as the network is, whatever weights that was given, and follows it.
        kept: variables besides, that a resumed run needs.
    """

    domains: ClassVar[tuple[int, ...]] = (SOURCE,)
    evaluates_as: ClassVar[int] = TARGET

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        self.network = network
        self.classes, self.ignore, self.dense = task.classes, task.ignore, task.dense
        self.value_range = task.value_range
        self.recipe, self.seed = recipe, seed
        self.heads: Sequence[keras.Model] = ()
        self.adversary: keras.Model | None = None
        self.adversary_rate = 1e-4
        self.teacher: Teacher | None = None
        self.kept: Sequence[Any] = ()
        self._cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=self.ignore)
        self._class_weights: Any = None
        if task.dense and recipe.class_weights != "none":
            parts = {SOURCE: task.source.labels, TARGET: task.target.labels}
            learnt = [labels for domain, labels in parts.items() if domain in self.domains and labels is not None]
            self._class_weights = tf.constant(root_median_frequency(learnt, task.classes), tf.float32)

    def begin(self, task: Task) -> None:
        """Do what must be done once before the first step, such as taking statistics."""
        if self.teacher is not None:
            self.teacher.copy_student()

    def prepare(self, batch: Batch) -> Batch:
        """The batch as the network is to see it."""
        return batch

    def losses(self, batch: Batch) -> Losses:
        """Call the network in training mode and say what is to be minimised."""
        outputs = self.network(batch.images, batch.domains)
        return Losses({"label_loss": self.label_loss(batch.labels, outputs.logits)})

    def after_step(self, step: Any) -> None:
        """What follows the optimiser's step."""
        if self.teacher is not None:
            self.teacher.follow(step)

    @property
    def trained(self) -> list[Any]:
        """The variables that the network's losses change."""
        return [
            *self.network.model.trainable_variables,
            *(variable for head in self.heads for variable in head.trainable_variables),
        ]

    def label_loss(self, labels: Any, logits: Any) -> Any:
        """Cross-entropy, averaged over what is labelled by the recipe's class weights; 0 where nothing is."""
        if self._class_weights is None:
            return self._cross_entropy(labels, logits)
        known = labels != self.ignore
        classes = tf.where(known, labels, 0)
        weights = tf.where(known, tf.gather(self._class_weights, classes), 0.0)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits)
        return tf.math.divide_no_nan(tf.reduce_sum(weights * losses), tf.reduce_sum(weights))

    def ramp(self, step: Any) -> Any:
        """Ganin's rise from 0 to nearly 1: losses on the target wait until the classifier knows something."""
        return reversal_strength(tf.cast(step, tf.float32) / self.recipe.steps)

    def random(self, shape: Any, step: Any, stream: int, draw: Callable[..., Any] = tf.random.stateless_uniform) -> Any:
        """Random numbers that depend on seed, step and stream alone, so that a resumed run draws the same."""
        return draw(shape, seed=tf.stack([tf.constant(1000 * self.seed + stream, tf.int32), step]))
