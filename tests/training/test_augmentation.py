from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from datasets.errors import UsageError
from datasets.labels import IGNORE
from training.augmentation import augment, sample_seed
from training.augmentation_options import Augmentation

RNG = np.random.default_rng(11)
IMAGE = scipy.ndimage.gaussian_filter(RNG.normal(128, 300, (40, 56, 3)), (3, 3, 0)).clip(0, 255).astype(np.uint8)
LABELS = np.add.outer(np.arange(40) // 10, np.arange(56) // 14).astype(np.uint8)
EACH = {
    "flip": Augmentation(flip=True),
    "scale": Augmentation(scale=(0.5, 2.0)),
    "crop": Augmentation(crop=(0.4, 0.9)),
    "colour": Augmentation(colour=0.4),
    "blur": Augmentation(blur=2.0),
    "noise": Augmentation(noise=20.0),
    "cutout": Augmentation(cutout=0.5),
    "all": Augmentation(True, (0.5, 2.0), (0.5, 1.0), 0.4, 1.5, 12.0, 0.4),
}


def _changed(options: Augmentation, seed: int, image: np.ndarray = IMAGE) -> dict[str, Any]:
    example = {"key": b"a", "image": image, "semantic": LABELS, "label": 3}
    found = augment({name: tf.constant(value) for name, value in example.items()}, tf.constant([seed, 0]), options)
    return {name: value.numpy() for name, value in found.items()}


@pytest.mark.parametrize("name", EACH)
def test_the_same_example_and_seed_give_the_same_bits_eagerly_and_in_a_pipeline(name: str) -> None:
    options = EACH[name]
    examples = tf.data.Dataset.from_tensors({"image": IMAGE, "semantic": LABELS}).repeat(12).enumerate()
    piped = examples.map(
        lambda number, example: augment(example, tf.stack([number, 0]), options), num_parallel_calls=4
    ).as_numpy_iterator()
    for seed, found in enumerate(piped):
        wanted = _changed(options, seed)
        np.testing.assert_array_equal(found["image"], wanted["image"])
        np.testing.assert_array_equal(found["semantic"], wanted["semantic"])


@pytest.mark.parametrize("name", EACH)
def test_seeds_differ_and_types_stay(name: str) -> None:
    results = [_changed(EACH[name], seed) for seed in range(12)]
    assert len({found["image"].tobytes() for found in results}) >= (2 if name == "flip" else 11)
    for found in results:
        assert found["image"].dtype == found["semantic"].dtype == np.uint8
        assert found["image"].shape == IMAGE.shape
        assert (found["key"], found["label"]) == (b"a", 3)
        assert set(np.unique(found["semantic"])) <= {*np.unique(LABELS), IGNORE}


def test_nothing_asked_is_nothing_changed() -> None:
    found = _changed(Augmentation(), 0)
    np.testing.assert_array_equal(found["image"], IMAGE)
    np.testing.assert_array_equal(found["semantic"], LABELS)
    assert Augmentation().changes_nothing


def test_a_flip_mirrors_image_and_labels_together_half_of_the_time() -> None:
    mirrored = 0
    for seed in range(60):
        found = _changed(EACH["flip"], seed)
        step = -1 if np.array_equal(found["image"], IMAGE[:, ::-1]) else 1
        mirrored += step < 0
        np.testing.assert_array_equal(found["image"], IMAGE[:, ::step])
        np.testing.assert_array_equal(found["semantic"], LABELS[:, ::step])
    assert 18 <= mirrored <= 42


@pytest.mark.parametrize("name", ["scale", "crop", "all"])
def test_labels_go_where_the_image_goes(name: str) -> None:
    """An image whose colours say where each pixel was: the labels must be those of the places that it shows."""
    rows, columns = np.mgrid[0:40, 0:56]
    places = np.stack([rows * 4, columns * 4, np.zeros_like(rows)], axis=-1).astype(np.uint8)
    options = EACH[name]
    moves = Augmentation(options.flip, options.scale, options.crop)
    for seed in range(25):
        found = _changed(moves, seed, places)
        inside = found["semantic"] != IGNORE
        row, column = (found["image"][:, :, axis][inside] / 4 for axis in (0, 1))
        wanted = LABELS[np.round(row).astype(int), np.round(column).astype(int)]
        # Half a level of rounding is an eighth of a pixel: only places that near to a pixel's edge may differ.
        clear = (np.abs(row % 1 - 0.5) > 0.13) & (np.abs(column % 1 - 0.5) > 0.13)
        np.testing.assert_array_equal(found["semantic"][inside][clear], wanted[clear])
        outside = found["image"][~inside]
        assert (outside == 127).all()


def test_scaling_agrees_with_scipys_affine_transform() -> None:
    """The draws are read off a ramp; then an independent resampler must show the same picture."""
    ramp = np.stack(
        [
            np.broadcast_to(np.arange(40)[:, None] * 4, (40, 56)),
            np.broadcast_to(np.arange(56)[None] * 4, (40, 56)),
            np.zeros((40, 56)),
        ],
        -1,
    ).astype(np.uint8)
    for seed in range(10):
        found, shown = _changed(EACH["crop"], seed, ramp), _changed(EACH["crop"], seed)
        middle = [found["image"][20, :, 1].astype(float) / 4, found["image"][:, 28, 0].astype(float) / 4]
        (column_step, column), (row_step, row) = (np.polyfit(np.arange(len(line)), line, 1) for line in middle)
        assert row_step == pytest.approx(column_step, abs=0.02)
        wanted = [
            scipy.ndimage.affine_transform(
                IMAGE[:, :, channel].astype(float), [row_step, column_step], [row, column], order=1, mode="nearest"
            )
            for channel in range(3)
        ]
        assert np.abs(shown["image"] - np.stack(wanted, axis=-1)).mean() < 1.0


def test_a_blur_is_scipys_and_labels_stay() -> None:
    for seed in range(6):
        found = _changed(EACH["blur"], seed)
        errors = [
            np.abs(
                found["image"] - scipy.ndimage.gaussian_filter(IMAGE.astype(float), (s, s, 0), mode="nearest", radius=6)
            ).max()
            for s in np.arange(0.05, 2.01, 0.01)
        ]
        assert min(errors) < 1.5
        np.testing.assert_array_equal(found["semantic"], LABELS)


def test_colour_and_noise_stay_within_their_strength() -> None:
    grey = np.full((64, 64, 3), 100, np.uint8)
    levels = {int(_changed(EACH["colour"], seed, grey)["image"][0, 0, 0]) for seed in range(40)}
    assert min(levels) >= 60
    assert max(levels) <= 140
    assert len(levels) > 20
    spreads = [_changed(EACH["noise"], seed, grey)["image"].astype(float).std() for seed in range(40)]
    assert max(spreads) < 21
    assert np.ptp(spreads) > 10
    found = _changed(EACH["noise"], 1, grey)["image"].astype(float)
    assert abs(found.mean() - 100) < 1


def test_cutout_paints_one_rectangle_and_ignores_its_labels() -> None:
    for seed in range(20):
        found = _changed(EACH["cutout"], seed)
        hole = found["semantic"] == IGNORE
        rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
        assert hole.sum() == len(rows) * len(columns)
        assert len(rows) <= 20
        assert len(columns) <= 28
        assert (found["image"][hole] == 127).all()
        np.testing.assert_array_equal(found["image"][~hole], IMAGE[~hole])


def test_switching_one_change_on_leaves_the_draws_of_others() -> None:
    alone = _changed(Augmentation(scale=(0.5, 2.0)), 4)
    together = _changed(Augmentation(scale=(0.5, 2.0), noise=1e-6), 4)
    np.testing.assert_array_equal(alone["semantic"], together["semantic"])
    np.testing.assert_array_equal(alone["image"], together["image"])


def test_the_seed_of_an_example_differs_by_key_seed_and_epoch() -> None:
    seeds = {
        tuple(sample_seed(tf.constant(key), seed, epoch).numpy().tolist())
        for key in (b"a", b"b")
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len(seeds) == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": (2.0, 1.0)},
        {"scale": (0.0, 1.0)},
        {"crop": (0.5, 1.5)},
        {"colour": 1.5},
        {"cutout": -0.1},
        {"noise": 300.0},
    ],
)
def test_options_check_themselves(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"augmentation\.{next(iter(wrong))} must"):
        Augmentation(**wrong)
