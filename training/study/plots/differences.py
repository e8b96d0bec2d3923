"""How entries of two studies differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.study.plots.style import INK, QUIET, SERIES, drawing, svg

if TYPE_CHECKING:
    from training.study.compared import StudyComparison


def differences_figure(comparison: StudyComparison) -> str:
    """A bar an entry: score in the second study minus that in the first, and its interval; pale where it holds 0."""
    entries = comparison.entries
    with drawing("differences", 0.4 * len(entries) + 0.9) as figure:
        axes = figure.subplots()
        axes.grid(axis="y", visible=False)
        for row, entry in enumerate(reversed(entries)):
            found = entry.differences["last"]
            colour = SERIES[0] if found.value < 0 else SERIES[2]
            axes.barh(row, 100 * found.value, 0.62, color=colour, alpha=0.75 if found.differs else 0.3)
            axes.plot([100 * found.interval.low, 100 * found.interval.high], [row, row], color=INK, linewidth=1.3)
        axes.axvline(0, color=QUIET, linewidth=0.9)
        axes.set_yticks(range(len(entries)), [entry.one.title for entry in reversed(entries)])
        axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=11)
        axes.spines["left"].set_visible(False)
        axes.set(ylim=(-0.6, len(entries) - 0.4), xlabel=f"change of the {comparison.one.score.title}, points")
        return svg(figure, "Score in the second study minus that in the first")
