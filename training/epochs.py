"""The epochs of a run: steps, watching the loss, validation, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError
from training.checkpoint import Checkpoint
from training.errors import DivergedError
from training.files import json_line
from training.inputs.decoding import label_space, label_table
from training.inputs.form import Form
from training.inputs.reading import read_split, unreadable
from training.inputs.records import open_records
from training.inputs.selection import held_out, not_held_out
from training.inputs.stream import Stream
from training.losses.class_weights import class_weights
from training.metrics.confusion import Confusion
from training.metrics.conventions import convention_of
from training.progress import Reporter
from training.run_directory import RunDirectory
from training.segmentation import Segmenter
from training.train_options import TrainOptions

_SCALAR = 1  # DATA_CLASS_SCALAR of tensorboard/compat/proto/summary.proto
_LOOK_EVERY_S = 0.5  # looking at a loss waits for its step, so a GPU would stand still after each one


class Epochs:
    """A network in training on one data set, epoch by epoch.

    Attributes:
        space: the classes.
        steps: optimiser steps of the whole run.
        best: number and validation mIoU of the best epoch so far.

    Raises:
        UsageError: no such network, one for another task, a data set without label maps, nothing left to train on.
    """

    def __init__(self, dataset: Dataset, options: TrainOptions) -> None:
        self._dataset, self._options = dataset, options
        self.space = label_space(dataset, "semantic", options.label_space)
        form = Form(("image", "semantic"), options.size, label_space=options.label_space, resampling="area")
        self._stream = self._training_stream(form)
        chosen = held_out(options.validation_share, options.seed)
        self._validation = read_split(dataset, options.train_split, form, select=chosen).batch(options.batch_size)
        self.steps = options.epochs * self._stream.steps_per_epoch
        self._segmenter = Segmenter(options, self.space, self._class_weights(), self.steps)
        self._history: list[dict[str, Any]] = []
        self._losses: list[float] = []
        self.best: dict[str, Any] = {"epoch": None, "validation_mean_iou": None}

    def train(self, run: RunDirectory, checkpoint: Checkpoint | None, progress: Reporter) -> None:
        """Train from the checkpoint, or from the start, to the end.

        Raises:
            DivergedError: the loss is not finite.
            VerificationError: a record of the data is damaged.
        """
        step = 0 if checkpoint is None else self._restore(checkpoint)
        run.rewrite_logs(self._history)
        if self._history and self.best["epoch"] == len(self._history) and not self._losses:
            self._segmenter.save(run.best)  # the kill may have come before it was written
        writer = tf.summary.create_file_writer(str(run.events))
        for numbers in self._history:
            _write_events(writer, numbers)
            progress.row(self._shown(numbers))
        for _ in range(step):
            progress.advance()
        if self._stream.held_in_memory:
            count = self._dataset.split(self._options.train_split).examples
            progress.say(f"decoding {count:,} images; memory keeps them (--memory-gigabytes 0: decode in every epoch)")
        try:
            batches = iter(self._stream.batches(step))
            for epoch in range(len(self._history), self._options.epochs):
                self._train_epoch(run, batches, epoch, progress)
                numbers = self._history[-1]
                if self.best["epoch"] == epoch + 1:
                    self._segmenter.save(run.best)
                with open(run.metrics, "a", encoding="utf-8") as log:
                    log.write(json_line(numbers))
                _write_events(writer, numbers)
                progress.row(self._shown(numbers))
        except tf.errors.OpError as error:
            raise unreadable(self._dataset, self._options.train_split, error) from None
        finally:
            writer.close()
        self._segmenter.save(run.last)

    def _train_epoch(self, run: RunDirectory, batches: Iterator[Any], epoch: int, progress: Reporter) -> None:
        """Train what is left of an epoch, validate, and write the checkpoint."""
        began = time.perf_counter()
        pending: list[Any] = []
        looked, images = began, 0
        for place in range(len(self._losses) + 1, self._stream.steps_per_epoch + 1):
            batch = next(batches)
            pending.append(self._segmenter.step(batch["image"], batch["semantic"]))
            images += len(batch["key"])
            due = self._options.checkpoint_steps and place % self._options.checkpoint_steps == 0
            if due or place == self._stream.steps_per_epoch or time.perf_counter() - looked > _LOOK_EVERY_S:
                self._take_losses(pending, epoch)
                looked = time.perf_counter()
            progress.advance(f"epoch {epoch + 1}  loss {self._losses[-1]:.4f}" if self._losses else "")
            if due and place < self._stream.steps_per_epoch:
                self._checkpoint(run)
        trained = time.perf_counter()
        numbers = {"epoch": epoch + 1, "loss": float(np.mean(self._losses)), **self._validate()}
        numbers |= {
            "seconds": round(time.perf_counter() - began, 3),
            "images_per_second": round(images / max(trained - began, 1e-9), 2),
        }
        self._losses = []
        self._history.append(numbers)
        # An epoch whose mIoU is undefined (nan) is no better than any other, so the comparison is this way round.
        score, before = numbers["validation_mean_iou"], self.best["validation_mean_iou"]
        if before is None or np.isnan(before) or score > before:
            self.best = {"epoch": epoch + 1, "validation_mean_iou": score}
        self._checkpoint(run)

    def _take_losses(self, pending: list[Any], epoch: int) -> None:
        for loss in map(float, pending):
            self._losses.append(loss)
            if not np.isfinite(loss):
                raise DivergedError(
                    f"the loss became {loss} in step {len(self._losses)} of epoch {epoch + 1}; start again with a "
                    f"learning rate below {self._options.learning_rate:g}, or --clip-norm 1; checkpoint.npz holds the "
                    "state before, if any"
                )
        pending.clear()

    def _validate(self) -> dict[str, float]:
        confusion = Confusion.empty(len(self.space))
        for batch in self._validation:
            prediction = self._segmenter.predict(batch["image"])
            confusion += Confusion.of(batch["semantic"].numpy(), prediction, len(self.space))
        mean_iou = convention_of(self.space.name).mean_iou(confusion)
        return {"validation_mean_iou": mean_iou, "validation_accuracy": confusion.accuracy}

    def _checkpoint(self, run: RunDirectory) -> None:
        facts = {"history": self._history, "losses": self._losses, "best": self.best}
        Checkpoint(facts, self._segmenter.state()).write(run.checkpoint)

    def _restore(self, checkpoint: Checkpoint) -> int:
        """Take the checkpoint's state; the step that comes next."""
        self._segmenter.restore(checkpoint.arrays)
        self._history, self._losses = checkpoint.facts["history"], checkpoint.facts["losses"]
        self.best = checkpoint.facts["best"]
        return len(self._history) * self._stream.steps_per_epoch + len(self._losses)

    def _training_stream(self, form: Form) -> Stream:
        """The batches; also proves that both parts of the split have images."""
        options = self._options
        split, share = options.train_split, options.validation_share
        total = self._dataset.split(split).examples
        selection = not_held_out(share, options.seed)
        kept = len(open_records(self._dataset, split, selection))
        if kept in (0, total):
            raise UsageError(
                f"split {split!r} has {total} images, of which {total - kept} fall into the held-out share of {share}; "
                "change validation_share or seed so that both parts have some"
            )
        return Stream(
            self._dataset,
            split,
            form,
            options.batch_size,
            options.seed,
            select=selection,
            augmentation=options.augmentation,
            whole_batches=options.distribution != "none",
            cache=options.cache,
            memory_bytes=int(1e9 * options.memory_gigabytes) if options.epochs > 1 else 0,
        )

    def _class_weights(self) -> list[float] | None:
        if self._options.class_weights == "none":
            return None
        statistics = self._dataset.manifest.splits[self._options.train_split].statistics
        table = label_table(self._dataset, "semantic", self._options.label_space)
        return class_weights(self._options.class_weights, statistics, self.space, table=table)

    def _shown(self, numbers: dict[str, Any]) -> dict[str, str]:
        return {
            "epoch": f"{numbers['epoch']}/{self._options.epochs}",
            "loss": f"{numbers['loss']:.4f}",
            "validation mIoU": f"{numbers['validation_mean_iou']:.4f}",
            "accuracy": f"{numbers['validation_accuracy']:.4f}",
            "images/s": f"{numbers['images_per_second']:.1f}",
            "seconds": f"{numbers['seconds']:.1f}",
            "": "best" if self.best["epoch"] == numbers["epoch"] else "",
        }


def _write_events(writer: Any, numbers: dict[str, Any]) -> None:
    # Written by hand: `tf.summary.scalar` wants TensorBoard itself, which a run does not need.
    about = tf.compat.v1.SummaryMetadata(data_class=_SCALAR)
    about.plugin_data.plugin_name = "scalars"
    with writer.as_default(step=numbers["epoch"]):
        for name, value in numbers.items():
            if name != "epoch":
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=about)
    writer.flush()
