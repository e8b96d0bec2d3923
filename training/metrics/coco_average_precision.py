"""Average precision as COCO takes it (Lin et al., ECCV 2014; cocodataset.org/#detection-eval), for boxes or masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
MOST_DETECTIONS = 100


@dataclass(frozen=True, eq=False)
class CocoImage:
    """Objects and detections of one image.

    Attributes:
        labels: `(objects,)` class ids.
        crowd: `(objects,)` bool: stands for many objects; detections inside are forgiven.
        detected: `(detections,)` class ids.
        scores: `(detections,)` confidences.
        overlaps: `(detections, objects)` of `box_overlaps` or `mask_overlaps`.
    """

    labels: np.ndarray
    crowd: np.ndarray
    detected: np.ndarray
    scores: np.ndarray
    overlaps: np.ndarray


@dataclass(frozen=True)
class CocoScores:
    """AP over thresholds, at .5, at .75, and of each class (nan for classes without objects); AR of 100 detections."""

    ap: float
    ap50: float
    ap75: float
    recall: float
    ap_by_class: dict[int, float]


def box_overlaps(detected: np.ndarray, boxes: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """IoU of `(detections, 4)` with `(objects, 4)` boxes x, y, width, height; over the detection's area for crowds."""
    first, second = detected[:, None, :], boxes[None, :, :]
    ends = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    sides = np.clip(ends - np.maximum(first[..., :2], second[..., :2]), 0, None)
    return _over(sides.prod(axis=-1), detected[:, 2:].prod(axis=-1), boxes[:, 2:].prod(axis=-1), crowd)


def mask_overlaps(detected: np.ndarray, masks: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """IoU of `(detections, height, width)` with `(objects, height, width)` bool; over the detection's for crowds."""
    first, second = (
        each.reshape(len(each), int(np.prod(each.shape[1:]))).astype(np.float64) for each in (detected, masks)
    )
    return _over(first @ second.T, first.sum(axis=1), second.sum(axis=1), crowd)


def coco_scores(images: Sequence[CocoImage]) -> CocoScores:
    """The scores over all images, for objects of any size."""
    labels = sorted({int(label) for image in images for label in image.labels[~image.crowd]})
    curves, recalls = [], []
    for label in labels:
        precision, recall = _of_class(images, label)
        curves.append(precision)
        recalls.append(recall)
    if not curves:
        nan = float("nan")
        return CocoScores(nan, nan, nan, nan, {})
    table = np.stack(curves)  # (classes, thresholds, recalls)
    return CocoScores(
        ap=float(table.mean()),
        ap50=float(table[:, 0].mean()),
        ap75=float(table[:, 5].mean()),
        recall=float(np.mean(recalls)),
        ap_by_class=dict(zip(labels, table.mean(axis=(1, 2)).tolist(), strict=True)),
    )


def _over(shared: np.ndarray, areas: np.ndarray, object_areas: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    whole = np.where(crowd, areas[:, None], areas[:, None] + object_areas - shared)
    return np.divide(shared, whole, out=np.zeros(shared.shape), where=whole > 0)


def _of_class(images: Sequence[CocoImage], label: int) -> tuple[np.ndarray, np.ndarray]:
    """`(thresholds, recalls)` precision and `(thresholds,)` highest recall of one class."""
    parts = [_match(image, label) for image in images]
    scores = np.concatenate([each[0] for each in parts])
    hits = np.concatenate([each[1] for each in parts], axis=1)
    ignored = np.concatenate([each[2] for each in parts], axis=1)
    objects = sum(each[3] for each in parts)
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum((hits & ~ignored)[:, order], axis=1)
    false = np.cumsum((~hits & ~ignored)[:, order], axis=1)
    curves = np.zeros((len(THRESHOLDS), len(RECALLS)))
    highest = np.zeros(len(THRESHOLDS))
    for row, (rights, falses) in enumerate(zip(right, false, strict=True)):
        if not rights.size:
            continue
        recall = rights / objects
        precision = rights / np.maximum(rights + falses, 1)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        found = np.searchsorted(recall, RECALLS, side="left")
        curves[row] = np.where(found < len(precision), precision[np.minimum(found, len(precision) - 1)], 0.0)
        highest[row] = recall[-1]
    return curves, highest


def _match(image: CocoImage, label: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Scores, `(thresholds, detections)` whether matched and whether forgiven, and the number of objects that count."""
    mine = np.flatnonzero(image.detected == label)
    mine = mine[np.argsort(-image.scores[mine], kind="stable")][:MOST_DETECTIONS]
    objects = np.flatnonzero(image.labels == label)
    objects = objects[np.argsort(image.crowd[objects], kind="stable")]  # crowds last
    crowd = image.crowd[objects]
    overlaps = image.overlaps[np.ix_(mine, objects)]
    hits = np.zeros((len(THRESHOLDS), len(mine)), bool)
    ignored = np.zeros_like(hits)
    for row, threshold in enumerate(THRESHOLDS):
        taken = np.zeros(len(objects), bool)
        for detection in range(len(mine)):
            best = _best(overlaps[detection], taken, crowd, threshold)
            if best is not None:
                taken[best] = hits[row, detection] = True
                ignored[row, detection] = crowd[best]
    return image.scores[mine], hits, ignored, int((~crowd).sum())


def _best(overlaps: np.ndarray, taken: np.ndarray, crowd: np.ndarray, threshold: float) -> int | None:
    """The object that a detection is given to: a single one if any reaches the threshold, else a crowd."""
    for among in (~crowd & ~taken, crowd):
        reached = among & (overlaps >= threshold)
        if reached.any():
            values = np.where(reached, overlaps, -1.0)
            return int(np.flatnonzero(values == values.max())[-1])  # of equals the last, as the official tool
    return None
