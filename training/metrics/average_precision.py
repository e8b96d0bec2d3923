"""Instance AP as Cityscapes takes it: Cordts et al., CVPR 2016, evalInstanceLevelSemanticLabeling of its tools."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from training.metrics.instance_iou import MANY

OVERLAPS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""The IoU that a match must exceed: AP is the mean over all, AP50 the first."""

LEAST_PIXELS = 100
"""Smaller objects of the truth are forgiven, neither found nor missed."""


@dataclass(frozen=True, eq=False)
class PredictedInstance:
    """One predicted object: its mask `(height, width)` bool, class id and confidence."""

    mask: np.ndarray
    label: int
    score: float


@dataclass(frozen=True, eq=False)
class _Matches:
    """Objects and predictions of one class in one image.

    Attributes:
        overlaps: `(objects, predictions)` IoU with the objects that count.
        ignored_overlaps: `(others, predictions)` IoU with groups and small objects.
        ignored_shares: `(predictions,)` share of each prediction's pixels that lie on them and on void.
        scores: `(predictions,)` confidences.
    """

    overlaps: np.ndarray
    ignored_overlaps: np.ndarray
    ignored_shares: np.ndarray
    scores: np.ndarray


@dataclass
class InstanceMatches:
    """The matches of all images so far, from which AP is computed; `add` adds those of one more.

    Attributes:
        things: ids of the countable classes.
        least_pixels: objects of fewer pixels are forgiven.
    """

    things: tuple[int, ...]
    least_pixels: int = LEAST_PIXELS
    _images: dict[int, list[_Matches]] = field(default_factory=dict)

    def add(self, instances: np.ndarray, predictions: Sequence[PredictedInstance], void: Collection[int]) -> None:
        """Match one image.

        Args:
            instances: `(height, width)` integers: class id * 1000 + n for objects, the class id for the rest.
            predictions: those of this image, of any class; masks may overlap, empty ones are left out.
            void: plain ids of the instance map on which predictions are forgiven.
        """
        ids, which = np.unique(instances, return_inverse=True)
        which = which.reshape(instances.shape)
        sizes = np.bincount(which.ravel(), minlength=len(ids))
        on_void = np.isin(ids, list(void))
        for label in self.things:
            mine = [each for each in predictions if each.label == label and each.mask.any()]
            hits = [np.bincount(which[each.mask], minlength=len(ids)) for each in mine]
            counts = np.stack(hits, axis=1) if hits else np.zeros((len(ids), 0), np.int64)
            areas = counts.sum(axis=0)
            overlaps = counts / np.maximum(sizes[:, None] + areas - counts, 1)
            own = np.where(ids >= MANY, ids // MANY, ids) == label
            group, small = own & (ids < MANY), own & (sizes < self.least_pixels)
            # A small group counts twice, as it does in the official tool.
            forgiven = counts[on_void].sum(axis=0) + counts[group].sum(axis=0) + counts[small].sum(axis=0)
            self._images.setdefault(label, []).append(
                _Matches(
                    overlaps[own & ~group & ~small],
                    overlaps[group | small],
                    forgiven / np.maximum(areas, 1),
                    np.array([each.score for each in mine], np.float64),
                )
            )

    def table(self) -> np.ndarray:
        """`(things, overlaps)` AP; nan for classes without objects that count."""
        rows = [
            [_average_precision(self._images.get(label, []), overlap) for overlap in OVERLAPS] for label in self.things
        ]
        return np.array(rows).reshape(len(self.things), len(OVERLAPS))

    def scores(self) -> dict[str, float | Mapping[int, float]]:
        """`ap` and `ap50` as means over classes with objects (nan when there are none), `ap_by_class` by class id."""
        table = self.table()
        occurring = table[~np.isnan(table[:, 0])]
        return {
            "ap": float(occurring.mean()) if occurring.size else float("nan"),
            "ap50": float(occurring[:, 0].mean()) if occurring.size else float("nan"),
            "ap_by_class": dict(zip(self.things, table.mean(axis=1).tolist(), strict=True)),
        }


def _average_precision(images: Sequence[_Matches], overlap: float) -> float:
    """AP of one class at one overlap."""
    objects = sum(len(image.overlaps) for image in images)
    if not objects:
        return float("nan")
    judged = [_judge(image, overlap) for image in images]
    right = np.concatenate([hits for hits, _ in judged])
    scores = np.concatenate([values for _, values in judged])
    if not scores.size:
        return 0.0
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], np.cumsum(right[order])
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # the curve has a point for each distinct score
    precision = np.append(1.0, hits[last] / (last + 1))
    recall = np.append(0.0, hits[last] / objects)
    # Each point stands for half the way to its neighbours; beyond the ends there is recall 0 and the highest recall.
    around = np.concatenate([[0.0], recall, recall[-1:]])
    return float(precision @ (around[2:] - around[:-2]) / 2)


def _judge(image: _Matches, overlap: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether each prediction that counts is right, and its confidence."""
    matching = image.overlaps > overlap
    right = np.zeros(len(image.scores), bool)
    for row in matching:
        if row.any():  # of several predictions of one object the surest is right, the others are false
            right[np.flatnonzero(row)[np.argmax(image.scores[row])]] = True
    matched = matching.any(axis=0)
    forgiven = (image.ignored_overlaps > overlap).any(axis=0) | (image.ignored_shares > overlap)
    counted = matched | ~forgiven
    return right[counted], image.scores[counted]
