"""The data of the street study: rendered and photographed scenes with a class for every pixel."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from datasets.dataset import Dataset
from datasets.errors import UsageError
from training.inputs.selection import held_out, not_held_out
from training.provenance import identity
from training.study.data import Labelled, StudyData, held_in_memory
from training.study.domains import StreetDomains
from training.study.entries import Entry
from training.study.label_maps import LabelMaps, refuse_few_held_out
from training.study.options import StudyOptions
from training.study.parts import WATCH_SEED, Part, last_keys
from training.study.rendered_sets import changed_options, open_ablated
from training.study.street_entries import Ablation, street_entries

_READ_OPTIONS = (
    "size", "label_space", "train_split", "target_split", "test_split", "source_watch_share", "target_watch_share",
)  # fmt: skip


class StreetSource:
    """Rendered sets, a real one, and perhaps another real one.

    Args:
        domains: the options of the study.

    Raises:
        UsageError: a data set has no label maps, or there is no way from its classes to the wanted ones.
    """

    def __init__(self, domains: StreetDomains) -> None:
        self._domains = domains
        self._synthetic, self._real = Dataset.open(domains.synthetic), Dataset.open(domains.real)
        self._other = Dataset.open(domains.other_real) if domains.other_real else None
        self._ablated = dict(open_ablated(word) for word in domains.ablations)
        self._sets = {found.name: found for found in (self._synthetic, *self._ablated.values())}
        if len(self._sets) < 1 + len(self._ablated) or len(self._ablated) < len(domains.ablations):
            raise UsageError("the synthetic set and those of ablations must all differ in name and factor")
        others = (self._other,) if self._other else ()
        self._maps = LabelMaps((self._real, *self._sets.values(), *others), domains.size, domains.label_space)

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        return {"source": "synthetic", "target": "real", "members": "images"}

    def facts(self) -> dict[str, Any]:
        """What the numbers depend on besides method and seed: the data by fingerprint, and how they are read."""
        options = asdict(self._domains)
        further = {factor: identity(found) for factor, found in self._ablated.items()}
        return {
            **self._shared_facts(),
            "source": identity(self._synthetic),
            "ablations": further,
            "splits": {role: part.split for role, part in self._parts.items()},
            "examples": {role: part.count for role, part in self._parts.items()},
            "options": {
                name: value for name, value in options.items()
                if name not in ("synthetic", "real", "other_real", "ablations")
            },
        }  # fmt: skip

    def row_facts(self, entry: Entry) -> dict[str, Any]:
        """The sets that an entry has to do with; further ablations leave other rows as they are."""
        options = asdict(self._domains)
        return {
            **self._shared_facts(),
            "source": identity(self._sets[entry.synthetic or self._synthetic.name]),
            "options": {name: options[name] for name in _READ_OPTIONS},
        }

    def entries(self, options: StudyOptions) -> tuple[Entry, ...]:
        """The whole grid.

        Raises:
            UsageError: also where too few images are held out.
        """
        watch = self._parts["train watch"]
        for found in self._sets.values():
            refuse_few_held_out({"source_watch_share": replace(watch, dataset=found)})
        refuse_few_held_out({"target_watch_share": self._parts["validation"], "test_split": self._parts["test"]})
        learnt, adapted = self._parts["train"].count, self._parts["adapt"].count
        ablations = [self._ablation(factor, found, learnt) for factor, found in self._ablated.items()]
        return street_entries(options, self._domains, self._synthetic.name, learnt, adapted, ablations)

    def load(self) -> StudyData:
        """Read what all rows need; the sets of ablations are read when their rows come.

        Raises:
            UsageError: a split or field is missing.
        """
        other = Part(self._other, self._domains.other_test_split) if self._other else None
        source = held_in_memory(self._load_source, self._sets)
        return self._maps.study_data(source, self._synthetic.name, self._parts, other)

    def write_examples(self, folder: Path, data: StudyData) -> None:
        """Write a few images of each domain in the colours of the study's classes, a list of them, and test images."""
        self._maps.write_examples(folder, self._parts, data.test)

    def colours(self) -> list[tuple[int, int, int]]:
        """Of each class."""
        return self._maps.colours

    @cached_property
    def _parts(self) -> dict[str, Part]:
        domains = self._domains
        learnt, watched = (choose(domains.source_watch_share, WATCH_SEED) for choose in (not_held_out, held_out))
        last = last_keys(self._real, domains.target_split, domains.target_watch_share)
        return {
            "train": Part(self._synthetic, domains.train_split, learnt),
            "train watch": Part(self._synthetic, domains.train_split, watched),
            "adapt": Part(self._real, domains.target_split, lambda keys: ~last(keys)),
            "validation": Part(self._real, domains.target_split, last),
            "test": Part(self._real, domains.test_split),
        }

    def _shared_facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {"target": identity(self._real)}
        if self._other is not None:
            found["other_real"] = {**identity(self._other), "split": self._domains.other_test_split}
        return found

    def _ablation(self, factor: str, dataset: Dataset, learnt: int) -> Ablation:
        count = Part(dataset, self._domains.train_split, self._parts["train"].select).count
        return Ablation(factor, dataset.name, min(count, learnt), changed_options(self._synthetic, dataset))

    def _load_source(self, name: str) -> Labelled:
        learnt, watched = (replace(self._parts[role], dataset=self._sets[name]) for role in ("train", "train watch"))
        return self._maps.labelled(learnt, watched)
