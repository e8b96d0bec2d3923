"""MNIST: 70,000 handwritten digits, 28x28 grey (LeCun et al., 1998)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.errors import BadSample, UsageError
from datasets.idx import read_idx
from datasets.raster import Raster
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, read_each

SIDE = 28
"""Rows and columns of an image."""

FILE_NAMES = {"train": "train", "test": "t10k"}
"""What the set itself calls each split."""

_FOLDERS = ("", "mnist", "MNIST", "MNIST/raw", "raw")


@dataclass(frozen=True)
class Mnist:
    """The set as its four idx files, plain or gzipped.

    Attributes:
        root: the folder that holds them, or the one above.
        splits: which of `train` and `test` to give.
    """

    root: Path
    splits: tuple[str, ...] = ("train", "test")

    name = "mnist"
    version = "1.0.0"
    about = "MNIST: 60,000 and 10,000 handwritten digits, 28x28 grey, white on black."
    licence = "CC BY-SA 3.0 as usually cited."
    schema = Schema.of(Column("image", (SIDE, SIDE, 1)), Column("label", label_space="digits"))

    def __post_init__(self) -> None:
        check_splits("MNIST", self.splits)

    def plan(self) -> Plan:
        """Every digit of the splits."""
        digits = {split: read_digits(self.root, split) for split in self.splits}
        fingerprint = hashlib.sha256(b"".join(each.digest for each in digits.values())).hexdigest()
        return Plan(digit_items(self.name, digits, 300), FILE_NAMES, fingerprint, {}, {"splits": list(self.splits)})

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """Reading holds the arrays."""
        digits = {split: read_digits(self.root, split) for split in self.splits}
        yield read_each(lambda item: _read(digits[item.split], item))


@dataclass(frozen=True, eq=False)
class DigitImages:
    """The digits of one split.

    Attributes:
        images: `(n, 28, 28)` uint8, white on black.
        labels: `(n,)` uint8, the digit.
    """

    images: np.ndarray
    labels: np.ndarray

    @property
    def digest(self) -> bytes:
        """SHA-256 over images and labels."""
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).digest()

    def label(self, index: int) -> int:
        """The digit of one image.

        Raises:
            BadSample: it is none.
        """
        label = int(self.labels[index])
        if label > 9:
            raise BadSample(f"the label must be a digit, got {label}")
        return label


def check_splits(title: str, splits: tuple[str, ...]) -> None:
    """Refuse splits that MNIST does not have."""
    unknown = set(splits) - set(FILE_NAMES)
    if unknown:
        raise UsageError(f"{title} has no split {sorted(unknown)}; there are {', '.join(FILE_NAMES)}")


def read_digits(root: Path, split: str) -> DigitImages:
    """The digits of one split.

    Raises:
        UsageError: a file is missing or is not what it should be.
    """
    stem = FILE_NAMES[split]
    images_path, labels_path = _find(root, f"{stem}-images", "idx3"), _find(root, f"{stem}-labels", "idx1")
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if images.shape[1:] != (SIDE, SIDE):
        raise UsageError(f"{images_path} must hold {SIDE}x{SIDE} images, got {images.shape[1]}x{images.shape[2]}")
    if len(images) != len(labels):
        raise UsageError(f"{images_path} holds {len(images):,} images but {labels_path} {len(labels):,} labels")
    return DigitImages(images, labels)


def digit_items(name: str, digits: dict[str, DigitImages], size_bytes: int) -> tuple[Item, ...]:
    """One item a digit."""
    return tuple(
        Item(f"{name}_{split}_{index:05}", split, f"{FILE_NAMES[split]} {index}", size_bytes, {"index": index})
        for split, each in digits.items()
        for index in range(len(each.labels))
    )


def _find(root: Path, stem: str, kind: str) -> Path:
    names = [f"{stem}{joint}{kind}-ubyte{ending}" for joint in "-." for ending in ("", ".gz")]
    for path in (root / folder / name for folder in _FOLDERS for name in names):
        if path.is_file():
            return path
    raise UsageError(f"{root} is not MNIST: {names[0]} is missing, plain or as .gz. Put the four idx files there")


def _read(digits: DigitImages, item: Item) -> Sample:
    index = item.facts["index"]
    image = Raster.from_array(digits.images[index][:, :, np.newaxis])
    return Sample(key=item.key, file_name=item.file, image=image, label=digits.label(index))
