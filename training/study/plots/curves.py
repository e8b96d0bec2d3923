"""Figures over the steps of training: learning curves, and the health of the adversary."""

from __future__ import annotations

import numpy as np

from training.study.plots.style import DOTTED, PANELS, QUIET, SERIES, band, colour_of, drawing, panels, svg, wrapped
from training.study.results import StudyResult


def curves_figure(study: StudyResult) -> str | None:
    """Accuracy on held-out source and on target validation images over the steps, a panel a method."""
    trained = [result for result in study.main if result.trained]
    if not trained:
        return None
    words = study.document["words"]
    with drawing("curves", 2.9 * -(-len(trained) // PANELS)) as figure:
        drawn = panels(figure, len(trained), sharey=True)
        for axes, result in zip(drawn, trained, strict=True):
            if result.entry.synthetic is not None:
                band(axes, result.curves, "source_accuracy", QUIET, f"{words['source']}, held out", dashed=True)
            colour = colour_of(study, result)
            band(axes, result.curves, "target_accuracy", colour, f"{words['target']}, validation")
            axes.set(title=wrapped(result.title), ylim=(0, 103), xlabel="step")
        for axes in drawn[::PANELS]:
            axes.set_ylabel("pixels right, %" if study.segments else "accuracy, %")
        handles, labels = drawn[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=9)
        return svg(figure, "Learning curves with the range over seeds")


def health_figure(study: StudyResult) -> str | None:
    """Domain accuracy, reversal strength and entropy of the adversarial methods; None where there are none."""
    adversarial = [
        result for result in study.main if any("domain_accuracy" in point for curve in result.curves for point in curve)
    ]
    if not adversarial:
        return None
    chance = float(np.log(len(study.document["class_names"])))
    shown = (
        ("domain_accuracy", "Domain head, accuracy %", 100.0, 50.0),
        ("lambda", "Reversal strength λ", 1.0, None),
        ("entropy", f"Entropy on the {study.document['words']['target']}, nats", 1.0, chance),
    )
    with drawing("health", 2.9) as figure:
        for axes, (key, title, scale, reference) in zip(figure.subplots(1, len(shown)), shown, strict=True):
            for place, result in enumerate(adversarial):
                if all(key in point for curve in result.curves for point in curve):
                    own = len(study.main) <= len(SERIES)
                    colour = colour_of(study, result) if own else SERIES[place % len(SERIES)]
                    band(axes, result.curves, key, colour, result.title, scale=scale)
            if reference is not None:
                axes.axhline(reference, color=QUIET, linewidth=0.9, linestyle=DOTTED)
            axes.set(title=title, xlabel="step", ylim=(0, 103 if key == "domain_accuracy" else None))
            if key == "domain_accuracy":
                handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=4, fontsize=9)
        return svg(figure, "Health of adversarial training")
