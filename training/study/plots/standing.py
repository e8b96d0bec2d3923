"""Where each entry of the main table stands between floor and ceiling."""

from __future__ import annotations

import numpy as np

from training.study.entries import CEILING, FLOOR
from training.study.plots.style import DOTTED, INK, QUIET, colour_of, drawing, marker_of, svg
from training.study.results import StudyResult


def standing_figure(study: StudyResult) -> str:
    """Each entry's score: mean, interval over test images, and a tick for each seed."""
    count = len(study.main)
    with drawing("standing", (0.55 if count <= 8 else 0.44) * count + 0.75) as figure:
        axes = figure.subplots()
        axes.grid(axis="y", visible=False)
        for row, result in enumerate(study.main):
            scored, colour, y = study.scored(result.name), colour_of(study, result), count - 1 - row
            ends = 100 * np.array([scored.interval.low, scored.interval.high])
            axes.plot(ends, [y, y], color=colour, linewidth=5, alpha=0.28, solid_capstyle="round")
            axes.plot(100 * scored.by_seed, np.full(len(scored.seeds), y), "|", color=colour, markersize=13)
            axes.plot([100 * scored.value], [y], marker_of(study, result), color=colour, markersize=8)
            axes.annotate(f"{100 * scored.value:.1f}", (100 * scored.value, y + 0.28), ha="center", color=INK)
        for name in (FLOOR, CEILING):
            axes.axvline(100 * study.scored(name).value, color=QUIET, linewidth=0.8, linestyle=DOTTED)
        axes.set_yticks(range(count), [result.title for result in reversed(study.main)])
        axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=11)
        axes.spines["left"].set_visible(False)
        words = study.document["words"]
        on = f"{words['target']} test {words['members']}"
        label = f"{study.score.title} on the {on}, %" if study.segments else f"{on} recognised, %"
        axes.set(ylim=(-0.5, count - 0.3), xlabel=label)
        return svg(figure, "Score of each method on the test images")
