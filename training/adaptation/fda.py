"""Fourier domain adaptation: source images with the colours of the target (Yang and Soatto, CVPR 2020, 2004.05498)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import tensorflow as tf

from datasets.errors import UsageError
from training.adaptation.information import mean_entropy
from training.adaptation.network import Network
from training.adaptation.objective import Batch, Losses, Objective
from training.adaptation.task import SOURCE, TARGET, Recipe, Task

_BETAS = (0.01, 0.09)
_ENTROPY_WEIGHT = 0.005


class Fda(Objective):
    """Label loss on source images whose lowest frequencies have the amplitude of target images."""

    domains: ClassVar[tuple[int, ...]] = (SOURCE, TARGET)

    def __init__(self, network: Network, task: Task, recipe: Recipe, seed: int) -> None:
        super().__init__(network, task, recipe, seed)
        if task.source.pixels.ndim != 4:
            raise UsageError("FDA swaps frequencies of images; these examples are no images")

    def prepare(self, batch: Batch) -> Batch:
        """Give each source image the low amplitudes of a target image; the size of the window is drawn a step."""
        source, target = batch.of_source(batch.images), batch.of_target(batch.images)
        least, most = _BETAS
        beta = least + (most - least) * self.random([], batch.step, 1)
        moved = tf.clip_by_value(swap_amplitudes(source, target[: batch.source], beta), 0.0, 255.0)
        return replace(batch, images=tf.concat([moved, target], 0))

    def losses(self, batch: Batch) -> Losses:
        """The label loss, and the paper's small entropy on the target."""
        outputs = self.network(batch.images, batch.domains)
        entropy = mean_entropy(batch.of_target(outputs.logits))
        label_loss = self.label_loss(batch.labels, outputs.logits)
        return Losses({"label_loss": label_loss, "entropy_loss": _ENTROPY_WEIGHT * entropy})


def swap_amplitudes(images: Any, styles: Any, beta: Any) -> Any:
    """Images with the amplitudes of others at the lowest frequencies, and their own phases.

    Args:
        images: `(n, height, width, channels)` float32.
        styles: the same shape.
        beta: half the window's side over the image's shorter side; at 0 only the mean colour changes.
    """
    planes, other = (tf.signal.fft2d(tf.cast(_planes(values), tf.complex64)) for values in (images, styles))
    height, width = images.shape[1], images.shape[2]
    reach = tf.floor(beta * float(min(height, width)))
    rows, columns = (tf.abs(tf.cast(_frequencies(side), tf.float32)) <= reach for side in (height, width))
    low = tf.logical_and(rows[:, None], columns[None, :])
    amplitude = tf.where(low, tf.abs(other), tf.abs(planes))
    phase = tf.math.angle(planes)
    mixed = tf.complex(amplitude * tf.cos(phase), amplitude * tf.sin(phase))
    return tf.transpose(tf.math.real(tf.signal.ifft2d(mixed)), [0, 2, 3, 1])


def _planes(images: Any) -> Any:
    return tf.transpose(images, [0, 3, 1, 2])


def _frequencies(side: int) -> Any:
    """Signed frequencies in the order of the transform: 0, 1, ..., -2, -1."""
    places = tf.range(side)
    return tf.where(places <= side // 2, places, places - side)
