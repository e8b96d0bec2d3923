"""AdaBN: trained weights with the batch statistics of the target (Li et al. 2016, 1603.04779)."""

from __future__ import annotations

from typing import ClassVar

import keras
import numpy as np

from datasets.errors import UsageError
from training.adaptation.domain_batch_normalization import DomainBatchNormalization
from training.adaptation.network import images_at_a_time
from training.adaptation.objective import Objective
from training.adaptation.task import TARGET, Task


class AdaBN(Objective):
    """The target's statistics are recomputed on its unlabelled images; no weight is trained."""

    domains: ClassVar[tuple[int, ...]] = ()

    def begin(self, task: Task) -> None:
        """Take the statistics.

        Raises:
            UsageError: the network has none, or not for each domain.
        """
        if not self.network.normalises:
            raise UsageError("AdaBN needs a network with batch normalisation; this one has none")
        if self.network.batch_norm != "per_domain":
            raise UsageError("AdaBN needs batch_norm per_domain: the statistics of the target are what it changes")
        recompute_statistics(self.network.model, task.target.pixels, TARGET)


def recompute_statistics(model: keras.Model, pixels: np.ndarray, domain: int, batch: int | None = None) -> None:
    """Set one domain's moving statistics to the exact mean and variance over all images.

    Layer after layer, because what a layer sees depends on the statistics of those before it.

    Args:
        model: takes `{"image", "domain"}`; changed in place.
        pixels: `(n, height, width, 3)` uint8.
        domain: whose statistics are set.
        batch: images at a time; the result does not depend on it but for rounding.
    """
    batch = batch or images_at_a_time(pixels)
    for layer in model.layers:
        if isinstance(layer, DomainBatchNormalization):
            before = keras.Model(model.input, layer.input[0])
            mean, variance = _statistics(before, pixels, domain, batch)
            for table, values in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
                rows = np.array(table)
                rows[domain] = values
                table.assign(rows)


def _statistics(before: keras.Model, pixels: np.ndarray, domain: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance `(channels,)` over images and places, summed in float64."""
    channels = before.output_shape[-1]
    count, total, squares = 0, np.zeros(channels), np.zeros(channels)
    for start in range(0, len(pixels), batch):
        chunk = pixels[start : start + batch]
        output = before({"image": chunk, "domain": np.full(len(chunk), domain, np.int32)}, training=False)
        values = np.asarray(output, np.float64)
        values = values.reshape(-1, values.shape[-1])
        count += len(values)
        total += values.sum(axis=0)
        squares += np.square(values).sum(axis=0)
    mean = total / count
    return mean, np.maximum(squares / count - np.square(mean), 0.0)
