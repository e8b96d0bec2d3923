"""How the report's figures look, and how they become SVG text.

Colours are written as CSS variables and text as text, so that a figure follows the page into dark mode and its words
can be searched and read aloud.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.study.results import Curve, EntryResult, StudyResult

INK, QUIET, RULE = "#010101", "#020202", "#030303"
SERIES = ("#040404", "#050505", "#060606", "#070707", "#080808", "#090909")
WIDTH = 8.6
PANELS = 4
"""Panels in a row."""

GROUPS = ((0, "nothing"), (2, "images"), (1, "images and labels"), (3, "labels, and no source"))
"""Where there are more entries than colours: the number of each group's colour, and what the group sees."""

DOTTED = (0, (2, 3))
_VARIABLES = {INK: "--ink", QUIET: "--quiet", RULE: "--rule"} | {
    colour: f"--series-{index}" for index, colour in enumerate(SERIES)
}
_MARKERS = "osD^vP"
_SEES, _LABELS_ALONE = {"nothing": 0, "images": 2, "labels": 1}, 3
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": RULE,
    "axes.labelcolor": QUIET,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


@contextmanager
def drawing(name: str, height: float) -> Iterator[Figure]:
    """A figure in the report's style; ids in its SVG are salted with `name`."""
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        yield Figure(figsize=(WIDTH, height), layout="constrained")


def series_of(study: StudyResult, result: EntryResult) -> int:
    """Number of the entry's colour: its own where there are few, else that of what it sees of the target."""
    if len(study.main) <= len(SERIES) and result in study.main:
        return study.main.index(result)
    entry = result.entry
    if entry.sees == "labels" and entry.synthetic is None:
        return _LABELS_ALONE
    return _SEES[entry.sees]


def colour_of(study: StudyResult, result: EntryResult) -> str:
    """The entry's colour."""
    return SERIES[series_of(study, result)]


def marker_of(study: StudyResult, result: EntryResult) -> str:
    """The entry's marker; with few entries each has its own."""
    if len(study.main) <= len(SERIES) and result in study.main:
        return _MARKERS[study.main.index(result)]
    return _MARKERS[series_of(study, result)]


def band(
    axes: Axes,
    curves: Sequence[Curve],
    key: str,
    colour: str,
    label: str,
    *,
    scale: float = 100.0,
    dashed: bool = False,
) -> None:
    """Mean over seeds as a line in the range from the lowest to the highest; as far as all seeds go."""
    length = min(len(curve) for curve in curves)
    steps = [point["step"] for point in curves[0][:length]]
    values = scale * np.array([[point[key] for point in curve[:length]] for curve in curves], np.float64)
    axes.fill_between(steps, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    style = (0, (4, 2)) if dashed else "-"
    axes.plot(steps, values.mean(axis=0), color=colour, linewidth=1.6, linestyle=style, label=label)


def panels(figure: Figure, count: int, *, sharey: bool = False) -> list[Axes]:
    """As many panels as asked for, four in a row."""
    rows, columns = -(-count // PANELS), min(count, PANELS)
    found = figure.subplots(rows, columns, sharey=sharey, squeeze=False).ravel()
    for axes in found[count:]:
        axes.set_visible(False)
    return list(found[:count])


def wrapped(title: str) -> str:
    """A title in as many lines as fit above a panel."""
    return textwrap.fill(title, 24)


def svg(figure: Figure, title: str) -> str:
    """The figure as an `svg` element that takes its size and colours from the page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    # Several figures share a page: the size is the page's business, and ids that nothing refers to only clash.
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" role="img">', text, count=1)
    text = re.sub(r' id="[A-Za-z0-9.]+_\d+"', "", text)
    text = re.sub(r"<metadata>.*?</metadata>", f"<title>{title}</title>", text, flags=re.DOTALL)
    return re.sub(r"font: (\d+\.?\d*)px [^;\"]*", r"font-size: \1px; font-family: inherit", text)
