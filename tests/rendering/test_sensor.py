"""The sensor against the standard's own formula and plain statistics."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.errors import UsageError
from rendering.sensor import Sensor, encode_srgb


def test_every_level_of_srgb_comes_back() -> None:
    levels = np.arange(256)
    share = levels / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1, decoding
    np.testing.assert_array_equal(encode_srgb(light), levels)
    np.testing.assert_array_equal(encode_srgb(np.array([-1.0, 0.0, 1.0, 7.0])), [0, 0, 255, 255])


def test_noise_has_the_stated_strength_and_follows_the_seed() -> None:
    grey = np.full((200, 200, 3), 0.5, np.float32)
    first, again, other = (Sensor(noise=0.05, seed=seed).expose(grey) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes() != other.tobytes()
    share = first / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    assert light.std() == pytest.approx(0.05, rel=0.02)
    assert light.mean() == pytest.approx(0.5, abs=0.002)


def test_blur_spreads_a_point_by_its_standard_deviation_and_keeps_the_light() -> None:
    light = np.zeros((41, 41, 3), np.float32)
    light[20, 20] = 1
    share = Sensor(blur_px=1.5).expose(light * 4)[:, :, 0] / 255
    spread = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) / 4
    rows = np.arange(41) - 20
    assert spread.sum() == pytest.approx(1, abs=0.02)
    assert (spread.sum(axis=1) * rows**2).sum() == pytest.approx(1.5**2, rel=0.05)


def test_without_effects_colours_pass_untouched() -> None:
    light = np.random.default_rng(0).random((5, 7, 3), np.float32)
    np.testing.assert_array_equal(Sensor().expose(light), encode_srgb(light))


@pytest.mark.parametrize("values", [{"blur_px": -1.0}, {"noise": -0.1}, {"seed": 2**32}, {"seed": -1}])
def test_impossible_values_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="sensor:"):
        Sensor(**values)  # type: ignore[arg-type]
