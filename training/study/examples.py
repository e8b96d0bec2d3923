"""Pictures for the report: a few examples of each domain with what can be shown of them, and the test images."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datasets.dataset import Dataset
from datasets.png import encode_png
from datasets.sample import Sample
from training.files import write_bytes

_EXAMPLES = 6
_MOST_TEST_IMAGES = 200
_WIDEST = 320  # pixels; a report is one file

Colours = Callable[[np.ndarray], np.ndarray]
"""Stored ids `(height, width)` -> colours `(height, width, 3)` uint8."""


def write_examples(folder: Path, domain: str, dataset: Dataset, split: str, colours: Colours) -> list[dict[str, Any]]:
    """Write the first examples of a split with every annotation that can be shown, and list them.

    Args:
        folder: where the pictures go.
        domain: `source` or `target`.
        dataset: what is shown.
        split: of it.
        colours: of the ids of label maps.
    """
    listed = []
    for index, sample in enumerate(itertools.islice(dataset.samples(split), _EXAMPLES)):
        for kind, pixels in _pictures(sample, colours).items():
            name = f"{domain}-{index}-{kind}.png"
            _write_png(folder / name, _shrunk(pixels, exact=kind == "semantic"))
            listed.append({"file": name, "domain": domain, "index": index, "kind": kind, "key": sample.key})
    return listed


def write_test_images(folder: Path, pixels: np.ndarray) -> None:
    """Write up to 200 test images as `test-INDEX.png`; points are no images, of them nothing is written."""
    if pixels.ndim == 4:
        for index, image in enumerate(pixels[:_MOST_TEST_IMAGES]):
            _write_png(folder / f"test-{index}.png", image)


def stored_colours(dataset: Dataset) -> Colours:
    """The colours of the data set's own label space; of a set without label maps nothing is asked."""
    space = dataset.schema["semantic"].space if "semantic" in dataset.schema else None
    return lambda ids: space.colour_table[ids]  # type: ignore[union-attr]


def _write_png(path: Path, pixels: np.ndarray) -> None:
    write_bytes(path, encode_png(np.ascontiguousarray(pixels)))


def _shrunk(pixels: np.ndarray, exact: bool) -> np.ndarray:
    height, width = pixels.shape[:2]
    if width <= _WIDEST:
        return pixels
    size = (_WIDEST, max(1, round(height * _WIDEST / width)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST if exact else Image.Resampling.BOX))


def _pictures(sample: Sample, colours: Colours) -> dict[str, np.ndarray]:
    """`(height, width, 3)` uint8 pictures of what the sample holds, by kind."""
    makers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "image": lambda pixels: np.broadcast_to(pixels, (*pixels.shape[:2], 3)).astype(np.uint8),
        "semantic": lambda pixels: colours(pixels[:, :, 0]),
        "normal": _normal_picture,
        "depth": lambda pixels: _depth_picture(pixels[:, :, 0]),
    }
    present = {kind: sample.value(kind) for kind in makers}
    return {kind: makers[kind](raster.array) for kind, raster in present.items() if raster is not None}


def _normal_picture(normal: np.ndarray) -> np.ndarray:
    """Colours as normal maps are usually shown: blue faces the camera, green points up; no surface is black."""
    picture = (normal >> 8).astype(np.uint8)
    seen = normal.any(axis=2)
    picture[seen, 1:] = 255 - picture[seen, 1:]
    return picture


def _depth_picture(depth: np.ndarray) -> np.ndarray:
    """Near is light, far is dark, no surface is black."""
    seen = np.isfinite(depth)
    picture = np.zeros((*depth.shape, 3), np.uint8)
    if seen.any():
        near, far = depth[seen].min(), depth[seen].max()
        level = 235 - 175 * (depth[seen] - near) / max(far - near, 1e-6)
        picture[seen] = np.round(level)[:, None].astype(np.uint8)
    return picture
