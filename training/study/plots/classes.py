"""Scores class by class."""

from __future__ import annotations

import numpy as np

from training.study.per_class import class_scores
from training.study.plots.style import INK, RULE, SERIES, colour_of, drawing, marker_of, svg
from training.study.results import StudyResult


def classes_figure(study: StudyResult) -> str:
    """Score of each class: of every entry where they are few, else of floor, ceiling and the best between them."""
    shown = study.main if len(study.main) <= len(SERIES) else study.shown
    names = study.document["class_names"]
    with drawing("classes", 3.0 if not study.segments else 3.5) as figure:
        axes = figure.subplots()
        axes.grid(axis="x", visible=False)
        places = np.arange(len(names))
        found = np.array([100 * class_scores(study, result) for result in shown])
        known = ~np.isnan(found).all(axis=0)
        axes.vlines(places[known], np.nanmin(found[:, known], axis=0), np.nanmax(found[:, known], axis=0),
                    color=RULE, linewidth=1.2)  # fmt: skip
        for result, scores in zip(shown, found, strict=True):
            marker, colour = marker_of(study, result), colour_of(study, result)
            axes.plot(places, scores, marker, color=colour, markersize=7, label=result.title)
        slanted = max(len(str(name)) for name in names) > 3
        axes.set_xticks(places, names, rotation=30 if slanted else 0, ha="right" if slanted else "center",
                        rotation_mode="anchor" if slanted else None)  # fmt: skip
        axes.tick_params(axis="x", length=0, labelcolor=INK, labelsize=10 if slanted else 11)
        axes.set(ylabel="IoU, %" if study.segments else "recognised, %", ylim=(-3, 103))
        figure.legend(loc="outside upper left", ncols=4, fontsize=9, handletextpad=0.2)
        return svg(figure, "Score of each class")
