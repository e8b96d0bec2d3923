"""The report's figures as SVG text.

Colours are written as CSS variables and text as text, so that a figure follows the page into dark mode and its words
can be searched and read aloud.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.study.results import CEILING, FLOOR, Curve, MethodResult, StudyResult

_INK, _QUIET, _RULE = "#010101", "#020202", "#030303"
_SERIES = ("#040404", "#050505", "#060606", "#070707", "#080808", "#090909")
_VARIABLES = {_INK: "--ink", _QUIET: "--quiet", _RULE: "--rule"} | {
    colour: f"--series-{index}" for index, colour in enumerate(_SERIES)
}
_MARKERS = "osD^vP"
_PANELS = 4  # in a row
_STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _QUIET,
    "axes.titlecolor": _INK,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "text.color": _INK,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "grid.color": _RULE,
    "grid.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def standing_figure(study: StudyResult) -> str:
    """Each method's accuracy: mean, interval over test images, and a tick for each seed."""
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": "standing"}):
        count = len(study.methods)
        figure = Figure(figsize=(8.6, 0.55 * count + 0.75), layout="constrained")
        axes = figure.subplots()
        axes.grid(axis="y", visible=False)
        for row, method in enumerate(study.methods):
            gap, colour, y = study.gaps[method.name], _colour(study, method), count - 1 - row
            interval = 100 * np.array([gap.score_interval.low, gap.score_interval.high])
            axes.plot(interval, [y, y], color=colour, linewidth=5, alpha=0.28, solid_capstyle="round")
            axes.plot(100 * method.accuracy, np.full(len(method.seeds), y), "|", color=colour, markersize=13)
            axes.plot([100 * gap.score], [y], _marker(study, method), color=colour, markersize=8)
            axes.annotate(f"{100 * gap.score:.1f}", (100 * gap.score, y + 0.28), ha="center", color=_INK)
        for name in (FLOOR, CEILING):
            axes.axvline(100 * study.gaps[name].score, color=_QUIET, linewidth=0.8, linestyle=(0, (2, 3)))
        axes.set_yticks(range(count), [method.title for method in reversed(study.methods)])
        axes.tick_params(axis="y", length=0, labelcolor=_INK, labelsize=11)
        axes.spines["left"].set_visible(False)
        words = study.document["words"]
        axes.set(ylim=(-0.5, count - 0.3), xlabel=f"{words['target']} test {words['members']} recognised, %")
        return _svg(figure, "Accuracy of each method on the test images")


