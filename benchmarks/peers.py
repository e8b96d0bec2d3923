"""What a user of TensorFlow Datasets would write for the same two data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Entry = tuple[str, dict[str, str]]
"""A key, and the path of each of its files."""


def list_files(name: str, source: Path) -> list[Entry]:
    """Every example of a generated tree."""
    if name == "pets":
        return [
            (path.stem, {"image": str(path), "labels": str(source / f"annotations/trimaps/{path.stem}.png")})
            for path in sorted((source / "images").iterdir())
        ]
    entries = []
    for path in sorted((source / "leftImg8bit/train/aachen").iterdir()):
        key = path.name.removesuffix("_leftImg8bit.png")
        labels = source / "gtFine/train/aachen" / key
        files = {
            "image": path,
            "labels": f"{labels}_gtFine_labelIds.png",
            "instances": f"{labels}_gtFine_instanceIds.png",
        }
        entries.append((key, {kind: str(file) for kind, file in files.items()}))
    return entries


def features(name: str) -> Any:
    """The features of one data set; images are stored as the bytes of their files."""
    import tensorflow_datasets as tfds

    images = {
        "image": tfds.features.Image(shape=(None, None, 3)),
        "labels": tfds.features.Image(shape=(None, None, 1)),
        "instances": tfds.features.Image(shape=(None, None, 1), dtype=np.uint16),
    }
    kinds = ("image", "labels") if name == "pets" else ("image", "labels", "instances")
    return tfds.features.FeaturesDict({kind: images[kind] for kind in kinds})


def read(entry: Entry) -> tuple[str, dict[str, str]]:
    """One example: TensorFlow Datasets reads the files of the paths that it is given."""
    return entry
