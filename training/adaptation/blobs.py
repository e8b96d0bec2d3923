"""The book's toy: two blobs of points in space, and the same two elsewhere (Planche and Andres, 2019, chapter 7).

After a toy of Clayton Mellina's. The source's blobs lie around (0, 0, 0) and (2, 4, 4) with a deviation of 0.5, 500
points each, the target's around (6, 3, 3) and (7, 6, 7) with a deviation of 1, 200 points each.
"""

from __future__ import annotations

import numpy as np

from training.adaptation.task import Images, Task

SOURCE_CENTRES, SOURCE_DEVIATION, SOURCE_POINTS = ((0, 0, 0), (2, 4, 4)), 0.5, 500
TARGET_CENTRES, TARGET_DEVIATION, TARGET_POINTS = ((6, 3, 3), (7, 6, 7)), 1.0, 200
_TEST_POINTS = 1000


def blobs(seed: int) -> tuple[Task, Images]:
    """The task, and fresh target points to test on; the book tests on those that it adapts to."""
    source, target = (SOURCE_CENTRES, SOURCE_DEVIATION), (TARGET_CENTRES, TARGET_DEVIATION)
    draws = (
        (*source, SOURCE_POINTS),
        (*target, TARGET_POINTS),
        (*source, TARGET_POINTS),
        (*target, TARGET_POINTS),
        (*target, _TEST_POINTS),
    )
    parts = [_draw(np.random.default_rng((seed, part)), *draw) for part, draw in enumerate(draws)]
    learnt, adapted, source_watch, target_watch, test = parts
    return Task(learnt, adapted, source_watch, target_watch, classes=2), test


def _draw(rng: np.random.Generator, centres: tuple[tuple[int, ...], ...], deviation: float, count: int) -> Images:
    labels = rng.permutation(np.repeat(np.arange(len(centres)), count))
    points = np.array(centres, np.float64)[labels] + deviation * rng.normal(size=(len(labels), len(centres[0])))
    return Images(points.astype(np.float32), labels)
