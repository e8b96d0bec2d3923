"""The scores of `Confusion` as a Keras metric, for `fit` and `evaluate`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from datasets.labels import IGNORE
from training.metrics.confusion import Confusion


@keras.saving.register_keras_serializable("realitygap")
class SegmentationScores(keras.metrics.Metric):
    """Mean IoU and pixel accuracy of class probabilities `(n, ..., classes)`, counted in int64.

    It reports `mean_iou` and `accuracy`. A pixel whose true id is neither a class nor `ignore` counts for nothing here
    and is named by `confusion`, because a step of training cannot raise.

    Args:
        classes: number of classes.
        ignore: the true id that does not count.
        name: of the metric.
    """

    def __init__(self, classes: int, ignore: int = IGNORE, name: str = "scores", **options: Any) -> None:
        super().__init__(name=name, **options)
        self.classes = classes
        self.ignore = ignore
        # Rows are true classes and a last one for ids that are none; no prediction is void here.
        self.matrix = self.add_variable(shape=(classes + 1, classes), initializer="zeros", dtype="int64", name="matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch.

        Raises:
            ValueError: sample weights were given.
        """
        if sample_weight is not None:
            raise ValueError(f"{self.name} takes no sample weights; give what shall not count the id {self.ignore}")
        rows = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        columns = ops.reshape(ops.cast(ops.argmax(y_pred, axis=-1), "int32"), (-1,))
        known = ops.logical_and(rows >= 0, rows < self.classes)
        cells = ops.where(known, rows, self.classes) * self.classes + columns
        # What is ignored goes to one cell more, which is cut off.
        size = (self.classes + 1) * self.classes
        cells = ops.where(ops.equal(rows, self.ignore), size, cells)
        counts = ops.bincount(cells, minlength=size + 1)[:size]
        self.matrix.assign_add(ops.cast(ops.reshape(counts, self.matrix.shape), "int64"))

    def result(self) -> dict[str, Any]:
        """`mean_iou` and `accuracy`; nan when nothing was counted."""
        matrix = ops.cast(self.matrix, "float64")[: self.classes]
        hits = ops.diagonal(matrix)
        unions = ops.sum(matrix, axis=0) + ops.sum(matrix, axis=1) - hits
        occurring = ops.cast(unions > 0, "float64")
        mean = ops.sum(hits / ops.maximum(unions, 1.0)) / ops.sum(occurring)
        return {"mean_iou": mean, "accuracy": ops.sum(hits) / ops.sum(matrix)}

    def confusion(self) -> Confusion:
        """All that was counted.

        Raises:
            ValueError: some true ids are neither a class nor `ignore`.
        """
        matrix = np.asarray(self.matrix)
        if matrix[-1].any():
            raise ValueError(
                f"{matrix[-1].sum()} true ids are neither 0 to {self.classes - 1} nor {self.ignore}; "
                "map them to dense indices first"
            )
        return Confusion(np.pad(matrix[:-1], ((0, 0), (0, 1))))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "classes": self.classes, "ignore": self.ignore}
