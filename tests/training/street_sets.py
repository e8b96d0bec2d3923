"""A rendered and a real data set of label maps in miniature, and the study of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from conftest import SEGMENTATION, MakeDataset
from segmentation_set import square_samples

from datasets.labels import IGNORE
from datasets.sample import Sample
from training.study.domains import StreetDomains
from training.study.options import StudyOptions

SIZE = (32, 48)


def make_street(
    make_dataset: MakeDataset, prefix: str = "", other_labels: bool = False, **options: object
) -> StreetDomains:
    """Squares by day as the synthetic set, darker and bluer ones as the real set.

    Args:
        make_dataset: the fixture.
        prefix: of the folders.
        other_labels: the real set has other labels for the same images.
        options: of the domains.
    """
    real = {"train": _by_night(square_samples(12, 1)), "validation": _by_night(square_samples(7, 2))}
    if other_labels:
        real = {split: [_relabelled(sample) for sample in samples] for split, samples in real.items()}
    sets = [
        make_dataset({"train": square_samples(24, 0)}, SEGMENTATION, name=f"{prefix}rendered"),
        make_dataset(real, SEGMENTATION, name=f"{prefix}real"),
    ]
    paths = [found.directory for found in sets]
    few = {"source_watch_share": 0.4, "target_watch_share": 0.34, "more_methods": ()}
    return StreetDomains(*paths, size=SIZE, label_space="pets_trimap", **(few | options))  # type: ignore[arg-type]


def street_options(out: Path, *methods: str, **options: object) -> StudyOptions:
    """A study of moments: four steps, two checkpoints."""
    few = {"seeds": (0,), "steps": 4, "batch": 4, "watch_every": 2, "mirror": True}
    named = ("source_only", "on_target", *methods)
    return StudyOptions(out, named, **(few | {"class_weights": "root_median_frequency"} | options))  # type: ignore[arg-type]


def _by_night(samples: list[Sample]) -> list[Sample]:
    dark = np.array([0.3, 0.5, 0.8])
    return [Sample(key=s.key, image=(s.image.array * dark).astype(np.uint8), semantic=s.semantic) for s in samples]  # type: ignore[arg-type,union-attr]


def _relabelled(sample: Sample) -> Sample:
    labels = sample.semantic.array  # type: ignore[union-attr]
    turned = np.where(labels == IGNORE, IGNORE, 4 - labels)[::-1].astype(np.uint8)
    return Sample(key=sample.key, image=sample.image.array, semantic=np.ascontiguousarray(turned))  # type: ignore[arg-type,union-attr]
