"""The two domains of each study. Reading this module costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from datasets.errors import UsageError
from training.configuration import WIDTH_BY_HEIGHT


@dataclass(frozen=True)
class DigitsDomains:
    """Rendered digits and real handwritten ones.

    Attributes:
        synthetic: data set of rendered images with labels: the source domain.
        real: data set of real images: the target domain.
        size: WIDTHxHEIGHT that images are resized to.
        train_split: of the synthetic set.
        adapt_split: of the real set: what adaptation sees, and what the ceiling is trained on.
        validation_split: of the real set: drawn in the curves, its images seen by label-free selection, and its labels
            by the oracle.
        test_split: of the real set: scored once a run.
        source_watch_share: share of the synthetic split held out for the curves.
    """

    synthetic: Path
    real: Path
    size: tuple[int, int] = field(default=(32, 32), metadata=WIDTH_BY_HEIGHT)
    train_split: str = "train"
    adapt_split: str = "adapt"
    validation_split: str = "validation"
    test_split: str = "test"
    source_watch_share: float = 0.1

    defaults: ClassVar[Mapping[str, Any]] = {}

    def __post_init__(self) -> None:
        if len({self.adapt_split, self.validation_split, self.test_split}) < 3:
            raise UsageError(
                f"adapt_split, validation_split and test_split must be three splits, got {self.adapt_split!r}, "
                f"{self.validation_split!r} and {self.test_split!r}; a score needs images that nothing has seen"
            )


@dataclass(frozen=True)
class MnistmDomains:
    """MNIST and MNIST-M, or any two sets of small images with the same classes.

    Attributes:
        source: data set with labels.
        target: data set of the other domain.
        size: WIDTHxHEIGHT that images are resized to.
        source_split: of the source.
        target_split: of the target: what adaptation sees, and what the ceiling is trained on.
        test_split: of the target: scored once a run.
        source_watch_share: share of the source split held out for the curves.
        target_watch_share: share of the target split held out likewise; its images are seen by label-free selection.
    """

    source: Path
    target: Path
    size: tuple[int, int] = field(default=(28, 28), metadata=WIDTH_BY_HEIGHT)
    source_split: str = "train"
    target_split: str = "train"
    test_split: str = "test"
    source_watch_share: float = 0.03
    target_watch_share: float = 0.03

    defaults: ClassVar[Mapping[str, Any]] = {
        "methods": (
            "source_only", "no_augmentation", "adabn", "coral", "dann", "dann_adabn", "dann_refined", "on_target",
        ),
        "augmentation": "polarity",
        "steps": 1600,
        "watch_every": 200,
    }  # fmt: skip

    def __post_init__(self) -> None:
        _refuse_one_split(self.target_split, self.test_split)
        _check_shares(self, "source_watch_share", "target_watch_share")


@dataclass(frozen=True)
class ToyDomains:
    """Two blobs of points, and the same two elsewhere: the book's toy, with no data set.

    Attributes:
        data_seed: of the points, which are the same for every seed of training.
    """

    data_seed: int = 0

    defaults: ClassVar[Mapping[str, Any]] = {
        "methods": ("source_only", "dann", "on_target"),
        "seeds": tuple(range(10)),
        "steps": 1000,
        "batch": 100,
        "learning_rate": 1e-2,
        "watch_every": 50,
    }


@dataclass(frozen=True)
class SegmentationDomains:
    """Any two sets of images with a class for every pixel.

    Attributes:
        source: data set with labels.
        target: data set of the other domain.
        test: data set of that domain too, on which rows are scored; by default the target.
        size: WIDTHxHEIGHT that images are resized to for the network; scores are taken at the labels' own sizes.
        label_space: what the labels of all sets are looked up in; by default the space of the target's own.
        source_split: of the source.
        target_split: of the target: what adaptation sees, and what the ceiling is trained on.
        test_split: of the test set: scored once a run.
        source_watch_share: share of the source split held out for the curves.
        target_watch_share: share of the target split held out likewise; its images are seen by label-free selection.
    """

    source: Path
    target: Path
    test: Path | None = None
    size: tuple[int, int] = field(default=(96, 96), metadata=WIDTH_BY_HEIGHT)
    label_space: str | None = None
    source_split: str = "train"
    target_split: str = "train"
    test_split: str = "test"
    source_watch_share: float = 0.1
    target_watch_share: float = 0.1

    defaults: ClassVar[Mapping[str, Any]] = {
        "methods": (
            "source_only", "source_only_longer", "augmentation", "adabn", "self_training", "dann", "cdan", "coral",
            "mmd", "minent", "infomax", "output_space", "advent", "fda", "dacs", "on_target",
        ),
        "steps": 600,
        "batch": 8,
        "watch_every": 100,
        "mirror": True,
        "class_weights": "root_median_frequency",
        "annealing": "cosine",
    }  # fmt: skip

    def __post_init__(self) -> None:
        if self.test is None:
            _refuse_one_split(self.target_split, self.test_split)
        _check_shares(self, "source_watch_share", "target_watch_share")


@dataclass(frozen=True)
class StreetDomains:
    """Rendered streets and photographed ones, with a class for every pixel.

    Attributes:
        synthetic: data set of rendered images with label maps: the source domain.
        real: data set of photographs with label maps: the target domain.
        other_real: another real set, on whose images every row is scored besides.
        ablations: sets rendered like the synthetic one but without a factor, as FACTOR=DATASET.
        size: WIDTHxHEIGHT that images are resized to for the network; scores are taken at the labels' own sizes.
        label_space: what the labels of all sets are looked up in.
        train_split: of the synthetic sets.
        target_split: of the real set: what adaptation sees, and what the ceiling is trained on.
        test_split: of the real set: scored once a run.
        other_test_split: of the other real set.
        source_watch_share: share of the synthetic split held out for the curves.
        target_watch_share: share of the target split held out likewise: its last keys, because neighbours of a video
            look alike.
        real_shares: shares of the real images at which the learning curves are measured.
        synthetic_shares: shares of the synthetic images at which saturation is measured, besides all of them.
        more_methods: further rows of the main table, which run with the seeds of curves alone; '' for none.
        curve_seeds: seeds of those, of learning curves, saturation and ablations; none named takes the first two of
            seeds.
    """

    synthetic: Path
    real: Path
    other_real: Path | None = None
    ablations: tuple[str, ...] = ()
    size: tuple[int, int] = field(default=(120, 160), metadata=WIDTH_BY_HEIGHT)
    label_space: str = "camvid11"
    train_split: str = "train"
    target_split: str = "train"
    test_split: str = "validation"
    other_test_split: str = "validation"
    source_watch_share: float = 0.1
    target_watch_share: float = 0.15
    real_shares: tuple[float, ...] = (0.083, 0.167, 0.333, 1.0)
    synthetic_shares: tuple[float, ...] = (0.125, 0.5)
    more_methods: tuple[str, ...] = ("fda", "coral", "advent", "minent", "mixed", "on_target_longer")
    curve_seeds: tuple[int, ...] = ()

    defaults: ClassVar[Mapping[str, Any]] = {
        "methods": (
            "source_only", "source_only_longer", "augmentation", "adabn", "augmentation_adabn", "self_training", "dann",
            "output_space", "dacs", "mixed_third", "finetune_third", "finetune_mixed_third",
            "adapted_mixed_third", "finetune_full", "on_target_third", "on_target",
        ),
        "steps": 1000,
        "batch": 8,
        "learning_rate": 2e-3,
        "watch_every": 200,
        "mirror": True,
        "class_weights": "root_median_frequency",
        "annealing": "cosine",
    }  # fmt: skip

    def __post_init__(self) -> None:
        _refuse_one_split(self.target_split, self.test_split)
        _check_shares(self, "source_watch_share", "target_watch_share")
        for name in ("real_shares", "synthetic_shares"):
            wrong = [share for share in getattr(self, name) if not 0 < share <= 1]
            if wrong:
                raise UsageError(f"{name} must be shares above 0 of at most 1, got {wrong[0]}")


def _refuse_one_split(target_split: str, test_split: str) -> None:
    if target_split == test_split:
        raise UsageError(f"target_split and test_split must differ, got {test_split!r} for both")


def _check_shares(domains: Any, *names: str) -> None:
    for name in names:
        if not 0 < getattr(domains, name) < 1:
            raise UsageError(f"{name} must lie between 0 and 1, got {getattr(domains, name)}")


ClassificationDomains = DigitsDomains | MnistmDomains
Domains = DigitsDomains | MnistmDomains | ToyDomains | SegmentationDomains | StreetDomains

STUDIES: dict[str, type[Any]] = {
    "street": StreetDomains,
    "segmentation": SegmentationDomains,
    "digits": DigitsDomains,
    "mnistm": MnistmDomains,
    "toy": ToyDomains,
}
"""The domains of each study by its name."""


def study_name(domains: Domains) -> str:
    """The name under which the study of these domains is listed."""
    return next(name for name, kind in STUDIES.items() if isinstance(domains, kind))
