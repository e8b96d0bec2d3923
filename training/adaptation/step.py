"""One optimiser step of a method, as a graph, and everything that a resumed run needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from datasets.errors import VerificationError
from training.adaptation.augmentation import augmented
from training.adaptation.objective import Batch, Objective
from training.adaptation.schedules import AnnealedRate
from training.adaptation.streams import Batches
from training.adaptation.task import SOURCE, Images, Recipe

_ADVERSARY_BETAS = (0.9, 0.99)  # of Adam, as AdaptSegNet has them


class Trainer:
    """A method's losses, its optimisers, and the data in memory.

    Args:
        objective: the method.
        streams: one a domain that it draws from.
        recipe: for the optimiser.
    """

    def __init__(self, objective: Objective, streams: Sequence[Batches], recipe: Recipe) -> None:
        self.objective = objective
        self._optimizer = _make_optimizer(recipe)
        self._trained = objective.trained
        self._optimizer.build(self._trained)
        self._against: Any = None
        if objective.adversary is not None:
            self._against = keras.optimizers.Adam(
                objective.adversary_rate, beta_1=_ADVERSARY_BETAS[0], beta_2=_ADVERSARY_BETAS[1]
            )
            self._against.build(objective.adversary.trainable_variables)
        self._pixels = [tf.constant(stream.images.pixels) for stream in streams]
        self._labels = [tf.constant(_labels(stream.images, objective)) for stream in streams]
        self._domains = [stream.domain for stream in streams]
        self._sizes = [stream.size for stream in streams]
        self._step = tf.function(self._take_step, reduce_retracing=True, autograph=False)

    def step(self, number: int, places: Sequence[np.ndarray]) -> dict[str, Any]:
        """One step on the images at these places of each stream; losses and other scalars of the batch."""
        places = list(map(tf.constant, places))
        return dict(self._step(tf.constant(number, tf.int32), places, self._pixels, self._labels))

    def state(self) -> list[np.ndarray]:
        """Values of all variables: weights, statistics, random generators, moments, heads, adversary, teacher."""
        return [np.asarray(variable) for variable in self._variables]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Put the values of `state` back.

        Raises:
            VerificationError: they are of another network or method.
        """
        if [tuple(variable.shape) for variable in self._variables] != [array.shape for array in state]:
            raise VerificationError("the state holds variables of other shapes than this network and method")
        for variable, array in zip(self._variables, state, strict=True):
            variable.assign(array)

    @property
    def _variables(self) -> list[Any]:
        models = [self.objective.network.model, *self.objective.heads]
        models += [self.objective.adversary] if self.objective.adversary is not None else []
        optimizers = [self._optimizer] + ([self._against] if self._against is not None else [])
        found = [variable for owner in (*models, *optimizers) for variable in owner.variables]
        teacher = self.objective.teacher
        return [*found, *(teacher.variables if teacher else ()), *self.objective.kept]

    def _take_step(self, number: Any, places: Any, pixels: Any, labels: Any) -> dict[str, Any]:
        """The data are arguments: TensorFlow never frees graphs with gradients of their own, nor what they capture."""
        batch = self.objective.prepare(augmented(self.objective, self._batch(number, places, pixels, labels)))
        with tf.GradientTape(persistent=self._against is not None) as tape:
            losses = self.objective.losses(batch)
            total = tf.add_n(list(losses.network.values()))
            against = tf.add_n(list(losses.adversary.values())) if losses.adversary else None
        gradients = tape.gradient(total, self._trained)
        self._optimizer.apply(gradients, self._trained)
        if against is not None:
            assert self.objective.adversary is not None
            variables = self.objective.adversary.trainable_variables
            self._against.apply(tape.gradient(against, variables), variables)
        self.objective.after_step(number)
        norm = tf.linalg.global_norm([gradient for gradient in gradients if gradient is not None])
        scalars = {**losses.network, **losses.adversary, **losses.watched}
        return {"loss": total + (0.0 if against is None else against), "gradient_norm": norm, **scalars}

    def _batch(self, number: Any, places: Sequence[Any], pixels: Sequence[Any], held: Sequence[Any]) -> Batch:
        images = tf.concat([tf.gather(every, place) for every, place in zip(pixels, places, strict=True)], 0)
        labels = tf.concat([tf.gather(every, place) for every, place in zip(held, places, strict=True)], 0)
        domains = tf.concat([tf.fill([size], d) for size, d in zip(self._sizes, self._domains, strict=True)], 0)
        source = self._sizes[0] if self._domains[0] == SOURCE else 0
        return Batch(tf.cast(images, tf.float32), tf.cast(labels, tf.int32), domains, source, number)


def learning_rate(recipe: Recipe) -> Any:
    """The rate of a step, counted from 0."""
    if recipe.annealing == "cosine":
        return keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.steps)
    return AnnealedRate(recipe.learning_rate, recipe.steps)


def _make_optimizer(recipe: Recipe) -> Any:
    rate = learning_rate(recipe)
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, global_clipnorm=recipe.clip_norm)
    return keras.optimizers.Adam(rate, global_clipnorm=recipe.clip_norm)


def _labels(images: Images, objective: Objective) -> np.ndarray:
    """Labels, or the ignore id where there are none; label maps stay bytes in memory."""
    if images.labels is not None:
        return images.labels.astype(np.uint8 if objective.dense else np.int32)
    if objective.dense:
        return np.full(images.pixels.shape[:3], objective.ignore, np.uint8)
    return np.full(len(images), objective.ignore, np.int32)
