"""What synthetic images are worth in real ones: curves over numbers of images, and numbers read off them.

Numbers of images are read off a curve that runs straight between its measured points over the logarithm of the
number. The end points bound what can be said: beyond them a number is "fewer than" or "more than".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.metrics.bootstrap import Difference, Interval, Scored, difference, on_common_seeds
from training.study.entries import CEILING, FLOOR, Entry
from training.study.results import EntryResult, StudyResult

REAL, PRETRAINED, MIXED = "real", "pretrained", "mixed"
_TAILS = (2.5, 97.5)


@dataclass(frozen=True, eq=False)
class Point:
    """One measured point: the number of images, the entry and its scores."""

    images: int
    entry: EntryResult
    scored: Scored


@dataclass(frozen=True)
class Amount:
    """A number of real images, with its interval.

    Attributes:
        value, low, high: 0 stands for fewer than `least`, infinity for more than `most`.
        least, most: the numbers of images at the ends of the curve.
    """

    value: float
    low: float
    high: float
    least: int
    most: int

    @property
    def words(self) -> str:
        """The number as a reader is told it: `120`, `fewer than 30`, `more than all 367`."""
        return self._spelt(self.value)

    @property
    def interval_words(self) -> str:
        """Its interval: `80 to 150`, `fewer than 30 to 41`; empty where both ends lie beyond the same end."""
        if self.low == self.high and self.low in (0.0, np.inf):
            return ""
        return f"{self._spelt(self.low)} to {self._spelt(self.high)}"

    def _spelt(self, value: float) -> str:
        if value == 0:
            return f"fewer than {self.least:,}"
        return f"more than all {self.most:,}" if np.isinf(value) else f"{value:,.0f}"


def curve(study: StudyResult, kind: str, choice: str = "last") -> tuple[Point, ...]:
    """A learning curve over labelled real images, fewest first; where a number ran twice, that with more seeds.

    Args:
        study: its main entries take part, too.
        kind: `real` for real images alone, `pretrained` for those that start from the source-only weights, `mixed`
            for those that see both domains at once.
        choice: of the checkpoint.
    """
    found: dict[int, Point] = {}
    for result in (*study.main, *study.section("learning_curve")):
        images = result.entry.real_images
        if images is None or _curve_of(result.entry) != kind:
            continue
        if images not in found or len(result.seeds) > len(found[images].entry.seeds):
            found[images] = Point(images, result, study.scored(result.name, choice))
    return tuple(found[images] for images in sorted(found))


def saturation(study: StudyResult, choice: str = "last") -> tuple[Point, ...]:
    """The curve over synthetic images of networks that see nothing else, fewest first; the floor is its end."""
    results = [*study.section("saturation"), study[FLOOR]]
    points = [
        Point(result.entry.synthetic_images, result, study.scored(result.name, choice))
        for result in results
        if result.entry.synthetic_images is not None
    ]
    return tuple(sorted(points, key=lambda point: point.images))


def gain_per_doubling(points: tuple[Point, ...]) -> Difference | None:
    """What twice the images brought at the end of a curve; None where it has fewer than two points.

    The last point is held against the last one with at most half of its images: points nearer to each other would be
    divided by a small part of a doubling, and their noise multiplied. Where there is none, against the first.
    """
    if len(points) < 2:
        return None
    other = points[-1]
    one = next((point for point in reversed(points) if 2 * point.images <= other.images), points[0])
    doublings = float(np.log2(other.images / one.images))
    found = difference(other.scored, one.scored)
    ends = Interval(found.interval.low / doublings, found.interval.high / doublings)
    return Difference(found.value / doublings, ends)


def equivalent_images(method: Scored, points: tuple[Point, ...]) -> Amount | None:
    """The smallest number of labelled real images with which real images alone reach the method's score.

    Its interval takes the same test images for the method and for the curve. None for a curve of one point.
    """
    if len(points) < 2:
        return None
    values = np.array([point.scored.value for point in points])
    drawn = np.stack([point.scored.draws for point in points], axis=1)
    return _amount(points, values, method.value, drawn, method.draws)


def break_even(with_synthetic: tuple[Point, ...], real: tuple[Point, ...]) -> Amount | None:
    """From how many labelled real images on synthetic ones no longer help.

    The smallest number n at which a network that learns from n real images alone does as well as one that learns from
    synthetic images and the same n real ones. Their difference is measured where both curves have a point, over the
    seeds that both have, and runs straight over log n between. "More than all" says that synthetic images still help
    with all real ones there are; "fewer than" that they do not even help with the fewest that were tried.
    None where the curves have fewer than two numbers of images in common.
    """
    pairs = _pairs(with_synthetic, real)
    if len(pairs) < 2:
        return None
    drawn = np.stack([alone.draws - both.draws for _, both, alone in pairs], axis=1)
    values = np.array([alone.value - both.value for _, both, alone in pairs])
    return _amount(tuple(point for point, _, _ in pairs), values, 0.0, drawn, np.zeros(len(drawn)))


def gains(with_synthetic: tuple[Point, ...], real: tuple[Point, ...]) -> tuple[tuple[int, Difference], ...]:
    """By number of real images: what synthetic images add to them."""
    return tuple((point.images, difference(both, alone)) for point, both, alone in _pairs(with_synthetic, real))


def _pairs(with_synthetic: tuple[Point, ...], real: tuple[Point, ...]) -> list[tuple[Point, Scored, Scored]]:
    alone = {point.images: point.scored for point in real}
    shared = [point for point in with_synthetic if point.images in alone]
    return [(point, *on_common_seeds(point.scored, alone[point.images])) for point in shared]


def _amount(
    points: tuple[Point, ...], values: np.ndarray, level: float, drawn: np.ndarray, drawn_levels: np.ndarray
) -> Amount:
    counts = np.log([point.images for point in points])
    value = float(_reaches(counts, values[None], np.array([level]))[0])
    # The nearest draw, not a mean of two: one of both may be infinite.
    low, high = np.percentile(_reaches(counts, drawn, drawn_levels), _TAILS, method="inverted_cdf")
    return Amount(value, float(low), float(high), points[0].images, points[-1].images)


def _reaches(log_counts: np.ndarray, values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """`(n,)` where curves first reach levels: 0 before the first point, infinity behind the last.

    Args:
        log_counts: `(points,)` ascending.
        values: `(n, points)`.
        levels: `(n,)`.
    """
    reached = values >= levels[:, None]
    behind = np.clip(reached.argmax(axis=1), 1, None)
    rows = np.arange(len(values))
    before, after = values[rows, behind - 1], values[rows, behind]
    rise = np.where(after > before, after - before, 1.0)
    share = np.clip((levels - before) / rise, 0.0, 1.0)
    found = np.exp(log_counts[behind - 1] + share * (log_counts[behind] - log_counts[behind - 1]))
    found = np.where(reached[:, 0], 0.0, found)
    return np.asarray(np.where(reached.any(axis=1), found, np.inf))


_CURVES = {(CEILING, None): REAL, (CEILING, FLOOR): PRETRAINED, ("mixed", None): MIXED}
"""By method and start. What takes both stages, or trains for longer, is on none: it would stand for another recipe."""


def _curve_of(entry: Entry) -> str | None:
    return _CURVES.get((entry.method, entry.starts_from))
