"""Features of both domains in the plane."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from training.study.plots.style import PANELS, QUIET, SERIES, drawing, panels, svg, wrapped
from training.study.results import StudyResult

_MOST = 8
_TARGET = SERIES[0]


def planes_figure(study: StudyResult, key: str, title: str) -> str | None:
    """A panel a method: source grey, target in colour; of many methods the first eight."""
    drawn = [result for result in study.main if key in result.pictures][:_MOST]
    if not drawn:
        return None
    words = study.document["words"]
    with drawing(key, 2.4 * -(-len(drawn) // PANELS) + 0.3) as figure:
        for place, (axes, result) in enumerate(zip(panels(figure, len(drawn)), drawn, strict=True)):
            places, domain = result.pictures[key], result.pictures["embedded_domain"]
            for which, shade in ((0, QUIET), (1, _TARGET)):
                _dots(axes, places[domain == which], shade)
            axes.set(title=wrapped(result.title), xticks=[], yticks=[])
            axes.margins(0.05)
            axes.autoscale_view()
            axes.grid(visible=False)
            if place == 0:
                marks = [Line2D([], [], color=shade, marker="o", linestyle="none", markersize=3.5)
                         for shade in (QUIET, _TARGET)]  # fmt: skip
                axes.legend(marks, [words["source"], words["target"]], loc="best", fontsize=8, handletextpad=0.1)
        return svg(figure, title)


def _dots(axes: Axes, places: np.ndarray, colour: str) -> None:
    """All points as one path of strokes without length: a tenth of the SVG that as many markers are."""
    corners = np.repeat(places, 2, axis=0)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(places))
    path = Path(corners, codes)
    path.should_simplify = False  # or dots that lie close are thinned out
    axes.add_patch(PathPatch(path, edgecolor=colour, facecolor="none", linewidth=2.8, alpha=0.6,
                             capstyle="round"))  # fmt: skip
    axes.update_datalim(places)
