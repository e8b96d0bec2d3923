"""What stands in a study's folder, held against what is planned; rows are written by hand, nothing is trained."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import UsageError
from training.differences import as_stored
from training.study import rows
from training.study.entries import method_entries
from training.study.options import StudyOptions
from training.study.rows import Row, plan_rows
from training.study.standing import refuse_to_replace

FACTS = {"source": {"name": "a"}, "options": {"size": (20, 30)}, "other": None}


@pytest.fixture(autouse=True)
def _software(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "software", lambda: {"keras": "1"})


def _plan(facts: dict[str, Any] | None = None, **options: Any) -> tuple[Row, ...]:
    named = {"methods": ("source_only", "adabn", "on_target"), "seeds": (0, 1), "steps": 6, **options}
    chosen = StudyOptions(Path("out"), **named)
    return plan_rows(chosen, method_entries(chosen, "a", 10, 5), lambda entry: FACTS | (facts or {}))


def _store(out: Path, planned: tuple[Row, ...]) -> None:
    (out / "rows").mkdir()
    (out / "study.json").write_text('{"study": "digits"}')
    for row in planned:
        for suffix in (".npz", ".weights.h5"):
            (out / "rows" / f"{row.name}{suffix}").write_bytes(b"")
        document = {"digest": row.digest, "configuration": as_stored(row.configuration), "entry": asdict(row.entry)}
        (out / "rows" / f"{row.name}.json").write_text(json.dumps(document))


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "options", [{}, {"methods": ("source_only", "dann", "on_target")}, {"seeds": (0, 1, 2)}, {"seeds": (0,)}]
)
def test_a_study_may_grow_and_shrink(options: dict[str, Any], tmp_path: Path) -> None:
    refuse_to_replace(tmp_path / "none", "toy", _plan(**options))
    _store(tmp_path, _plan())
    refuse_to_replace(tmp_path, "digits", _plan(**options))


@pytest.mark.parametrize(
    "options, facts, rows_told, said",
    [
        ({"steps": 7}, {}, 6, "recipe.steps is 6 there and 7 here"),
        ({"selection": "snd"}, {}, 6, "selection is 'infomax' there and 'snd' here"),
        (
            {"mirror": True, "batch": 9}, {}, 6,
            "recipe.batch is 64 there and 9 here; recipe.mirror is False there and True here",
        ),
        ({}, {"other": {"name": "b"}}, 6, "data.other is None there and {'name': 'b'} here"),
        ({}, {"options": {"size": (9, 9)}}, 6, "data.options.size is [20, 30] there and [9, 9] here"),
        # Which rows are drawn follows from the order of the seeds; the new seed is no difference.
        ({"seeds": (2, 0)}, {}, 3, "embedded is True there and False here"),
    ],
)  # fmt: skip
def test_rows_of_another_configuration_are_refused_in_words(
    options: dict[str, Any], facts: dict[str, Any], rows_told: int, said: str, tmp_path: Path
) -> None:
    _store(tmp_path, _plan())
    before, planned = _files(tmp_path), _plan(facts, **options)
    with pytest.raises(UsageError) as refused:
        refuse_to_replace(tmp_path, "digits", planned)
    assert str(refused.value) == (
        f"{tmp_path} holds another study: {rows_told} of the 6 planned rows stand there, whole or begun, with another "
        f"configuration, and would be trained anew: {said}. Name another folder, or give --overwrite to put this study "
        "in its place"
    )
    assert _files(tmp_path) == before


def test_other_software_is_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _store(tmp_path, _plan())
    monkeypatch.setattr(rows, "software", lambda: {"keras": "2"})
    with pytest.raises(UsageError, match=r"6 of the 6 .*: software\.keras is '1' there and '2' here\. Name"):
        refuse_to_replace(tmp_path, "digits", _plan())


def test_another_study_is_refused_even_where_no_row_stands(tmp_path: Path) -> None:
    _store(tmp_path, ())
    with pytest.raises(
        UsageError, match="holds a study 'digits', and this is 'toy'. Name another folder, or give --ov"
    ):
        refuse_to_replace(tmp_path, "toy", _plan())


def test_a_whole_row_stands_whatever_another_study_began_in_its_place(tmp_path: Path) -> None:
    _store(tmp_path, _plan())
    _plan(steps=7)[0].state_folder(tmp_path / "rows")
    before = _files(tmp_path)
    refuse_to_replace(tmp_path, "digits", _plan())
    assert _files(tmp_path) == before


def test_rows_that_are_begun_count_and_torn_ones_do_not(tmp_path: Path) -> None:
    _store(tmp_path, ())
    first, second = _plan()[:2]
    (tmp_path / "rows" / f"{second.name}.json").write_text('{"digest": ')
    first.state_folder(tmp_path / "rows")
    refuse_to_replace(tmp_path, "digits", _plan())
    with pytest.raises(UsageError, match=r"1 of the 6 .*: recipe\.steps is 6 there and 7 here\."):
        refuse_to_replace(tmp_path, "digits", _plan(steps=7))
    (tmp_path / "rows" / f".{first.name}" / "configuration.json").unlink()
    with pytest.raises(UsageError, match=r"1 of the 6 .* trained anew: it cannot be told in what\. Name"):
        refuse_to_replace(tmp_path, "digits", _plan(steps=7))
