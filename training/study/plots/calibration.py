"""Whether networks are as sure as they are right."""

from __future__ import annotations

from training.study.plots.style import DOTTED, QUIET, colour_of, drawing, svg, wrapped
from training.study.results import StudyResult


def calibration_figure(study: StudyResult) -> str:
    """Share of right answers over confidence, a panel an entry of those shown; bars as tall as answers are many."""
    shown = study.shown
    with drawing("calibration", 2.75) as figure:
        drawn = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, result in zip(drawn, shown, strict=True):
            found, colour = result.calibration, colour_of(study, result)
            width = 100 / len(found.counts)
            places = [width * (index + 0.5) for index in range(len(found.counts))]
            shares = 100 * found.counts / max(int(found.counts.sum()), 1)
            axes.bar(places, shares, 0.9 * width, color=QUIET, alpha=0.18)
            axes.plot([0, 100], [0, 100], color=QUIET, linewidth=0.9, linestyle=DOTTED)
            # A bin with one answer in a thousand says nothing.
            filled = found.counts > found.counts.sum() / 1000
            axes.plot(100 * found.confidence[filled], 100 * found.accuracy[filled], "o-", color=colour, markersize=4.5,
                      linewidth=1.5)  # fmt: skip
            title = f"{wrapped(result.title)}\nECE {100 * found.expected_error:.1f}"
            axes.set(title=title, xlim=(0, 101), ylim=(0, 103), xlabel="confidence, %")
        drawn[0].set_ylabel("right, %")
        return svg(figure, "Reliability: share of right answers over confidence")
