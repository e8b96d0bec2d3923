"""The renderer's ablation as bars."""

from __future__ import annotations

from training.study.ablation import ablations
from training.study.plots.style import INK, QUIET, SERIES, drawing, svg
from training.study.results import StudyResult


def ablation_figure(study: StudyResult) -> str | None:
    """A bar a factor: what its absence changes, with the interval; None where nothing was ablated."""
    found = ablations(study)
    if not found:
        return None
    with drawing("ablation", 0.42 * len(found) + 0.9) as figure:
        axes = figure.subplots()
        axes.grid(axis="y", visible=False)
        for row, ablated in enumerate(reversed(found)):
            effect, colour = ablated.effect, SERIES[0] if ablated.effect.value < 0 else SERIES[2]
            axes.barh(row, 100 * effect.value, 0.62, color=colour, alpha=0.75 if effect.differs else 0.3)
            axes.plot([100 * effect.interval.low, 100 * effect.interval.high], [row, row], color=INK, linewidth=1.3)
        axes.axvline(0, color=QUIET, linewidth=0.9)
        axes.set_yticks(range(len(found)), [f"without {ablated.factor.replace('_', ' ')}" for ablated in found[::-1]])
        axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=11)
        axes.spines["left"].set_visible(False)
        axes.set(ylim=(-0.6, len(found) - 0.4), xlabel=f"change of the {study.score.title}, points")
        return svg(figure, "What each factor of the renderer is worth")
