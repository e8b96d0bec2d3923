"""Randomness as an argument: independent frames, factors that can be held, colours of known lightness."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import UsageError
from rendering.digits import DigitScenes
from rendering.randomisation import FACTORS, Dice, Randomisation, colour_of, frame_generator
from rendering.sensor import Sensor
from rendering.tabletop import TabletopScenes
from rendering.turntable import TurntableScenes


def test_a_frame_follows_from_seed_and_index_alone() -> None:
    draws = {
        (seed, index): frame_generator(seed, index).random(4).tobytes() for seed in range(5) for index in range(50)
    }
    assert len(set(draws.values())) == len(draws)
    assert frame_generator(3, 7).random(4).tobytes() == draws[3, 7]
    with pytest.raises(UsageError, match="got 0 and -1"):
        frame_generator(0, -1)


def test_every_option_belongs_to_one_factor_or_shapes_one_that_is_off() -> None:
    held = [name for values in FACTORS.values() for name in values]
    assert len(held) == len(set(held))
    assert {entry.name for entry in fields(Randomisation)} - set(held) == {"pattern_size", "pattern_softness"}


CHANGES = {  # which parts of a stored scene may differ once a factor is held
    "shape": {"objects"}, "pose": {"objects"}, "framing": {"objects"}, "camera": {"camera", "objects"},
    "light": {"sun", "ambient"}, "colour": {"objects", "background", "sun"}, "material": {"objects"},
    "background": {"background"}, "sensor": {"sensor"},
}  # fmt: skip


def test_every_factor_changes_digits_but_fog_which_they_have_none_of() -> None:
    assert set(FACTORS) == {*CHANGES, "fog"}


@pytest.mark.parametrize("factor", CHANGES)
def test_holding_one_factor_leaves_the_others_alone(factor: str) -> None:
    base, held = Randomisation(), Randomisation().without(factor)
    differ = set()
    for index in range(10):
        one, other = (
            json.loads(DigitScenes((32, 32), ranges).sample(frame_generator(0, index)).to_json())
            for ranges in (base, held)
        )
        differ |= {name for name in one if one[name] != other[name]}
    assert differ
    assert differ <= CHANGES[factor]


OFF = {"exposure_ev": (-1.0, 1.0), "white_balance": (-1.0, 1.0), "vignetting": (0.1, 0.6), "distortion_k1": (-0.1, 0.1),
       "distortion_k2": (-0.05, 0.05), "chromatic_aberration_px": (0.5, 2.0), "motion_px": (1.0, 4.0),
       "defocus_px": (0.5, 2.0), "shot_noise": (0.01, 0.05), "tone_curves": ("aces", "reinhard"), "bits": (5, 6),
       "jpeg_quality": (40, 70), "sensor_contrast": (0.5, 2.0), "sensor_saturation": (0.0, 0.9)}  # fmt: skip
"""Effects of the sensor that are off unless a range is given."""


@pytest.mark.parametrize("scenes", [DigitScenes, TurntableScenes, TabletopScenes])
def test_every_scene_draws_every_effect_of_the_sensor_from_its_range(scenes: Any) -> None:
    quiet = scenes((32, 32)).sample(frame_generator(0, 0)).sensor
    assert replace(quiet, blur_px=0, noise=0, seed=0, motion_deg=0) == Sensor()
    for name, bounds in OFF.items():
        ranges = Randomisation(**{name: bounds})
        drawn = [scenes((32, 32), randomisation=ranges).sample(frame_generator(0, index)).sensor for index in range(4)]
        field = {"tone_curves": "tone_curve"}.get(name, name.removeprefix("sensor_"))
        if name.startswith("distortion"):
            values = [sensor.distortion[int(name[-1]) - 1] for sensor in drawn]
        else:
            values = [getattr(sensor, field) for sensor in drawn]
        if isinstance(bounds[0], float):
            assert all(bounds[0] <= value <= bounds[1] for value in values)
            assert len(set(values)) == 4
        else:
            assert set(values) <= set(bounds)
        one = replace(
            drawn[0], **({"distortion": (0, 0)} if name.startswith("distortion") else {field: getattr(quiet, field)})
        )
        assert one == quiet  # and nothing else changes


def test_with_every_factor_held_frames_differ_by_class_and_polarity_only() -> None:
    scenes = DigitScenes((32, 32), Randomisation().without(*FACTORS))
    texts = set()
    for index in range(100):
        stored = json.loads(scenes.sample(frame_generator(0, index)).to_json())
        texts.add(json.dumps([stored["camera"], stored["sun"], stored["ambient"]]))
    assert len(texts) == 1


def test_unknown_factors_and_bad_ranges_are_refused() -> None:
    with pytest.raises(UsageError, match="no factor weather; there are shape, pose"):
        Randomisation().without("weather")
    with pytest.raises(UsageError, match=r"yaw_deg must be \(lowest, highest\) within -80.0 to 80.0, got \(5, -5\)"):
        Randomisation(yaw_deg=(5, -5))
    with pytest.raises(UsageError, match=r"fonts must be from .* got Papyrus"):
        Randomisation(fonts=("Papyrus",))
    with pytest.raises(UsageError, match="weight must list one value"):
        Randomisation(weight=())
    with pytest.raises(UsageError, match="noise"):
        Randomisation(noise=(0.0, 2.0))


def test_every_draw_takes_one_number() -> None:
    for draw in (
        lambda dice: dice.between((2.0, 2.0)),
        lambda dice: dice.one_of(range(10)),
        lambda dice: dice.one_of("a"),
        lambda dice: dice.seed(),
    ):
        used, wanted = np.random.default_rng(0), np.random.default_rng(0)
        draw(Dice(used))
        wanted.random()
        assert used.random() == wanted.random()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_colours_have_the_lightness_asked_for(lightness: float, hue: float, saturation: float) -> None:
    colour = colour_of(lightness, hue, saturation)
    assert np.dot(colour, (0.2126, 0.7152, 0.0722)) == pytest.approx(lightness**2.2, abs=1e-9)
    assert min(colour) >= 0
    assert max(colour) <= 1


def test_saturation_zero_is_grey_and_hue_zero_is_red() -> None:
    assert np.ptp(colour_of(0.5, 0.3, 0.0)) == pytest.approx(0)
    red, green, blue = colour_of(0.3, 0.0, 1.0)
    assert red > 0.2
    assert green == blue == 0
