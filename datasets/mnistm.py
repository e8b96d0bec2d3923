"""MNIST-M: the digits of MNIST blended over patches of photographs (Ganin et al., JMLR 2016).

Every channel is |patch - digit|. The patches come from BSDS500 (Arbelaez et al., PAMI 2011), those of the training
digits from its training images and those of the test digits from its other images, so that the splits share no
background. Image and place of each patch depend on (seed, split, index) alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from datasets.errors import UsageError
from datasets.mnist import FILE_NAMES, SIDE, check_splits, digit_items, read_digits
from datasets.raster import Raster
from datasets.reading import read_bytes, read_photograph
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, read_each

DigitInk = Literal["binary", "grey"]

_BACKGROUND_FOLDERS = {"train": ("train",), "test": ("val", "test")}
_IMAGE_FOLDERS = ("", "images", "data/images", "BSDS500/data/images")
_BESIDE_MNIST = ("bsds500", "BSDS500", "BSR")


@dataclass(frozen=True)
class MnistM:
    """The set, made from MNIST and BSDS500.

    Attributes:
        root: the folder that holds the idx files of MNIST, or the one above.
        splits: which of `train` and `test` to give.
        backgrounds: the folder of BSDS500; by default `bsds500`, `BSDS500` or `BSR` in the root.
        seed: of every patch.
        digits: `binary` makes every inked pixel white first, as the published set does; `grey` keeps the ink.
    """

    root: Path
    splits: tuple[str, ...] = ("train", "test")
    backgrounds: Path | None = None
    seed: int = 0
    digits: DigitInk = "binary"

    version = "1.0.0"
    licence = "MNIST: CC BY-SA 3.0 as usually cited; BSDS500: non-commercial research."
    schema = Schema.of(Column("image", (SIDE, SIDE, 3)), Column("label", label_space="digits"))

    def __post_init__(self) -> None:
        check_splits("MNIST-M", self.splits)
        if self.digits not in get_args(DigitInk):
            raise UsageError(f"digits must be {' or '.join(get_args(DigitInk))}, got {self.digits!r}")
        if self.seed < 0:
            raise UsageError(f"the seed must be 0 or more, got {self.seed}")

    @property
    def name(self) -> str:
        """Of the data set; grey digits make another set."""
        return "mnistm" if self.digits == "binary" else "mnistm_grey"

    @property
    def about(self) -> str:
        """One paragraph for the data set's description."""
        return f"MNIST-M: MNIST digits ({self.digits}) blended over patches of BSDS500 photographs, seed {self.seed}."

    def plan(self) -> Plan:
        """Every digit of the splits."""
        digits = {split: read_digits(self.root, split) for split in self.splits}
        digest = hashlib.sha256(repr((self.digits, self.seed)).encode())
        for split, each in digits.items():
            digest.update(each.digest)
            for path in self._photographs(split):
                digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
        configuration = {"splits": list(self.splits), "background_seed": self.seed, "digits": self.digits}
        return Plan(digit_items("mnistm", digits, 2000), FILE_NAMES, digest.hexdigest(), {}, configuration)

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """Reading holds the digits, and each photograph once it was needed."""
        digits = {split: read_digits(self.root, split) for split in self.splits}
        photographs = {split: self._photographs(split) for split in self.splits}

        @cache
        def pixels(path: Path) -> np.ndarray:
            return read_photograph(read_bytes(path, path.name), path.name)[0].array

        def read(item: Item) -> Sample:
            index = item.facts["index"]
            generator = patch_generator(self.seed, item.split, index)
            paths = photographs[item.split]
            patch = random_patch(generator, pixels(paths[generator.integers(len(paths))]))
            image = blend(patch, digits[item.split].images[index], self.digits)
            label = digits[item.split].label(index)
            return Sample(key=item.key, file_name=item.file, image=Raster.from_array(image), label=label)

        yield read_each(read)

    def _photographs(self, split: str) -> tuple[Path, ...]:
        """The photographs of one split, by name.

        Raises:
            UsageError: there are none.
        """
        roots = [self.backgrounds] if self.backgrounds else [self.root / name for name in _BESIDE_MNIST]
        folders = _BACKGROUND_FOLDERS[split]
        for base in (root / folder for root in roots for folder in _IMAGE_FOLDERS):
            found = [path for name in folders for path in (base / name).glob("*.jpg") if path.is_file()]
            if found:
                return tuple(sorted(found, key=lambda path: path.name))
        wanted = " or ".join(f"images/{name}/*.jpg" for name in folders)
        raise UsageError(
            f"no photographs of BSDS500 in {' or '.join(map(str, roots))}: wanted {wanted}. "
            f"Unpack BSDS500 there, or name its folder as backgrounds"
        )


def patch_generator(seed: int, split: str, index: int) -> np.random.Generator:
    """The generator of one digit's background; a digit's neighbours and the shards do not matter to it."""
    return np.random.default_rng([seed, list(FILE_NAMES).index(split), index])


def random_patch(generator: np.random.Generator, photograph: np.ndarray) -> np.ndarray:
    """`(28, 28, 3)` uint8 of a photograph; every place is as likely as any other."""
    height, width = photograph.shape[:2]
    top = generator.integers(height - SIDE + 1)
    left = generator.integers(width - SIDE + 1)
    return photograph[top : top + SIDE, left : left + SIDE]


def blend(patch: np.ndarray, digit: np.ndarray, ink: DigitInk) -> np.ndarray:
    """`(28, 28, 3)` uint8: |patch - digit| in every channel; `digit` is `(28, 28)` uint8, white on black."""
    white = np.where(digit > 0, 255, 0) if ink == "binary" else digit
    return np.abs(patch.astype(np.int16) - white[:, :, np.newaxis].astype(np.int16)).astype(np.uint8)
