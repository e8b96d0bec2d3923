"""The state of a run in one file that is either whole or the one before."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import VerificationError
from training.files import write_whole

_FACTS = "facts"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything that a run goes on from.

    Attributes:
        facts: plain values: the position, what was measured, the best epoch so far.
        arrays: values of all variables of network and optimiser, in their order.
    """

    facts: dict[str, Any]
    arrays: Sequence[np.ndarray]

    def write(self, path: Path) -> None:
        """Write the file beside `path`, push it to the disk, and rename it."""
        write_whole(path, self._write)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """Read a checkpoint. Nothing in it is ever run.

        Raises:
            VerificationError: the file is damaged.
        """
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
                facts = json.loads(stored[_FACTS].tobytes())
                return cls(facts, [stored[_name(index)] for index in range(len(stored.files) - 1)])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise VerificationError(
                f"{path} is damaged ({error}); remove the run's folder and begin anew, or restore the file"
            ) from None

    def _write(self, path: Path) -> None:
        named = {_name(index): array for index, array in enumerate(self.arrays)}
        facts = np.frombuffer(json.dumps(self.facts).encode(), np.uint8)
        with open(path, "wb") as file:
            np.savez(file, allow_pickle=False, **{_FACTS: facts, **named})
            file.flush()
            os.fsync(file.fileno())


def _name(index: int) -> str:
    return f"variable_{index:05}"
