"""The page and the JSON of two studies held against each other. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets.errors import UsageError
from training.files import write_json, write_text
from training.study.compared import ComparedEntry, StudyComparison, compare_studies
from training.study.entries import CEILING, FLOOR
from training.study.page import environment
from training.study.plots.differences import differences_figure
from training.study.reading import read_study

COMPARISON_SCHEMA_VERSION = 1


def write_comparison(one: Path, other: Path, out: Path) -> Path:
    """Write a page that holds the study in `other` against that in `one`, and the same as JSON beside it.

    Args:
        one: folder of a study.
        other: folder of another.
        out: the page, an `.html`; the JSON takes its name. Returns it.

    Raises:
        UsageError: a folder holds no study that can be reported; the studies are scored differently.
        VerificationError: a file of a study is damaged.
    """
    if out.suffix != ".html":
        raise UsageError(f"the comparison is written to an .html file, got {out}")
    comparison = compare_studies(read_study(one), read_study(other))
    write_json(out.with_suffix(".json"), comparison_document(comparison))
    page = environment().get_template("comparison.html").render(
        comparison=comparison,
        headline=comparison_headline(comparison),
        figure=differences_figure(comparison),
        floor=FLOOR,
        ceiling=CEILING,
    )  # fmt: skip
    write_text(out, page)
    return out


def comparison_headline(comparison: StudyComparison) -> str:
    """What changed from the first study to the second, in a sentence or two."""
    found = {entry.one.name: entry for entry in comparison.entries}
    differing = [entry for entry in comparison.entries if entry.differences["last"].differs]
    count = f"{len(differing)} of the {len(found)} entries that both studies have score differently beyond chance."
    gap = found[FLOOR].gap
    if gap is None:
        return count
    low, high = 100 * gap.interval.low, 100 * gap.interval.high
    ends = f"({low:+.1f} to {high:+.1f})".replace("-", "\u2212")
    if not gap.differs:
        return f"The gap of source only is the same in both studies as far as the test can tell {ends}. {count}"
    verb = "smaller" if gap.value < 0 else "larger"
    return f"The gap of source only is {abs(100 * gap.value):.1f} points {verb} in the second study {ends}. {count}"


def comparison_document(comparison: StudyComparison) -> dict[str, Any]:
    """Everything that the page says, as plain values."""
    return {
        "schema_version": COMPARISON_SCHEMA_VERSION,
        "headline": comparison_headline(comparison),
        "studies": comparison.names,
        "paired": comparison.paired,
        "test_images": [len(comparison.one.keys), len(comparison.other.keys)],
        "entries": [_entry_document(entry) for entry in comparison.entries],
        "only_in_first": comparison.lacking[0],
        "only_in_second": comparison.lacking[1],
        "changes": [asdict(change) for change in comparison.changes],
    }


def _entry_document(entry: ComparedEntry) -> dict[str, Any]:
    return {
        "name": entry.one.name,
        "section": entry.one.entry.section,
        "scores": {
            choice: [{"score": found.value, "interval": asdict(found.interval), "seeds": found.seeds} for found in pair]
            for choice, pair in entry.scores.items()
        },
        "differences": {choice: asdict(found) for choice, found in entry.differences.items()},
        "gap_difference": asdict(entry.gap) if entry.gap else None,
    }
