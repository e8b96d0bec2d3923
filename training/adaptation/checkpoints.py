"""The weights of a run at every watch point, for the choice between them afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from training.files import write_arrays


class Checkpoints:
    """Weights by step, in a folder or, without one, in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[int, list[np.ndarray]] = {}

    def keep(self, step: int, model: Any) -> None:
        """Keep the model's weights as those of the step."""
        weights = [np.array(array) for array in model.get_weights()]
        if self._folder is None:
            self._held[step] = weights
        else:
            write_arrays(self._path(step), {f"weight_{index:05}": array for index, array in enumerate(weights)})

    def put_back(self, step: int, model: Any) -> None:
        """Give the model the weights of a step that was kept."""
        if self._folder is None:
            model.set_weights(self._held[step])
            return
        with np.load(self._path(step), allow_pickle=False) as stored:
            model.set_weights([stored[name] for name in sorted(stored.files)])

    def _path(self, step: int) -> Path:
        assert self._folder is not None
        return self._folder / f"weights-{step:07}.npz"
