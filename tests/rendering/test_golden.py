"""Frames as they were when somebody last looked at them."""

from __future__ import annotations

import numpy as np
import pytest

from rendering.scene import Scene
from tests.rendering.golden import CODES, FOLDER, LABELS, SCENES, draw


@pytest.mark.parametrize("name", SCENES)
def test_the_generator_draws_the_same_scene(name: str) -> None:
    from rendering.randomisation import frame_generator

    with np.load(FOLDER / f"{name}.npz") as golden:
        stored = Scene.from_json(str(golden["scene"]))  # read, so that a field that came since has its default
        assert SCENES[name]().sample(frame_generator(7, 0)).to_json() == stored.to_json()


@pytest.mark.parametrize("name", SCENES)
def test_labels_are_the_same_and_colours_within_two_levels(gl: None, name: str) -> None:
    with np.load(FOLDER / f"{name}.npz") as stored:
        golden = dict(stored)
    _, frame = draw(name, Scene.from_json(str(golden["scene"])))
    for label in LABELS:
        np.testing.assert_array_equal(getattr(frame, label), golden[label], err_msg=label)
    np.testing.assert_allclose(frame.depth, golden["depth"], rtol=2e-6)
    for code in CODES:
        np.testing.assert_allclose(getattr(frame, code).astype(int), golden[code].astype(int), atol=8, err_msg=code)
    off = np.abs(frame.colour.astype(int) - golden["colour"].astype(int))
    assert off.max() <= 2, f"{np.count_nonzero(off.max(axis=2) > 2)} pixels are off by up to {off.max()} levels"


def test_golden_files_are_small_and_show_something() -> None:
    for name in SCENES:
        assert (FOLDER / f"{name}.npz").stat().st_size < 40_000
        with np.load(FOLDER / f"{name}.npz") as golden:
            assert golden["colour"].std() > 10
            assert 0.02 < (golden["instance"] > 0).mean() < 0.98
