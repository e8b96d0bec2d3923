"""Scores of a saved network on a split, at the stored size of the labels.

Images are resized to the network's size, its probabilities back to the size of the labels, which stay as they are.
The confusion of every image is kept, so that runs can be compared image by image without predicting again.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import keras
import numpy as np
import tensorflow as tf

from datasets.dataset import Dataset
from datasets.errors import UsageError, VerificationError
from datasets.label_space import LabelSpace
from datasets.labels import IGNORE, LABEL_SPACES
from datasets.png import encode_png
from training.files import write_arrays, write_bytes, write_json
from training.inputs.decoding import label_space
from training.inputs.form import Form
from training.inputs.reading import read_split, unreadable
from training.metrics.confusion import Confusion
from training.metrics.conventions import convention_of
from training.networks.catalogue import NETWORKS
from training.provenance import identity
from training.run_directory import RunDirectory

_BATCH = 16
Picture = Callable[[str, np.ndarray], None]
"""Called with each key and its predicted dense classes, `(height, width)` uint8."""


@dataclass(frozen=True, eq=False)
class ImageConfusions:
    """What a network predicted, counted for each image on its own.

    Attributes:
        keys: of the images, in stored order.
        matrices: `(images, classes, classes + 1)` int64, each as `Confusion.matrix`.
    """

    keys: tuple[str, ...]
    matrices: np.ndarray

    @property
    def total(self) -> Confusion:
        """Counts over all images."""
        return Confusion(self.matrices.sum(axis=0))


def evaluate_run(
    run: RunDirectory, dataset: Dataset, split: str, *, look_up: bool = False, predictions: Path | None = None
) -> dict[str, Any]:
    """Score the best network of a run and store the result in its folder; the document that was stored.

    Args:
        run: a run that has at least one epoch behind it.
        dataset: what is predicted on; its label space must be the run's.
        split: of it.
        look_up: look the data set's classes up in the run's label space where they differ.
        predictions: folder for the predicted label maps, as PNG files with the stored ids; None writes none.

    Raises:
        UsageError: no run, no such split, another label space.
        VerificationError: the network or a record is damaged.
    """
    record = run.read_record()
    space = LABEL_SPACES[record["label_space"]]
    size = (int(record["size"][0]), int(record["size"][1]))
    form = Form(("image", "semantic"), size, resize_labels=False, resampling="area", label_space=space.name)
    _refuse_other_space(dataset, space, run, look_up)
    dataset.split(split)
    keep = None if predictions is None else _picture_writer(predictions, space)
    images = confusions(load_network(run.best), dataset, split, form, len(space), keep)
    document = {
        "schema_version": 1,
        "dataset": identity(dataset),
        "split": split,
        "label_space": space.name,
        **scores(images.total, space),
        "images": len(images.keys),
    }
    stem = run.evaluations / f"{dataset.name}-{split}-{dataset.fingerprint[:12]}"
    # No suffix is exchanged: the name of a data set may hold a dot.
    scored = stem.with_name(f"{stem.name}.json")
    write_arrays(stem.with_name(f"{stem.name}.npz"), {"key": np.array(images.keys), "confusion": images.matrices})
    write_json(scored, document)
    return json.loads(scored.read_text("utf-8"))


def load_network(path: Path) -> keras.Model:
    """A saved network. Only the `.keras` form is read, and never code from the file.

    Raises:
        UsageError: there is none.
        VerificationError: the file is damaged, or holds layers that this program does not know.
    """
    if not path.is_file():
        raise UsageError(f"there is no {path}; the run has no finished epoch yet")
    if not zipfile.is_zipfile(path):
        raise VerificationError(f"{path} is damaged: it is no whole .keras file")
    assert NETWORKS  # its modules name the layers of ours that a file may hold
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        raise VerificationError(f"{path} cannot be loaded: {' '.join(str(error).split())[:300]}") from None


def confusions(
    model: keras.Model, dataset: Dataset, split: str, form: Form, classes: int, keep: Picture | None = None
) -> ImageConfusions:
    """Predict a split image by image.

    Raises:
        VerificationError: a record is damaged.
    """
    predict, keys, matrices = _predictor(model), [], []
    try:
        # Labels differ in size, so only the images can go through the network as a batch.
        for batch in read_split(dataset, split, form).ragged_batch(_BATCH):
            probabilities = model(batch["image"], training=False)
            if isinstance(probabilities, dict):
                probabilities = tf.add_n(list(probabilities.values()))
            for key, values, truth in zip(batch["key"].numpy(), probabilities, batch["semantic"], strict=True):
                labels = truth.to_tensor().numpy()
                prediction = predict(values, tf.constant(labels.shape)).numpy()
                keys.append(key.decode())
                matrices.append(Confusion.of(labels, prediction, classes).matrix)
                if keep is not None:
                    keep(keys[-1], prediction)
    except tf.errors.OpError as error:
        raise unreadable(dataset, split, error) from None
    if not keys:
        raise UsageError(f"data set {dataset.name!r}, split {split!r} has no image to score")
    return ImageConfusions(tuple(keys), np.stack(matrices))


def scores(confusion: Confusion, space: LabelSpace) -> dict[str, Any]:
    """The scores of a confusion under the label space's own convention, by name."""
    convention = convention_of(space.name)
    return {
        "convention": convention.name,
        "convention_about": f"{convention.about}; labels at their stored size, probabilities scaled up bilinearly, "
        "void pixels not counted",
        "mean_iou": convention.mean_iou(confusion),
        "accuracy": confusion.accuracy,
        "iou": dict(zip(space.names, confusion.iou.tolist(), strict=True)),
        "confusion": confusion.matrix.tolist(),
    }


def _predictor(model: keras.Model) -> Any:
    """A function: class probabilities of one image and a size -> `(height, width)` uint8 classes of that size."""

    @tf.function(reduce_retracing=True)
    def predict(values: Any, size: Any) -> Any:
        return tf.cast(tf.argmax(tf.image.resize(values, size, "bilinear"), axis=-1, output_type=tf.int32), tf.uint8)

    return predict


def _refuse_other_space(dataset: Dataset, space: LabelSpace, run: RunDirectory, look_up: bool) -> None:
    stored = dataset.schema["semantic"].space if "semantic" in dataset.schema else None
    if stored is None:
        raise UsageError(f"data set {dataset.name!r} has no label map with a label space; there is nothing to score")
    if stored.name != space.name and not look_up:
        raise UsageError(
            f"data set {dataset.name!r} has labels of {stored.name!r}, but {run.path} predicts {space.name!r}; "
            f"--look-up looks them up there, if the two are related"
        )
    label_space(dataset, "semantic", space.name)


def _picture_writer(folder: Path, space: LabelSpace) -> Picture:
    ids = np.array([*space.ids, *[IGNORE] * (256 - len(space))], np.uint8)

    def write(key: str, prediction: np.ndarray) -> None:
        data = encode_png(ids[prediction][:, :, None])
        name = quote(key, safe=" ")  # a key may hold slashes
        write_bytes(folder / f"{name}.png", data)

    return write