def curves_figure(study: StudyResult) -> str:
    """Accuracy on held-out source and on target validation images over the steps, a panel a method."""
    trained = [method for method in study.methods if method.trained]
    words = study.document["words"]
    columns = min(len(trained), _PANELS)
    rows = -(-len(trained) // _PANELS)
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": "curves"}):
        figure = Figure(figsize=(8.6, 2.9 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for axes in panels[len(trained) :]:
            axes.set_visible(False)
        for axes, method in zip(panels[: len(trained)], trained, strict=True):
            if method.name != CEILING:
                _band(axes, method.curves, "source_accuracy", _QUIET, f"{words['source']}, held out", dashed=True)
            _band(axes, method.curves, "target_accuracy", _colour(study, method), f"{words['target']}, validation")
            axes.set(title=method.title, ylim=(0, 103), xlabel="step")
        panels[0].set_ylabel("accuracy, %")
        panels[0].legend(loc="lower right", fontsize=9)
        return _svg(figure, "Learning curves with the range over seeds")


def health_figure(study: StudyResult) -> str | None:
    """Domain accuracy, reversal strength and entropy of the adversarial methods; None where there are none."""
    adversarial = [m for m in study.methods if any("domain_accuracy" in point for curve in m.curves for point in curve)]
    if not adversarial:
        return None
    panels = (
        ("domain_accuracy", "Domain head, accuracy %", 100.0, 50.0),
        ("lambda", "Reversal strength λ", 1.0, None),
        (
            "entropy",
            f"Entropy on the {study.document['words']['target']}, nats",
            1.0,
            float(np.log(study.methods[0].classes)),
        ),
    )
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": "health"}):
        figure = Figure(figsize=(8.6, 2.6), layout="constrained")
        for axes, (key, title, scale, reference) in zip(figure.subplots(1, len(panels)), panels, strict=True):
            for method in adversarial:
                if all(key in point for curve in method.curves for point in curve):
                    _band(axes, method.curves, key, _colour(study, method), method.title, scale=scale)
            if reference is not None:
                axes.axhline(reference, color=_QUIET, linewidth=0.9, linestyle=(0, (2, 3)))
            axes.set(title=title, xlabel="step", ylim=(0, 103 if key == "domain_accuracy" else None))
        return _svg(figure, "Health of adversarial training")


def classes_figure(study: StudyResult) -> str:
    """Share of each class that each method recognises."""
    names = study.document["class_names"]
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": "classes"}):
        figure = Figure(figsize=(8.6, 3.0), layout="constrained")
        axes = figure.subplots()
        axes.grid(axis="x", visible=False)
        places = np.arange(len(names))
        recalls = np.array([100 * method.confusion.recall for method in study.methods])
        axes.vlines(places, np.nanmin(recalls, axis=0), np.nanmax(recalls, axis=0), color=_RULE, linewidth=1.2)
        for method, recall in zip(study.methods, recalls, strict=True):
            colour = _colour(study, method)
            axes.plot(places, recall, _marker(study, method), color=colour, markersize=7, label=method.title)
        axes.set_xticks(places, names)
        axes.tick_params(axis="x", length=0, labelcolor=_INK, labelsize=11)
        axes.set(ylabel="recognised, %", ylim=(-3, 103))
        figure.legend(loc="outside upper left", ncols=min(len(study.methods), 6), fontsize=9, handletextpad=0.2)
        return _svg(figure, "Accuracy of each class")


def planes_figure(study: StudyResult, key: str, title: str) -> str | None:
    """Features of both domains in the plane, a panel a method: source dark, target in the method's colour."""
    drawn = [method for method in study.methods if key in method.pictures]
    if not drawn:
        return None
    words = study.document["words"]
    rows, columns = -(-len(drawn) // _PANELS), min(len(drawn), _PANELS)
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": key}):
        figure = Figure(figsize=(8.6, 2.4 * rows + 0.3), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in panels[len(drawn) :]:
            axes.set_visible(False)
        for axes, method in zip(panels[: len(drawn)], drawn, strict=True):
            places, domain = method.pictures[key], method.pictures["embedded_domain"]
            for which, colour, marker in ((0, _QUIET, "x"), (1, _colour(study, method), "o")):
                name = words["source" if which == 0 else "target"]
                chosen = places[domain == which]
                axes.plot(*chosen.T, marker, color=colour, markersize=2.6, alpha=0.6, label=name, linestyle="none")
            axes.set(title=method.title, xticks=[], yticks=[])
            axes.grid(visible=False)
        panels[0].legend(loc="best", fontsize=8, handletextpad=0.1)
        return _svg(figure, title)


def _colour(study: StudyResult, method: MethodResult) -> str:
    return _SERIES[study.methods.index(method) % len(_SERIES)]


def _marker(study: StudyResult, method: MethodResult) -> str:
    place = study.methods.index(method)
    return _MARKERS[(place + place // len(_SERIES)) % len(_MARKERS)]  # no pair of colour and marker twice


def _band(
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
    values = scale * np.array([[point[key] for point in curve[:length]] for curve in curves])
    axes.fill_between(steps, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, linewidth=0)
    style = (0, (4, 2)) if dashed else "-"
    axes.plot(steps, values.mean(axis=0), color=colour, linewidth=1.6, linestyle=style, label=label)


def _svg(figure: Figure, title: str) -> str:
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
