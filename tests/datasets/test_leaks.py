from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from datasets.leaks import MOST_BITS_APART, Trace, difference_hash, find_copies, find_near_copies
from datasets.raster import Raster

SIZE = (300, 400)


def _scene(seed: int) -> np.ndarray:
    """A picture with structure of its own at every scale."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8)).resize(SIZE[::-1], 3), np.float64)
        for cells in (4, 9, 20, 50)
    ]
    return np.mean(layers, axis=0).astype(np.uint8)


def _jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def _apart(one: np.ndarray, other: np.ndarray) -> int:
    return (int(difference_hash(one), 16) ^ int(difference_hash(other), 16)).bit_count()


COPIES = {
    "JPEG of quality 50": lambda pixels: _jpeg(pixels, 50),
    "half the size": lambda pixels: np.asarray(Image.fromarray(pixels).reduce(2)),
    "brighter": lambda pixels: np.clip(pixels * 1.1 + 3, 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize("change", COPIES)
def test_copies_are_near_and_others_far(change: str) -> None:
    scenes = [_scene(seed) for seed in range(12)]
    assert max(_apart(scene, COPIES[change](scene)) for scene in scenes) <= MOST_BITS_APART
    assert min(_apart(scenes[i], scenes[j]) for i in range(12) for j in range(i)) > 3 * MOST_BITS_APART


def test_the_bits_are_those_of_a_plain_loop() -> None:
    pixels = _scene(1)[:256, :340]  # cells of 16 x 20 pixels
    means = pixels[:, :, 1].reshape(16, 16, 17, 20).astype(np.float64).sum(axis=(1, 3))
    bits = "".join(str(int(means[row, cell + 1] > means[row, cell])) for row in range(16) for cell in range(16))
    assert abs(int(difference_hash(pixels), 16) ^ int(bits, 2)).bit_count() <= 2  # sixteenths of a level are ties


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((100, 100, 3), np.uint8),
        np.full((100, 100, 1), 9, np.uint8),
        _scene(0)[:63, :100],
        _scene(0)[:100, :63],
    ],
)
def test_small_and_flat_images_are_left_out(pixels: np.ndarray) -> None:
    assert difference_hash(pixels) == ""


def _trace(split: str, key: str, pixels: np.ndarray) -> Trace:
    return Trace.of(split, key, Raster.from_array(pixels))


def test_copies_are_named_across_splits_only() -> None:
    scenes = {number: _scene(number) for number in range(40)}
    traces = [_trace("train" if number % 2 else "test", f"own{number}", scene) for number, scene in scenes.items()]
    assert find_copies(traces) == find_near_copies(traces) == ()
    traces += [_trace("train", "same", scenes[4]), _trace("train", "within", scenes[5])]
    traces += [_trace("test", "worse", _jpeg(scenes[7], 60)), _trace("train", "worse", _jpeg(scenes[9], 60))]
    assert find_copies(traces) == ("test/own4 = train/same",)
    assert find_near_copies(traces) == ("test/worse ~ train/own7",)


def test_an_image_whose_pixels_nobody_looked_at_has_no_looks() -> None:
    data = Raster.from_array(_scene(3)).data
    assert Trace.of("train", "a", Raster.from_bytes(data)).looks == ""
    decoded = Raster.from_bytes(data)
    _ = decoded.array
    assert Trace.of("train", "a", decoded).looks == difference_hash(_scene(3))
