"""Two sets of images with a class for every pixel: the data of any study of segmentation."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from datasets.dataset import Dataset
from training.inputs.selection import held_out, not_held_out
from training.provenance import identity
from training.study.data import StudyData, held_in_memory
from training.study.domains import SegmentationDomains
from training.study.entries import Entry, method_entries
from training.study.label_maps import LabelMaps, refuse_few_held_out
from training.study.options import StudyOptions
from training.study.parts import WATCH_SEED, Part


class SegmentationSource:
    """A set that is learnt from and another that is to be understood.

    Args:
        domains: the options of the study.

    Raises:
        UsageError: a data set has no label maps, or the sets share no classes.
    """

    def __init__(self, domains: SegmentationDomains) -> None:
        self._domains = domains
        self._source, self._target = Dataset.open(domains.source), Dataset.open(domains.target)
        self._test = Dataset.open(domains.test) if domains.test else self._target
        self._maps = LabelMaps((self._target, self._test, self._source), domains.size, domains.label_space)

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        return {"source": "source", "target": "target", "members": "images"}

    def facts(self) -> dict[str, Any]:
        """What the numbers depend on besides method and seed: the data by fingerprint, and how they are read."""
        options = asdict(self._domains)
        return {
            "source": identity(self._source),
            "target": identity(self._target),
            "test": identity(self._test),
            "splits": {role: part.split for role, part in self._parts.items()},
            "examples": {role: part.count for role, part in self._parts.items()},
            "options": {name: value for name, value in options.items() if name not in ("source", "target", "test")},
        }

    def row_facts(self, entry: Entry) -> dict[str, Any]:
        """The same: every row depends on all of it."""
        return self.facts()

    def entries(self, options: StudyOptions) -> tuple[Entry, ...]:
        """The methods.

        Raises:
            UsageError: also where too few images are held out.
        """
        parts = self._parts
        refuse_few_held_out(
            {
                "source_watch_share": parts["train watch"],
                "target_watch_share": parts["validation"],
                "test_split": parts["test"],
            }
        )
        return method_entries(options, self._source.name, parts["train"].count, parts["adapt"].count)

    def load(self) -> StudyData:
        """Read what all rows need.

        Raises:
            UsageError: a split or field is missing.
        """
        parts, name = self._parts, self._source.name
        source = held_in_memory(lambda _: self._maps.labelled(parts["train"], parts["train watch"]), {name: None})
        return self._maps.study_data(source, name, parts)

    def write_examples(self, folder: Path, data: StudyData) -> None:
        """Write pictures for the report."""
        self._maps.write_examples(folder, self._parts, data.test)

    def colours(self) -> list[tuple[int, int, int]]:
        """Of each class."""
        return self._maps.colours

    @cached_property
    def _parts(self) -> dict[str, Part]:
        domains = self._domains
        choices = {
            (role, choose): choose(share, WATCH_SEED)
            for role, share in (("source", domains.source_watch_share), ("target", domains.target_watch_share))
            for choose in (not_held_out, held_out)
        }
        return {
            "train": Part(self._source, domains.source_split, choices["source", not_held_out]),
            "train watch": Part(self._source, domains.source_split, choices["source", held_out]),
            "adapt": Part(self._target, domains.target_split, choices["target", not_held_out]),
            "validation": Part(self._target, domains.target_split, choices["target", held_out]),
            "test": Part(self._test, domains.test_split),
        }
