"""Training and scoring of a network that predicts a class for every pixel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.labels import IGNORE, LabelSpace
from training.confusion import Confusion
from training.errors import DivergedError
from training.files import write_whole
from training.inputs import Form, count_selected, flip_at_random, held_out, not_held_out, read_split
from training.networks.catalogue import NETWORKS
from training.progress import Reporter

if TYPE_CHECKING:
    from training.train_options import TrainOptions


class Segmenter:
    """A network in training on one data set.

    Raises:
        UsageError: no such network, one for another task, a data set without label maps, nothing left to train on.
    """

    def __init__(self, dataset: Dataset, options: TrainOptions) -> None:
        self._dataset = dataset
        self._options = options
        self._space = _label_space(dataset)
        self._model = _build_network(options, len(self._space))
        self._optimizer = keras.optimizers.Adam(options.learning_rate)
        self._optimizer.build(self._model.trainable_variables)
        self._loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=IGNORE)
        self._step = tf.function(self._train_step, reduce_retracing=True)
        form = Form(("image", "semantic"), options.size)
        examples = read_split(
            dataset,
            options.train_split,
            form,
            shuffle_seed=options.seed,
            select=not_held_out(options.validation_share, options.seed),
        )
        if options.flip:
            examples = flip_at_random(examples, options.seed)
        self._batches = examples.batch(options.batch_size).prefetch(2)
        validation = held_out(options.validation_share, options.seed)
        self._validation = read_split(dataset, options.train_split, form, select=validation).batch(options.batch_size)
        self.steps_per_epoch = self._count_steps()

    def train_epoch(self, progress: Reporter) -> dict[str, float]:
        """One pass over the training images, then the validation images.

        Raises:
            DivergedError: the loss is not finite.
        """
        losses: list[float] = []
        for batch in self._batches:
            loss = float(self._step(batch["image"], batch["semantic"]))
            if not np.isfinite(loss):
                raise DivergedError(
                    f"the loss became {loss} in step {len(losses) + 1} of the epoch; start again with a learning rate "
                    f"below {self._options.learning_rate:g}; last.keras holds the state before this epoch, if any"
                )
            losses.append(loss)
            progress.advance(f"loss {loss:.3f}")
        confusion = Confusion.empty(len(self._space))
        for batch in self._validation:
            prediction = np.argmax(self._model(batch["image"], training=False), axis=-1)
            confusion += Confusion.of(batch["semantic"].numpy(), prediction, len(self._space))
        return {
            "loss": float(np.mean(losses)),
            "validation_mean_iou": confusion.mean_iou,
            "validation_accuracy": confusion.accuracy,
        }

    def save(self, path: Path) -> None:
        """Save the network with its preprocessing and weights, whole or not at all."""
        write_whole(path, self._model.save)

    def evaluate(self, checkpoint: Path) -> dict[str, Any]:
        """Scores of a saved network on the test split, at the stored size of the labels."""
        model = keras.models.load_model(checkpoint)
        form = Form(("image", "semantic"), self._options.size, resize_labels=False)
        examples = read_split(self._dataset, self._options.test_split, form)
        confusion = Confusion.empty(len(self._space))
        images = 0
        # Labels differ in size, so only the images can go through the network as a batch.
        for batch in examples.ragged_batch(self._options.batch_size):
            probabilities = model(batch["image"], training=False)
            for scores, truth in zip(probabilities, batch["semantic"], strict=True):
                labels = truth.to_tensor().numpy()
                prediction = np.argmax(tf.image.resize(scores, labels.shape, "bilinear"), axis=-1)
                confusion += Confusion.of(labels, prediction, len(self._space))
                images += 1
        return {
            "images": images,
            "mean_iou": confusion.mean_iou,
            "accuracy": confusion.accuracy,
            "iou": dict(zip(self._space.names, confusion.iou.tolist(), strict=True)),
            "confusion": confusion.matrix.tolist(),
        }

    def _train_step(self, images: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = self._loss(labels, self._model(images, training=True))
        variables = self._model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def _count_steps(self) -> int:
        """Steps of an epoch; also proves that both parts of the split have images."""
        split, share, seed = self._options.train_split, self._options.validation_share, self._options.seed
        total = self._dataset.split(split).examples
        held = count_selected(self._dataset, split, held_out(share, seed))
        if held in (0, total):
            raise UsageError(
                f"split {split!r} has {total} images, of which {held} fall into the held-out share of {share}; "
                "change validation_share or seed so that both parts have some"
            )
        return -(-(total - held) // self._options.batch_size)


def _label_space(dataset: Dataset) -> LabelSpace:
    space = dataset.schema["semantic"].space if "semantic" in dataset.schema else None
    if space is None:
        raise UsageError(f"data set {dataset.name!r} has no label map with a label space; it cannot train segmentation")
    return space


def _build_network(options: TrainOptions, classes: int) -> keras.Model:
    network = NETWORKS.get(options.network)
    fitting = [name for name, entry in NETWORKS.items() if entry.task == "segmentation"]
    if network is None or network.task != "segmentation":
        what = "no network" if network is None else "no network for label maps but a classifier:"
        raise UsageError(f"there is {what} {options.network!r}; for segmentation there are {', '.join(fitting)}")
    return network.build(options.size, classes)
