"""The data of the toy: points of two domains, drawn anew from a seed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from training.adaptation.blobs import blobs
from training.adaptation.network import Network
from training.adaptation.task import BatchNorm
from training.files import write_json
from training.metrics.scoring import ACCURACY
from training.networks import points
from training.study.data import Labelled, StudyData, TestImages
from training.study.domains import ToyDomains
from training.study.entries import Entry, method_entries
from training.study.options import StudyOptions
from training.study.reading import EXAMPLES_NAME


class PointsSource:
    """Two blobs of points in each domain; see `adaptation.blobs`."""

    def __init__(self, domains: ToyDomains) -> None:
        self._domains = domains
        self._task, self._test = blobs(domains.data_seed)

    @property
    def words(self) -> dict[str, str]:
        """What the report calls the two domains and their members."""
        return {"source": "source", "target": "target", "members": "points"}

    def facts(self) -> dict[str, Any]:
        """Counts, and the seed of the points."""
        named = {
            role: {"name": f"{role} blobs", "version": "1", "fingerprint": "none"} for role in ("source", "target")
        }
        task = self._task
        counts = {"train": len(task.source), "adapt": len(task.target), "validation": len(task.target_watch)}
        return {**named, "splits": {}, "examples": counts, "options": asdict(self._domains)}

    def row_facts(self, entry: Entry) -> dict[str, Any]:
        """The same for all."""
        return self.facts()

    def entries(self, options: StudyOptions) -> tuple[Entry, ...]:
        """One for each method."""
        return method_entries(options, "source blobs", len(self._task.source), len(self._task.target))

    def load(self) -> StudyData:
        """The points."""
        assert self._test.labels is not None
        source = Labelled(self._task.source, self._task.source_watch)
        keys = np.array([f"point{index:05}" for index in range(len(self._test))])
        test = TestImages(keys, self._test.pixels, self._test.labels)
        target = Labelled(self._task.target, self._task.target_watch)
        return StudyData(lambda _: source, "source blobs", target, test, ("0", "1"), ACCURACY, _points_network)

    def write_examples(self, folder: Path, data: StudyData) -> None:
        """There is nothing to show of points."""
        write_json(folder / EXAMPLES_NAME, [])

    def colours(self) -> list[tuple[int, int, int]]:
        """Points have none."""
        return []


def _points_network(mode: BatchNorm) -> Network:
    return Network(points.build(3, 2), points.FEATURES, mode, points.domain_head)
