"""What a checkpoint says of the test images, in the form in which it is stored, and its score."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from datasets.labels import IGNORE
from training.adaptation.loop import predict_logits
from training.adaptation.network import Network
from training.metrics.calibration import Calibration
from training.metrics.confusion import Confusion
from training.metrics.conventions import CONVENTIONS, convention_of
from training.study.data import StudyData, TestImages

_BATCH = 8  # images whose logits are held at once
Arrays = dict[str, np.ndarray]


def predict(network: Network, data: StudyData, domain: int) -> Arrays:
    """Arrays by the pattern of their name, whose braces stand for the choice of the checkpoint.

    Of images with one class `{}` is `(n, classes)` float32 logits. Of label maps it is `(n, H, W)` uint8 predicted
    classes, 255 outside the image; `{}_calibration` is `(15, 3)` counts, summed confidences and hits by bin of
    confidence; and `other_{}` is `(m, classes, classes + 1)` int64 confusions of the images of another real set.
    """
    if not data.dense:
        return {"{}": predict_logits(network, data.test.pixels, domain)}
    classes, calibration = segment(network, data.test, domain)
    arrays = {"{}": classes, "{}_calibration": calibration}
    if data.other_test is not None:
        found, _ = segment(network, data.other_test, domain)
        arrays["other_{}"] = confusions(data.other_test.labels, found, len(data.class_names))
    return arrays


def score(predicted: np.ndarray, data: StudyData) -> float:
    """Accuracy, or mean IoU by the study's convention, of what `predict` gives under `{}`."""
    if not data.dense:
        return float(np.mean(predicted.argmax(axis=1) == data.test.labels))
    total = Confusion.of(data.test.labels, predicted, len(data.class_names))
    convention = CONVENTIONS.get(data.convention) or convention_of(data.convention)
    return convention.mean_iou(total)


def segment(network: Network, images: TestImages, domain: int) -> tuple[np.ndarray, np.ndarray]:
    """Predicted classes `(n, H, W)` uint8 at the labels' own sizes, and calibration `(15, 3)`.

    Logits are resized bilinearly to the size of each label map; pixels without a label do not count.
    """
    assert images.sizes is not None
    found = np.full(images.labels.shape, IGNORE, np.uint8)
    total = Calibration.empty()
    for start in range(0, len(found), _BATCH):
        logits = predict_logits(network, images.pixels[start : start + _BATCH], domain)
        for place, maps in enumerate(logits, start=start):
            height, width = images.sizes[place]
            classes, confidence = (part.numpy() for part in _at_size(tf.constant(maps), tf.constant([height, width])))
            found[place, :height, :width] = classes
            total += Calibration.of_confidences(images.labels[place, :height, :width], classes, confidence)
    return found, np.stack([total.counts, total.confidences, total.hits], axis=1).astype(np.float64)


def confusions(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """`(n, classes, classes + 1)` int64, image by image."""
    return np.stack([Confusion.of(*pair, classes).matrix for pair in zip(truth, predicted, strict=True)])


@tf.function(reduce_retracing=True, autograph=False)
def _at_size(logits: Any, size: Any) -> Any:
    """Classes `(height, width)` uint8 and their probabilities."""
    resized = tf.image.resize(logits, size, "bilinear")
    classes = tf.argmax(resized, axis=-1, output_type=tf.int32)
    return tf.cast(classes, tf.uint8), tf.exp(tf.reduce_max(resized, axis=-1) - tf.reduce_logsumexp(resized, axis=-1))
