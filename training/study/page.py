"""The report's page, from templates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from training.study.ablation import ablations
from training.study.entries import CEILING, FLOOR
from training.study.headline import headline, percent, points, summary, warnings
from training.study.options import CHOICES
from training.study.per_class import class_rows, confusion_shares
from training.study.pictures import Worst
from training.study.plots.ablation import ablation_figure
from training.study.plots.amounts import learning_figure, saturation_figure
from training.study.plots.calibration import calibration_figure
from training.study.plots.classes import classes_figure
from training.study.plots.curves import curves_figure, health_figure
from training.study.plots.planes import planes_figure
from training.study.plots.standing import standing_figure
from training.study.plots.style import GROUPS, SERIES, series_of
from training.study.results import StudyResult
from training.study.tables import (
    audit_table,
    break_evens,
    distance_table,
    learning_table,
    other_scores,
    saturation_table,
    worth,
)

TEMPLATES = Path(__file__).parent / "templates"
_EXAMPLE_KINDS = (
    ("image", "image"),
    ("semantic", "class of each pixel"),
    ("normal", "surface normal"),
    ("depth", "depth, near is light"),
)


def environment() -> jinja2.Environment:
    """The templates; every name that comes from data is escaped."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"percent": percent, "points": points, "signed": signed, "spaced": spaced, "sentence": sentence}
    return found


def signed(share: float) -> str:
    """Percentage points with their sign: `+1.2`, `−0.4`."""
    return f"+{points(share)}" if share > 0 else points(share)


def spaced(name: str) -> str:
    """A name of ours as words: `batch_norm` -> `batch norm`."""
    return name.replace("_", " ")


def sentence(words: str) -> str:
    """With a capital first letter; the others stay."""
    return words[:1].upper() + words[1:]


def render_page(study: StudyResult, examples: dict[str, list[dict[str, Any]]], worst: Sequence[Worst]) -> str:
    """The page as HTML."""
    adapted = study.best_adapted
    confused = [study[FLOOR], *([adapted] if adapted else [])]
    if study.segments or adapted is None:
        confused.append(study[CEILING])
    return environment().get_template("report.html").render(
        study=study,
        document=study.document,
        words=study.document["words"],
        headline=headline(study),
        summary=summary(study),
        warnings=warnings(study),
        examples=examples,
        example_kinds=_EXAMPLE_KINDS,
        worst=worst,
        confusions=[(result, confusion_shares(result)) for result in confused],
        figures=_figures(study),
        series={result.name: series_of(study, result) for result in study.entries},
        audits=audit_table(study),
        distances=distance_table(study),
        classes=class_rows(study),
        learning=learning_table(study),
        break_evens=break_evens(study),
        saturation=saturation_table(study),
        ablations=ablations(study),
        worth=worth(study),
        others=other_scores(study),
        collapsed=any(any(result.collapse) for result in study.entries),
        groups=GROUPS if len(study.main) > len(SERIES) else (),
        choices=CHOICES,
        floor=FLOOR,
        ceiling=CEILING,
        test_images=len(study.keys),
        seconds=sum(sum(result.seconds) for result in study.entries),
    )  # fmt: skip


def _figures(study: StudyResult) -> dict[str, str | None]:
    return {
        "standing": standing_figure(study),
        "curves": curves_figure(study),
        "classes": classes_figure(study),
        "health": health_figure(study),
        "learning": learning_figure(study),
        "saturation": saturation_figure(study),
        "ablation": ablation_figure(study),
        "calibration": calibration_figure(study),
        "components": planes_figure(study, "principal_components", "Features of both domains, PCA"),
        "neighbours": planes_figure(study, "neighbours", "Features of both domains, t-SNE"),
    }
