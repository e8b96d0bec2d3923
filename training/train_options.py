"""What one training run can be told. Reading this module costs nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from datasets.errors import UsageError
from training.augmentation_options import MIRRORED, Augmentation
from training.configuration import WIDTH_BY_HEIGHT


@dataclass(frozen=True)
class TrainOptions:
    """What `realitygap train` can be told.

    Attributes:
        data: the data set.
        out: folder of the run; one that was interrupted goes on from its last checkpoint.
        network: a name of `realitygap list networks`.
        train_split: split to learn from.
        test_split: split that the best checkpoint is scored on, once, at the end.
        validation_share: share of the train split held out, by a hash of seed and key, to choose the checkpoint by.
        label_space: class ids are looked up in this space, such as cityscapes19; by default the data set's own.
        size: WIDTHxHEIGHT that images are resized to for the network.
        batch_size: images a step.
        epochs: passes over the train split.
        loss: cross_entropy, focal, dice, dice_cross_entropy or boundary.
        class_weights: none, median_frequency or log_inverse, from the manifest's counts of the train split.
        optimizer: adam, adamw or sgd.
        learning_rate: at the start.
        schedule: constant, cosine or polynomial (power 0.9) fall of the rate to 0 over the run.
        weight_decay: of adamw and sgd, for each step and unit of rate.
        momentum: of sgd.
        clip_norm: global norm that gradients are clipped to; 0 leaves them.
        augmentation: what is done to training images at random.
        precision: float32, mixed_float16 or mixed_bfloat16; weights and losses stay float32.
        distribution: none, or mirrored: every batch is split over all GPUs of this machine.
        deterministic: only operations whose result does not depend on timing; slower on a GPU.
        jit_compile: compile the step with XLA.
        cache: folder for decoded images, which may be shared by runs.
        memory_gigabytes: without such a folder, decoded images are kept in memory if all of the split take no more than
            this; else they are decoded in every epoch.
        checkpoint_steps: also save after so many steps inside an epoch; 0 saves after each epoch.
        store_predictions: write the predicted label maps of the test split as PNG files with the stored ids.
        seed: of initialisation, order, held-out share and augmentation.
    """

    data: Path
    out: Path
    network: str = "pets"
    train_split: str = "train"
    test_split: str = "test"
    validation_share: float = 0.15
    label_space: str | None = None
    size: tuple[int, int] = field(default=(200, 200), metadata=WIDTH_BY_HEIGHT)
    batch_size: int = 32
    epochs: int = 30
    loss: str = "cross_entropy"
    class_weights: Literal["none", "median_frequency", "log_inverse"] = "none"
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-3
    schedule: Literal["constant", "cosine", "polynomial"] = "constant"
    weight_decay: float = 0.0
    momentum: float = 0.9
    clip_norm: float = 0.0
    augmentation: Augmentation = MIRRORED
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    distribution: Literal["none", "mirrored"] = "none"
    deterministic: bool = False
    jit_compile: bool = False
    cache: Path | None = None
    memory_gigabytes: float = 2.0
    checkpoint_steps: int = 0
    store_predictions: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "learning_rate"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be greater than 0, got {getattr(self, name)}")
        for name in ("weight_decay", "momentum", "clip_norm", "memory_gigabytes", "checkpoint_steps", "seed"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative, got {getattr(self, name)}")
        if self.momentum >= 1:
            raise UsageError(f"momentum must be less than 1, got {self.momentum}")
        if not 0 < self.validation_share < 1:
            raise UsageError(f"validation_share must lie between 0 and 1, got {self.validation_share}")
        if self.train_split == self.test_split:
            raise UsageError(f"train_split and test_split are both {self.train_split!r}; a score needs unseen images")

    @property
    def decisive(self) -> dict[str, Any]:
        """The options that the weights depend on: all but where things lie and what is written besides."""
        beside = {"data", "out", "cache", "memory_gigabytes", "checkpoint_steps", "store_predictions"}
        return {name: value for name, value in asdict(self).items() if name not in beside}
