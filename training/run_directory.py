"""The folder of one run: what is in it, and whether a run may begin, go on, or is finished.

`checkpoint.npz` is the one truth about a run under way; `metrics.jsonl`, the TensorBoard events and `best.keras` are
written after it and made anew from it when a run goes on, so a run that was killed anywhere leaves nothing behind
that does not fit together.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import UsageError, VerificationError
from training.checkpoint import Checkpoint
from training.differences import as_stored, differences, told
from training.files import json_line, write_json, write_text

SCHEMA_VERSION = 2


@dataclass(frozen=True)
class RunDirectory:
    """The paths of a run, and its record.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def configuration(self) -> Path:
        """All options as YAML; `realitygap train --config` takes it."""
        return self.path / "config.yaml"

    @property
    def record(self) -> Path:
        """What the weights depend on: options, data, software, seeds; and the machine."""
        return self.path / "run.json"

    @property
    def checkpoint(self) -> Path:
        """The state that the run goes on from."""
        return self.path / "checkpoint.npz"

    @property
    def metrics(self) -> Path:
        """A line of JSON an epoch."""
        return self.path / "metrics.jsonl"

    @property
    def events(self) -> Path:
        """The same numbers for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def best(self) -> Path:
        """The network of the best epoch."""
        return self.path / "best.keras"

    @property
    def last(self) -> Path:
        """The network of the last epoch."""
        return self.path / "last.keras"

    @property
    def result(self) -> Path:
        """The score on the test split; written last."""
        return self.path / "result.json"

    @property
    def evaluations(self) -> Path:
        """Stored scores: confusions of every image."""
        return self.path / "evaluations"

    def begin(self, record: Mapping[str, Any], options_text: str) -> Checkpoint | None:
        """Make the folder of a new run, or hand out the checkpoint of one that was interrupted.

        The folder must be held (`training.folder_lock`): unfinished files of another process would be removed.

        Raises:
            UsageError: the folder holds another run, or things that are no run.
        """
        if not self.record.is_file():
            if self.path.is_dir() and any(not entry.name.startswith(".") for entry in self.path.iterdir()):
                raise UsageError(f"{self.path} is not empty and holds no run; name another folder")
            write_json(self.record, record)
            write_text(self.configuration, options_text)
            return None
        found = differences(self.read_record()["decisive"], as_stored(record["decisive"]))
        if found:
            raise UsageError(f"{self.path} holds another run: {told(found)}. Name another folder, or remove this one")
        for leftover in self.path.glob(".*-*"):  # of a write that was killed
            leftover.unlink()
        write_text(self.configuration, options_text)  # data may have moved; what decides the weights is the same
        return Checkpoint.read(self.checkpoint) if self.checkpoint.is_file() else None

    def read_record(self) -> dict[str, Any]:
        """What `run.json` holds.

        Raises:
            UsageError: there is no run.
            VerificationError: the file is damaged, or of a later version.
        """
        if not self.record.is_file():
            raise UsageError(f"{self.path} holds no run: there is no {self.record.name} in it")
        try:
            record: dict[str, Any] = json.loads(self.record.read_text("utf-8"))
            version = record["schema_version"]
        except (ValueError, KeyError, TypeError) as error:
            raise VerificationError(f"{self.record} is damaged: {error!r}") from None
        if version != SCHEMA_VERSION:
            raise VerificationError(f"{self.record} is version {version}; this program reads version {SCHEMA_VERSION}")
        return record

    def rewrite_logs(self, epochs: Sequence[Mapping[str, Any]]) -> None:
        """Write metrics anew from a checkpoint's epochs, and drop TensorBoard's events."""
        write_text(self.metrics, "".join(json_line(numbers) for numbers in epochs))
        shutil.rmtree(self.events, ignore_errors=True)
