"""The sensor against the standard's own formula and plain statistics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from datasets.errors import UsageError
from rendering.sensor import Sensor, disc_kernel, encode_srgb, line_kernel


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


def light_of(colours: np.ndarray) -> np.ndarray:
    share = colours / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def test_exposure_and_white_balance_count_in_stops() -> None:
    grey = np.full((2, 2, 3), 0.2, np.float32)
    np.testing.assert_allclose(light_of(Sensor(exposure_ev=1.0).expose(grey)), 0.4, atol=0.004)
    red, green, blue = light_of(Sensor(white_balance=1.0).expose(grey))[0, 0]
    assert red / blue == pytest.approx(2, rel=0.02)
    assert green == pytest.approx(0.2, abs=0.002)


def test_contrast_turns_about_mid_grey_and_saturation_about_the_luminance() -> None:
    light = np.array([[[0.18, 0.18, 0.18], [0.09, 0.09, 0.09], [0.3, 0.3, 0.3], [0.4, 0.1, 0.05]]], np.float32)
    shown = Sensor(contrast=1.5).expose(light)
    np.testing.assert_array_equal(shown, encode_srgb(0.18 * (light / 0.18) ** 1.5))
    assert abs(int(shown[0, 0, 0]) - 118) <= 1  # 18 % grey
    luminance = light @ np.array([0.2126, 0.7152, 0.0722])
    faded = light_of(Sensor(saturation=0.25).expose(light))
    np.testing.assert_allclose(faded, 0.75 * luminance[..., None] + 0.25 * light, atol=0.004)
    assert np.ptp(Sensor(saturation=0).expose(light).astype(int), axis=2).max() == 0
    doubled = Sensor(saturation=3.0).expose(light)[0, 3]
    np.testing.assert_array_equal(doubled, encode_srgb(np.maximum(3 * light[0, 3] - 2 * luminance[0, 3], 0)))
    for name in ("contrast", "saturation"):
        with pytest.raises(UsageError, match=f"{name} must be"):
            Sensor(**{name: -1.0})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "curve, formula",
    [("reinhard", lambda x: x / (1 + x)), ("aces", lambda x: x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14))],
)
def test_tone_curves_keep_bright_light_apart(curve: str, formula: Callable[[float], float]) -> None:
    light = np.array([0.0, 0.1, 0.5, 1.0, 2.0, 4.0], np.float32)
    shown = Sensor(tone_curve=curve).expose(np.repeat(light, 3).reshape(1, 6, 3))[0, :, 0]
    np.testing.assert_array_equal(shown, encode_srgb(np.array([formula(float(x)) for x in light])))
    assert len(set(shown[3:])) == 3


def test_vignetting_takes_its_share_in_the_corners_only() -> None:
    shown = light_of(Sensor(vignetting=0.6).expose(np.full((101, 201, 3), 0.5, np.float32)))[:, :, 1]
    assert shown[50, 100] == pytest.approx(0.5, abs=0.004)
    assert shown[0, 0] == pytest.approx(0.2, abs=0.01)
    assert shown[50, 0] == pytest.approx(0.5 * (1 - 0.6 * 200**2 / (200**2 + 100**2)), abs=0.01)


def test_motion_and_defocus_spread_a_point_over_line_and_disc() -> None:
    rows = np.arange(41) - 20
    light = np.zeros((41, 41, 3), np.float32)
    light[20, 20] = 8
    moved = light_of(Sensor(motion_px=12, motion_deg=30).expose(light))[:, :, 0]
    y, x = np.average(rows, weights=moved.sum(axis=1)), np.average(rows, weights=moved.sum(axis=0))
    assert abs(y) + abs(x) < 0.05
    covariance = (moved * rows[:, None] * rows).sum() / moved.sum()
    assert covariance == pytest.approx(-(12**2) / 12 * np.sin(np.radians(30)) * np.cos(np.radians(30)), rel=0.05)
    disc = light_of(Sensor(defocus_px=5).expose(light))[:, :, 0]
    assert (disc * rows**2).sum() / disc.sum() == pytest.approx(5**2 / 4, rel=0.05)
    for kernel in (line_kernel(12, 30), line_kernel(0.3, 0), disc_kernel(5), disc_kernel(0.2)):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)


def test_red_fringes_point_outwards_and_blue_ones_inwards() -> None:
    light = np.zeros((81, 81, 3), np.float32)
    light[5:9, 5:9] = 1  # near the top left corner
    shown = light_of(Sensor(chromatic_aberration_px=4).expose(light))
    centres = [np.average(np.arange(81), weights=shown[:, :, channel].sum(axis=1)) for channel in range(3)]
    assert centres[0] < centres[1] - 1.5
    assert centres[2] > centres[1] + 1.5


def test_shot_noise_grows_with_the_root_of_light() -> None:
    spread = [
        light_of(Sensor(shot_noise=0.05, seed=3).expose(np.full((200, 200, 3), level, np.float32))).std()
        for level in (0.16, 0.64)
    ]
    assert spread[1] / spread[0] == pytest.approx(2, rel=0.05)
    assert spread[1] == pytest.approx(0.04, rel=0.05)


def test_quantisation_and_compression_are_as_coarse_as_asked() -> None:
    light = np.linspace(0, 1, 64 * 64 * 3).reshape(64, 64, 3).astype(np.float32)
    np.testing.assert_array_equal(np.unique(Sensor(bits=2).expose(light)), [0, 85, 170, 255])
    plain = Sensor().expose(light).astype(int)
    worse, better = (np.abs(Sensor(jpeg_quality=q).expose(light) - plain).mean() for q in (5, 95))
    assert better < 2 < worse


@pytest.mark.parametrize(
    "values",
    [{"blur_px": -1.0}, {"noise": -0.1}, {"seed": 2**32}, {"seed": -1}, {"bits": 9}, {"jpeg_quality": 0},
     {"tone_curve": "film"}, {"vignetting": 2}, {"distortion": (0.1,)}, {"exposure_ev": float("nan")}],
)  # fmt: skip
def test_impossible_values_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="sensor:"):
        Sensor(**values)  # type: ignore[arg-type]
