"""What one training run can be told. Reading this module costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets.errors import UsageError


@dataclass(frozen=True)
class TrainOptions:
    """What `realitygap train` can be told.

    Attributes:
        data: the data set.
        out: folder for checkpoints, `metrics.jsonl`, `config.json` and `result.json`; made when absent.
        network: a name of `training.networks.catalogue.NETWORKS`.
        train_split: split to learn from.
        test_split: split that the best checkpoint is scored on, once, at the end.
        validation_share: share of the train split held out, by a hash of seed and key, to choose the checkpoint by.
        size: height and width that images are resized to for the network.
        batch_size: images a step.
        epochs: passes over the train split.
        learning_rate: of Adam.
        flip: mirror training images at random.
        seed: of initialisation, order, held-out share and flips.
    """

    data: Path
    out: Path
    network: str = "pets"
    train_split: str = "train"
    test_split: str = "test"
    validation_share: float = 0.15
    size: tuple[int, int] = (200, 200)
    batch_size: int = 32
    epochs: int = 30
    learning_rate: float = 1e-3
    flip: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "learning_rate"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be greater than 0, got {getattr(self, name)}")
        if not 0 < self.validation_share < 1:
            raise UsageError(f"validation_share must lie between 0 and 1, got {self.validation_share}")
        if self.train_split == self.test_split:
            raise UsageError(f"train_split and test_split are both {self.train_split!r}; a score needs unseen images")
