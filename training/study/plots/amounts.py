"""Figures over numbers of images: the learning curve over real ones, and saturation over synthetic ones."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from training.study.entries import FLOOR
from training.study.learning_curve import MIXED, PRETRAINED, REAL, Point, curve, saturation
from training.study.plots.style import DOTTED, INK, QUIET, SERIES, drawing, svg
from training.study.results import StudyResult


def learning_figure(study: StudyResult) -> str | None:
    """Score over the number of labelled real images, alone and with synthetic ones; None for fewer than two points."""
    words = study.document["words"]
    lines = (
        (REAL, f"{words['target']} {words['members']} alone", SERIES[3], "s"),
        (PRETRAINED, f"begun on {words['source']} ones", SERIES[2], "o"),
        (MIXED, f"together with {words['source']} ones", SERIES[1], "D"),
    )
    found = {kind: curve(study, kind) for kind, *_ in lines}
    if len(found[REAL]) < 2:
        return None
    with drawing("learning", 3.6) as figure:
        axes = figure.subplots()
        for kind, label, colour, marker in lines:
            _line(axes, found[kind], label, colour, marker)
        floor = 100 * study.scored(FLOOR).value
        axes.axhline(floor, color=SERIES[0], linewidth=1.2, linestyle=DOTTED)
        _log_counts(axes, sorted({point.images for points in found.values() for point in points}))
        axes.annotate(f"{words['source']} {words['members']} alone", (0.995, floor), (0, 3), color=SERIES[0],
                      fontsize=9, ha="right", xycoords=("axes fraction", "data"),
                      textcoords="offset points")  # fmt: skip
        axes.set(xlabel=f"labelled {words['target']} {words['members']}", ylabel=f"{study.score.title}, %")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=9)
        return svg(figure, "Score over the number of labelled real images")


def saturation_figure(study: StudyResult) -> str | None:
    """Score over the number of synthetic images; None for fewer than two points."""
    points = saturation(study)
    if len(points) < 2:
        return None
    words = study.document["words"]
    with drawing("saturation", 2.9) as figure:
        axes = figure.subplots()
        _line(axes, points, "", SERIES[0], "o")
        _log_counts(axes, [point.images for point in points])
        axes.set(xlabel=f"{words['source']} {words['members']}", ylabel=f"{study.score.title}, %")
        return svg(figure, "Score over the number of synthetic images")


def _line(axes: Axes, points: tuple[Point, ...], label: str, colour: str, marker: str) -> None:
    """Mean over seeds with the interval over test images as a band, and a small dot for each seed."""
    if not points:
        return
    counts = [point.images for point in points]
    ends = 100 * np.array([(point.scored.interval.low, point.scored.interval.high) for point in points]).T
    if len(points) > 1:
        axes.fill_between(counts, *ends, color=colour, alpha=0.15, linewidth=0)
    else:
        axes.vlines(counts, *ends, color=colour, alpha=0.3, linewidth=5)
    for point in points:
        if len(point.scored.seeds) > 1:
            axes.plot(np.full(len(point.scored.seeds), point.images), 100 * point.scored.by_seed, ".", color=colour,
                      markersize=4)  # fmt: skip
    axes.plot(counts, [100 * point.scored.value for point in points], f"{marker}-", color=colour, markersize=6.5,
              linewidth=1.6, label=label)  # fmt: skip


def _log_counts(axes: Axes, counts: list[int]) -> None:
    """A logarithmic axis whose ticks are the numbers that were measured."""
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelcolor=INK, color=QUIET)
