"""A network that predicts a class for every pixel, in training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from datasets.errors import UsageError, VerificationError
from datasets.label_space import LabelSpace
from training.files import write_whole
from training.losses.catalogue import make_loss
from training.networks.catalogue import NETWORKS
from training.optimizers import make_optimizer
from training.train_options import TrainOptions


class Segmenter:
    """Network, loss and optimiser, and the one step that changes them.

    With `mirrored` distribution every device holds a copy of the network and takes an equal part of each batch; the
    loss is the mean over the parts.

    Args:
        options: see there.
        space: the classes.
        weights: a factor on each class, or None.
        steps: of the whole run, for the schedule.

    Raises:
        UsageError: no such network or loss, or one for another task.
    """

    def __init__(self, options: TrainOptions, space: LabelSpace, weights: Sequence[float] | None, steps: int) -> None:
        self._strategy = tf.distribute.MirroredStrategy() if options.distribution == "mirrored" else None
        self.replicas = self._strategy.num_replicas_in_sync if self._strategy else 1
        if options.batch_size % self.replicas:
            raise UsageError(f"batch_size {options.batch_size} does not part evenly over {self.replicas} devices")
        keras.utils.set_random_seed(options.seed)
        scope = self._strategy.scope() if self._strategy else contextlib.nullcontext()
        with scope, _precision(options.precision):
            self.model = _build_network(options, len(space))
            self._optimizer = make_optimizer(options, steps)
            self._optimizer.build(self.model.trainable_variables)
        self._loss = make_loss(options.loss, class_weights=weights)
        step = self._one_step if self._strategy is None else self._distributed_step
        self._step = tf.function(step, reduce_retracing=True, jit_compile=options.jit_compile or None)
        self._predict = tf.function(self._classes_of, reduce_retracing=True)

    def step(self, images: Any, labels: Any) -> Any:
        """One optimiser step on a batch; its loss, a tensor that may still be under way.

        Args:
            images: `(n, height, width, 3)` uint8.
            labels: `(n, height, width)` dense indices.
        """
        return self._step(images, labels)

    def predict(self, images: Any) -> np.ndarray:
        """`(n, height, width)` uint8: the most probable class of each pixel."""
        return np.asarray(self._predict(images))

    def save(self, path: Path) -> None:
        """Save the network with its preprocessing and weights, whole or not at all."""
        write_whole(path, self.model.save)

    def state(self) -> list[np.ndarray]:
        """Values of all variables: weights, statistics, states of random generators, moments and step count."""
        return [np.asarray(variable) for variable in self._variables]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Put the values of `state` back.

        Raises:
            VerificationError: they are of another network.
        """
        shapes = [tuple(variable.shape) for variable in self._variables]
        if shapes != [array.shape for array in state]:
            raise VerificationError("the checkpoint holds variables of other shapes than this network and optimiser")
        for variable, array in zip(self._variables, state, strict=True):
            variable.assign(array)

    @property
    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self._optimizer.variables]

    def _one_step(self, images: Any, labels: Any) -> Any:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            outputs = self.model(images, training=True)
            # A network with several outputs is supervised at each of them.
            outputs = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
            loss = tf.add_n([self._loss(labels, output) for output in outputs]) / len(outputs)
            part = loss / self.replicas  # gradients of the replicas are summed
            scaled = self._optimizer.scale_loss(part)
        self._optimizer.apply(tape.gradient(scaled, variables), variables)
        return part

    def _distributed_step(self, images: Any, labels: Any) -> Any:
        strategy = self._strategy
        assert strategy is not None
        count = tf.shape(images)[0] // self.replicas

        def part(values: Any) -> Any:
            def of_replica(context: Any) -> Any:
                first = count * context.replica_id_in_sync_group
                return values[first : first + count]

            return strategy.experimental_distribute_values_from_function(of_replica)

        losses = strategy.run(self._one_step, args=(part(images), part(labels)))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _classes_of(self, images: Any) -> Any:
        outputs = self.model(images, training=False)
        outputs = tf.add_n(list(outputs.values())) if isinstance(outputs, dict) else outputs
        return tf.cast(tf.argmax(outputs, axis=-1, output_type=tf.int32), tf.uint8)


@contextlib.contextmanager
def _precision(name: str) -> Iterator[None]:
    """Layers that are made inside compute in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _build_network(options: TrainOptions, classes: int) -> keras.Model:
    network = NETWORKS.get(options.network)
    fitting = [name for name, entry in NETWORKS.items() if entry.task == "segmentation"]
    if network is None or network.task != "segmentation":
        what = "no network" if network is None else "no network for label maps but a classifier:"
        raise UsageError(f"there is {what} {options.network!r}; for segmentation there are {', '.join(fitting)}")
    return network.build(options.size, classes)
