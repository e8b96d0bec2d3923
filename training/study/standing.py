"""What stands in the folder of a study already, so that no study takes the place of another without a word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.errors import UsageError
from training.differences import as_stored, differences, told
from training.study.reading import ROWS_NAME, STUDY_NAME

if TYPE_CHECKING:
    from training.study.rows import Row

_WAYS_OUT = "Name another folder, or give --overwrite to put this study in its place"


def refuse_to_replace(out: Path, study: str, rows: Sequence[Row]) -> None:
    """Refuse a folder whose study is another one, or whose rows have another configuration. Nothing is written.

    Rows that stand and are not planned, and planned ones that do not stand, are no difference: a study grows by
    methods and seeds.

    Args:
        out: folder of the study.
        study: its name.
        rows: that are planned.

    Raises:
        UsageError: says which study stands there, or how many rows differ and in what.
    """
    standing = _standing_study(out)
    if standing not in (None, study):
        raise UsageError(f"{out} holds a study {standing!r}, and this is {study!r}. {_WAYS_OUT}")
    others = [(row, row.other_configuration(out / ROWS_NAME)) for row in rows]
    differing = [(row, configuration) for row, configuration in others if configuration is not None]
    if not differing:
        return
    found: dict[str, str] = {}
    for row, configuration in differing:
        if configuration:  # else nobody wrote it down
            found = {**differences(configuration, as_stored(row.configuration)), **found}
    if len(found) > 1:
        found.pop("starts_from", None)  # the digest of a row that differs in something else
    raise UsageError(
        f"{out} holds another study: {len(differing)} of the {len(rows)} planned rows stand there, whole or begun, "
        f"with another configuration, and would be trained anew: {told(found) or 'it cannot be told in what'}. "
        f"{_WAYS_OUT}"
    )


def _standing_study(out: Path) -> str | None:
    """The name of the study that stands in a folder; None where none can be read."""
    try:
        return str(json.loads((out / STUDY_NAME).read_text("utf-8"))["study"])
    except (OSError, ValueError, KeyError):
        return None
