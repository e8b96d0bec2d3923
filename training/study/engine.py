"""The reality-gap study: every entry with every seed, scored on the target's test images, and the report.

Reading this module costs nothing; TensorFlow is imported when a study starts.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.errors import UsageError
from training.files import write_arrays, write_json
from training.folder_lock import alone_in
from training.progress import Reporter, reporting
from training.study.deadline import Deadline
from training.study.domains import Domains, study_name
from training.study.options import Limits, StudyOptions
from training.study.reading import EXAMPLES_FOLDER, ROWS_NAME, SCHEMA_VERSION, STUDY_NAME, TEST_NAME
from training.study.standing import refuse_to_replace

if TYPE_CHECKING:
    from training.study.data import StudyData, StudySource
    from training.study.entries import Entry
    from training.study.rows import Row


def run_study(
    options: StudyOptions, domains: Domains, progress: Reporter | None = None, limits: Limits | None = None
) -> Path:
    """Run what is missing of the grid entries x seeds and write the report.

    Args:
        options: see there.
        domains: see there.
        progress: told of every watch point and row; None shows a bar on a terminal and lines elsewhere.
        limits: how long and in how many processes; None sets no limit and uses none besides this.

    Returns:
        The path of `report.html`, beside which lies `report.json`.

    Raises:
        UsageError: an unknown method or split, data sets with other classes; the time was up before the floor and the
            ceiling stood; another process works in the folder; another study stands there, and may not be overwritten.
        DivergedError: a run's loss is not finite.
    """
    from training.study.report import write_report

    plan = _plan(options, domains)
    with alone_in(options.out, "runs a study"):
        _run_plan(plan, progress, limits or Limits())
        return write_report(options.out)


def run_grid(
    options: StudyOptions, domains: Domains, progress: Reporter | None = None, limits: Limits | None = None
) -> int:
    """Run what is missing of the grid, and write what the report needs besides; how many rows are left.

    Rows that stand in `out/rows` with the same configuration are kept, and a row that was interrupted goes on. Every
    row is scored with the weights after the last step, with those that a label-free score selects, and with those that
    an oracle would take that sees the labels of the target's validation images. See `run_study` for the rest.
    """
    return _run_plan(_plan(options, domains), progress, limits or Limits())


@dataclass(frozen=True)
class _Plan:
    """What a study is going to do; no folder is touched for it."""

    options: StudyOptions
    domains: Domains
    source: StudySource
    entries: Sequence[Entry]
    rows: Sequence[Row]


def _plan(options: StudyOptions, domains: Domains) -> _Plan:
    from training.study.rows import plan_rows
    from training.study.sources import open_source

    source = open_source(domains)
    entries = source.entries(options)
    return _Plan(options, domains, source, entries, plan_rows(options, entries, source.row_facts))


def _run_plan(plan: _Plan, progress: Reporter | None, limits: Limits) -> int:
    deadline = Deadline(limits.max_minutes)
    out, rows = plan.options.out, plan.rows
    folder = out / ROWS_NAME
    if not limits.overwrite:
        refuse_to_replace(out, study_name(plan.domains), rows)
    data = plan.source.load()
    if limits.overwrite:
        shutil.rmtree(out / EXAMPLES_FOLDER, ignore_errors=True)  # another study may have had more pictures
    _write_study(plan, data)

    def run_all(shown: Reporter) -> int:
        left = _run_rows(rows, plan.domains, data, folder, deadline, limits.workers, shown)
        if left:
            shown.say(f"{left} of {len(rows)} rows are left for another time: run the same command again")
        return left

    if progress is not None:
        left = run_all(progress)
    else:
        with reporting(sum(row.watch_points for row in rows)) as shown:
            left = run_all(shown)
    _refuse_without_ends(rows, folder)
    return left


def _run_rows(
    rows: Sequence[Row], domains: Domains, data: StudyData, folder: Path, deadline: Deadline, workers: int,
    shown: Reporter,
) -> int:  # fmt: skip
    """Run the rows in their order; how many were left when the time was up."""
    if workers > 1 and any(row.stored(folder) is None for row in rows):
        from training.study.parallel import run_side_by_side

        return run_side_by_side(rows, domains, folder, deadline, workers, shown)
    from training.study.row_run import run_row

    left: set[str] = set()
    for index, row in enumerate(rows, start=1):
        waits = row.start is not None and row.start.name in left
        if (waits or deadline.passed) and row.stored(folder) is None:
            left.add(row.name)
            continue
        shown.say(f"[{index}/{len(rows)}] {run_row(row, data, folder, shown)}")
    return len(left)


def _refuse_without_ends(rows: Sequence[Row], folder: Path) -> None:
    from training.study.entries import CEILING, FLOOR

    for name in (FLOOR, CEILING):
        if not any(row.stored(folder) for row in rows if row.entry.name == name):
            raise UsageError(
                f"the time was up before a row of {name!r} stood, and without it there is nothing to report; "
                "run the same command again with more max_minutes"
            )


def _write_study(plan: _Plan, data: StudyData) -> None:
    """Write what the report needs besides the rows. Paths stay out of it: they say nothing about the result."""
    from training.provenance import software

    options, source, out = plan.options, plan.source, plan.options.out
    source.write_examples(out / EXAMPLES_FOLDER, data)
    write_arrays(out / TEST_NAME, {"key": data.test.keys, "label": data.test.labels})
    facts: dict[str, Any] = source.facts()
    document = {
        "schema_version": SCHEMA_VERSION,
        "study": study_name(plan.domains),
        "task": "segmentation" if data.dense else "classification",
        "options": {name: value for name, value in asdict(options).items() if name != "out"},
        "recipe": asdict(options.recipe),
        "words": source.words,
        "data": {**facts, "class_shares": data.class_shares()} if data.dense else facts,
        "class_names": data.class_names,
        "class_colours": source.colours(),
        "convention": data.convention,
        "software": software(),
        "entries": [asdict(entry) for entry in plan.entries],
        "digests": {row.name: row.digest for row in plan.rows},
    }
    write_json(out / STUDY_NAME, document)
