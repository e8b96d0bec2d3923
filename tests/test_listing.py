"""`realitygap list`, as a user and as a program meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import listing
import realitygap


def _listed(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert realitygap.main(["list", *words]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("kind", list(listing.KINDS))
def test_json_has_the_names_of_the_tables_and_equal_columns(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    from datasets.labels import LABEL_SPACES
    from datasets.sources import SOURCES
    from rendering.scenes import SCENES
    from training.adaptation.methods import METHODS
    from training.losses.catalogue import LOSSES
    from training.networks.catalogue import NETWORKS

    tables = {"sources": SOURCES, "scenes": SCENES, "networks": NETWORKS, "methods": METHODS,
              "label-spaces": LABEL_SPACES, "losses": LOSSES}  # fmt: skip
    rows = json.loads(_listed(capsys, kind, "--json"))
    assert [row["name"] for row in rows] == list(tables[kind])
    assert len({tuple(row) for row in rows}) == 1
    assert all(value not in (None, "", []) for row in rows for value in row.values())


def test_networks_come_with_their_weights_and_nothing_else_is_said() -> None:
    words = [sys.executable, "-m", "realitygap", "list", "networks"]
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, check=True)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert done.stderr == ""
    assert rows["fcn8s"]["total"] == 134_457_004
    assert rows["xception"]["trainable"] == 10_245
    assert rows["lenet5"]["input"] == [32, 32, 1]


def test_tables_are_read_by_people(capsys: pytest.CaptureFixture[str]) -> None:
    line = next(line for line in _listed(capsys, "networks").splitlines() if line.startswith("fcn8s "))
    assert "134,457,004" in line
    assert "512x512x3" in line


def test_help_loads_nothing_heavy() -> None:
    program = """
import contextlib, sys, realitygap
with contextlib.suppress(SystemExit):
    realitygap.main(["list", "--help"])
print(sorted({"numpy", "keras", "tensorflow", "apache_beam"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_columns_stand_under_each_other() -> None:
    table = listing.as_table([{"name": "a", "count": 5}, {"name": "longer", "count": 12345}])
    assert table.splitlines() == ["name     count", "a            5", "longer  12,345"]


def test_what_cannot_be_listed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert realitygap.main(["list", "planets"]) == 2
    assert "planets" in capsys.readouterr().err
