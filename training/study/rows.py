"""The rows of a study: one entry with one seed, and where it is stored so that nothing runs twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from training.adaptation.methods import METHODS
from training.adaptation.task import Recipe
from training.files import write_json, write_text
from training.provenance import software
from training.study.entries import Entry
from training.study.options import StudyOptions

_DIGEST_NAME, _CONFIGURATION_NAME = "digest.txt", "configuration.json"
_SUFFIXES = (".json", ".npz", ".weights.h5")


@dataclass(frozen=True)
class Row:
    """One row to be.

    Attributes:
        entry: what it learns from and how.
        seed: of initialisation, batches, dropout and choice of images.
        recipe: how it trains.
        selection: the label-free score that selects its checkpoint.
        facts: identities of the data and how they are read.
        embedded: whether its features are drawn in the report.
        start: the row whose last weights it is given.
    """

    entry: Entry
    seed: int
    recipe: Recipe
    selection: str
    facts: dict[str, Any]
    embedded: bool
    start: Row | None = None

    @property
    def name(self) -> str:
        """Stem of its files."""
        return f"{self.entry.name}-{self.seed}"

    @property
    def own_recipe(self) -> Recipe:
        """The shared recipe with its method's changes."""
        return METHODS[self.entry.method].recipe_of(self.recipe)

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """Everything that its result depends on; names, titles and other entries are no part of it."""
        return {
            "method": self.entry.method,
            "seed": self.seed,
            "recipe": asdict(self.own_recipe),
            "selection": self.selection,
            "synthetic_images": self.entry.synthetic_images,
            "real_images": self.entry.real_images,
            "starts_from": self.start.digest if self.start else None,
            "embedded": self.embedded,
            "data": self.facts,
            "software": software(),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the configuration."""
        return hashlib.sha256(json.dumps(self.configuration, sort_keys=True).encode()).hexdigest()

    @property
    def watch_points(self) -> int:
        """Points of its learning curves."""
        if not METHODS[self.entry.method].objective.domains:
            return 1
        return -(-self.recipe.steps // self.recipe.watch_every)

    def stored(self, folder: Path) -> dict[str, Any] | None:
        """Its document, where the row stands whole with this configuration; else None."""
        document = self._whole(folder)
        return document if document.get("digest") == self.digest else None

    def other_configuration(self, folder: Path) -> dict[str, Any] | None:
        """The configuration with which a row of its name stands, whole or begun, if that is another one; else None.

        It is empty where it is another one and nobody wrote down which.
        """
        document = self._whole(folder)
        if document:
            return None if document.get("digest") == self.digest else dict(document.get("configuration", {}))
        state = self._state(folder)
        begun = state / _DIGEST_NAME
        if begun.is_file() and begun.read_text("utf-8") != self.digest:
            return _read_json(state / _CONFIGURATION_NAME)
        return None

    def state_folder(self, folder: Path) -> Path:
        """Where its state lies until it is whole; one of another configuration is removed."""
        state = self._state(folder)
        name = state / _DIGEST_NAME
        if state.exists() and (not name.is_file() or name.read_text("utf-8") != self.digest):
            shutil.rmtree(state)
        write_json(state / _CONFIGURATION_NAME, self.configuration)
        write_text(name, self.digest)
        return state

    def _state(self, folder: Path) -> Path:
        return folder / f".{self.name}"

    def _whole(self, folder: Path) -> dict[str, Any]:
        """The document of a row of its name, whatever its configuration; empty where none stands whole."""
        if not all((folder / f"{self.name}{suffix}").is_file() for suffix in _SUFFIXES):
            return {}
        return _read_json(folder / f"{self.name}.json")


def _read_json(path: Path) -> dict[str, Any]:
    """What a file holds; empty where there is none, or a torn one."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def plan_rows(
    options: StudyOptions, entries: Iterable[Entry], facts: Callable[[Entry], dict[str, Any]]
) -> tuple[Row, ...]:
    """All rows in the order in which they run: the main table seed by seed, then the other sections.

    Args:
        options: of the study.
        entries: in order, each after the one that it starts from.
        facts: what an entry's result depends on besides.
    """
    listed = tuple(entries)
    rows: dict[str, Row] = {}
    for section in (("main",), ("learning_curve", "saturation", "ablation")):
        chosen = [entry for entry in listed if entry.section in section]
        for seed in sorted({seed for entry in chosen for seed in entry.seeds}, key=_place_in(chosen)):
            for entry in chosen:
                if seed in entry.seeds:
                    start = rows[f"{entry.starts_from}-{seed}"] if entry.starts_from else None
                    drawn = entry.section == "main" and seed == entry.seeds[0]
                    row = Row(entry, seed, options.recipe, options.selection, facts(entry), drawn, start)
                    rows[row.name] = row
    return tuple(rows.values())


def _place_in(entries: Iterable[Entry]) -> Callable[[int], int]:
    order = [seed for entry in entries for seed in entry.seeds]
    return order.index
