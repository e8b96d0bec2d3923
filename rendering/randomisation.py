"""Domain randomisation: the ranges that every frame's scene is drawn from, and how it is drawn.

Tobin et al., "Domain randomization for transferring deep neural networks from simulation to the real world", IROS 2017.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from datasets.errors import UsageError
from rendering.backgrounds import PATTERNS, Colour
from rendering.glyphs import FONTS
from rendering.sensor import TONE_CURVES, Sensor

Range = tuple[float, float]
"""Lowest and highest value, drawn from evenly; two equal values fix it."""

T = TypeVar("T")

_CLEAR_FONTS = tuple(font for font in FONTS if "Mono" not in font)  # a dotted 0 in bold looks like an 8


@dataclass(frozen=True)
class Randomisation:
    """Ranges of everything that varies from frame to frame. A range is `(lowest, highest)`, a choice lists its values.

    Attributes:
        fonts: names from `rendering.glyphs.FONTS`.
        weight: choices of how far strokes are thickened on each side, as a share of the glyph's height.
        bevel: choices of how far edges are cut off, as a share of the height.
        thickness: extent front to back, as a share of the height.
        yaw_deg: turn to the side.
        pitch_deg: tip forward or back.
        roll_deg: turn in the image plane, positive anticlockwise.
        shear: slant of upright strokes, as sideways shift over height; positive leans right.
        stretch: width over the font's own width at the same height.
        fill: height of the digit in the frame, as a share of the frame's height; less where it would be too wide.
        off_centre: place within the room that is left over, -1 to 1 from edge to edge, on each axis.
        field_of_view_deg: of the camera, from the frame's top to its bottom.
        distance_m: of the camera from the digit's centre.
        sun_azimuth_deg: direction of the sun, 0 behind the camera, positive to the right.
        sun_elevation_deg: its height above the horizon.
        sun_intensity: brightness of a white matt surface that faces the sun, 1 is full scale.
        ambient_intensity: the same for light from all sides.
        light_tint: how far the light's colour may be from white, 0 to 1.
        contrast: least difference in lightness (0 to 1) between digit and background.
        saturation: of all colours, 0 to 1.
        roughness: of the digit's surface, 0 to 1.
        metallic: of the digit's surface, 0 to 1.
        patterns: kinds of background, from `rendering.backgrounds.PATTERNS`.
        pattern_size: of one feature, as a share of the frame's height.
        pattern_contrast: spread of lightness (0 to 1) within the background.
        pattern_softness: of its edges, 0 to 1.
        blur_px: standard deviation of the camera's blur.
        noise: standard deviation of the camera's read noise in linear light, as a share of full scale.
        exposure_ev: stops of brightening.
        white_balance: stops of red over blue.
        tone_curves: choices from `rendering.sensor.TONE_CURVES`.
        vignetting: share of light lost in the corners.
        distortion_k1: first factor of the lens's radial distortion.
        distortion_k2: second factor of it.
        chromatic_aberration_px: red fringes in the corners.
        motion_px: length of a motion blur.
        motion_deg: its direction, anticlockwise from the right.
        defocus_px: radius of a defocus blur.
        shot_noise: standard deviation of full light's noise.
        bits: choices of bits a channel.
        jpeg_quality: choices of quality; 0 for no compression.
        sensor_contrast: exponent of light around mid-grey.
        sensor_saturation: factor of the distance from grey.
        fog_per_m: extinction of light in a metre of fog, in scenes that have any (streets in haze).

    Raises:
        UsageError: a range is upside down or leaves its limits, or a choice is empty or unknown.
    """

    fonts: tuple[str, ...] = _CLEAR_FONTS
    weight: tuple[float, ...] = (-0.01, 0.0, 0.02, 0.04)
    bevel: tuple[float, ...] = (0.0, 0.02)
    thickness: Range = (0.08, 0.3)
    yaw_deg: Range = (-25.0, 25.0)
    pitch_deg: Range = (-20.0, 20.0)
    roll_deg: Range = (-15.0, 15.0)
    shear: Range = (-0.2, 0.3)
    stretch: Range = (0.8, 1.35)
    fill: Range = (0.55, 0.95)
    off_centre: Range = (-1.0, 1.0)
    field_of_view_deg: Range = (15.0, 50.0)
    distance_m: Range = (1.5, 4.0)
    sun_azimuth_deg: Range = (-70.0, 70.0)
    sun_elevation_deg: Range = (-10.0, 70.0)
    sun_intensity: Range = (0.5, 1.0)
    ambient_intensity: Range = (0.35, 0.65)
    light_tint: Range = (0.0, 0.3)
    contrast: Range = (0.35, 0.9)
    saturation: Range = (0.0, 1.0)
    roughness: Range = (0.2, 1.0)
    metallic: Range = (0.0, 0.5)
    patterns: tuple[str, ...] = PATTERNS
    pattern_size: Range = (0.08, 0.5)
    pattern_contrast: Range = (0.0, 0.25)
    pattern_softness: Range = (0.0, 0.8)
    blur_px: Range = (0.0, 0.7)
    noise: Range = (0.0, 0.015)
    exposure_ev: Range = (0.0, 0.0)
    white_balance: Range = (0.0, 0.0)
    tone_curves: tuple[str, ...] = ("clip",)
    vignetting: Range = (0.0, 0.0)
    distortion_k1: Range = (0.0, 0.0)
    distortion_k2: Range = (0.0, 0.0)
    chromatic_aberration_px: Range = (0.0, 0.0)
    motion_px: Range = (0.0, 0.0)
    motion_deg: Range = (0.0, 180.0)
    defocus_px: Range = (0.0, 0.0)
    shot_noise: Range = (0.0, 0.0)
    bits: tuple[int, ...] = (8,)
    jpeg_quality: tuple[int, ...] = (0,)
    sensor_contrast: Range = (1.0, 1.0)
    sensor_saturation: Range = (1.0, 1.0)
    fog_per_m: Range = (0.001, 0.015)

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = tuple(getattr(self, entry.name))
            object.__setattr__(self, entry.name, value)
            if entry.name in _KNOWN:
                _check_choice(entry.name, value, _KNOWN[entry.name])
            elif entry.name in _LIMITS:
                _check_range(entry.name, value, _LIMITS[entry.name])
            elif not value:
                raise UsageError(f"randomisation: {entry.name} must list one value or more, got none")

    def without(self, *factors: str) -> Randomisation:
        """The same ranges with whole factors held fixed; what the others draw stays the same for the same frame.

        Raises:
            UsageError: no such factor; there are those of `FACTORS`.
        """
        unknown = [factor for factor in factors if factor not in FACTORS]
        if unknown:
            raise UsageError(f"randomisation: no factor {', '.join(unknown)}; there are {', '.join(FACTORS)}")
        return replace(self, **{name: value for factor in factors for name, value in FACTORS[factor].items()})


FACTORS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "shape": {"fonts": ("DejaVuSans",), "weight": (0.0,), "bevel": (0.0,), "thickness": (0.15, 0.15)},
        "pose": {"yaw_deg": (0.0, 0.0), "pitch_deg": (0.0, 0.0), "roll_deg": (0.0, 0.0), "shear": (0.0, 0.0),
                 "stretch": (1.0, 1.0)},
        "framing": {"fill": (0.8, 0.8), "off_centre": (0.0, 0.0)},
        "camera": {"field_of_view_deg": (30.0, 30.0), "distance_m": (2.5, 2.5)},
        "light": {"sun_azimuth_deg": (20.0, 20.0), "sun_elevation_deg": (30.0, 30.0), "sun_intensity": (0.6, 0.6),
                  "ambient_intensity": (0.4, 0.4), "light_tint": (0.0, 0.0)},
        "colour": {"contrast": (0.7, 0.7), "saturation": (0.0, 0.0)},
        "material": {"roughness": (0.8, 0.8), "metallic": (0.0, 0.0)},
        "background": {"patterns": ("plain",), "pattern_contrast": (0.0, 0.0)},
        "sensor": {"blur_px": (0.0, 0.0), "noise": (0.0, 0.0), "exposure_ev": (0.0, 0.0), "white_balance": (0.0, 0.0),
                   "tone_curves": ("clip",), "vignetting": (0.0, 0.0), "distortion_k1": (0.0, 0.0),
                   "distortion_k2": (0.0, 0.0), "motion_deg": (0.0, 0.0),
                   "chromatic_aberration_px": (0.0, 0.0), "motion_px": (0.0, 0.0), "defocus_px": (0.0, 0.0),
                   "shot_noise": (0.0, 0.0), "bits": (8,), "jpeg_quality": (0,), "sensor_contrast": (1.0, 1.0),
                   "sensor_saturation": (1.0, 1.0)},
        "fog": {"fog_per_m": (0.0, 0.0)},
    }
)  # fmt: skip
"""What varies together, and the values at which `Randomisation.without` holds it."""

_KNOWN: dict[str, tuple[str, ...]] = {"fonts": FONTS, "patterns": PATTERNS, "tone_curves": TONE_CURVES}

_LIMITS: dict[str, Range] = {
    "thickness": (0.01, 2.0), "yaw_deg": (-80.0, 80.0), "pitch_deg": (-80.0, 80.0), "roll_deg": (-180.0, 180.0),
    "shear": (-1.0, 1.0), "stretch": (0.2, 5.0), "fill": (0.05, 1.0), "off_centre": (-1.0, 1.0),
    "field_of_view_deg": (1.0, 120.0), "distance_m": (0.1, 50.0), "sun_azimuth_deg": (-180.0, 180.0),
    "sun_elevation_deg": (-90.0, 90.0), "sun_intensity": (0.0, 10.0), "ambient_intensity": (0.0, 10.0),
    "light_tint": (0.0, 1.0), "contrast": (0.0, 0.95), "saturation": (0.0, 1.0), "roughness": (0.0, 1.0),
    "metallic": (0.0, 1.0), "pattern_size": (0.01, 10.0), "pattern_contrast": (0.0, 1.0),
    "pattern_softness": (0.0, 1.0), "blur_px": (0.0, 20.0), "noise": (0.0, 1.0),
    "exposure_ev": (-8.0, 8.0), "white_balance": (-4.0, 4.0), "vignetting": (0.0, 1.0), "distortion_k1": (-1.0, 1.0),
    "distortion_k2": (-1.0, 1.0), "motion_deg": (-360.0, 360.0),
    "chromatic_aberration_px": (-10.0, 10.0), "motion_px": (0.0, 50.0), "defocus_px": (0.0, 20.0),
    "shot_noise": (0.0, 1.0), "sensor_contrast": (0.1, 10.0), "sensor_saturation": (0.0, 10.0),
    "fog_per_m": (0.0, 1.0),
}  # fmt: skip


def frame_generator(seed: int, index: int) -> np.random.Generator:
    """The generator of one frame, from the data set's seed and the frame's index alone.

    Raises:
        UsageError: either is negative.
    """
    if seed < 0 or index < 0:
        raise UsageError(f"a frame's seed and index must be 0 or more, got {seed} and {index}")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(index,))))


@dataclass(frozen=True)
class Dice:
    """Draws that take exactly one number from the generator, whatever is drawn.

    So a factor that is held fixed does not shift the draws of those after it.
    """

    generator: np.random.Generator

    def between(self, bounds: Range) -> float:
        """Evenly between lowest and highest."""
        low, high = bounds
        return low + (high - low) * self.generator.random()

    def one_of(self, choices: Sequence[T]) -> T:
        """Any of the choices, each as likely."""
        return choices[int(self.generator.random() * len(choices))]

    def seed(self) -> int:
        """32 bits."""
        return int(self.generator.random() * 2**32)


def draw_sensor(ranges: Randomisation, dice: Dice) -> Sensor:
    """A sensor; the numbers that it takes from the generator are always as many."""
    blur_px, noise, seed = dice.between(ranges.blur_px), dice.between(ranges.noise), dice.seed()
    quality = dice.one_of(ranges.jpeg_quality)
    drawn = {name: dice.between(getattr(ranges, name)) for name in ("exposure_ev", "white_balance")}
    tone_curve = dice.one_of(ranges.tone_curves)
    drawn["vignetting"], k1 = dice.between(ranges.vignetting), dice.between(ranges.distortion_k1)
    for name in ("chromatic_aberration_px", "motion_px", "motion_deg", "defocus_px", "shot_noise"):
        drawn[name] = dice.between(getattr(ranges, name))
    bits, k2 = dice.one_of(ranges.bits), dice.between(ranges.distortion_k2)
    contrast, saturation = dice.between(ranges.sensor_contrast), dice.between(ranges.sensor_saturation)
    return Sensor(
        blur_px,
        noise,
        seed,
        tone_curve=tone_curve,
        distortion=(k1, k2),
        bits=bits,
        jpeg_quality=quality or None,
        contrast=contrast,
        saturation=saturation,
        **drawn,
    )


def colour_of(lightness: float, hue: float, saturation: float) -> Colour:
    """A linear-light colour of exactly this lightness.

    Args:
        lightness: 0 to 1; its power of 2.2 is the colour's luminance (ITU-R BT.709).
        hue: 0 to 1 around the circle.
        saturation: 0 to 1; taken back as far as the lightness demands, since no blue is as light as white.
    """
    luminance = lightness**2.2
    pure = np.array(colorsys.hsv_to_rgb(hue, saturation, 1.0)) ** 2.2
    tinted = pure * (luminance / float(pure @ _LUMINANCE))
    excess = float(tinted.max())
    if excess > 1:
        share = (1 - luminance) / (excess - luminance)
        tinted = luminance + share * (tinted - luminance)
    red, green, blue = np.clip(tinted, 0, 1).tolist()
    return red, green, blue


_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def _check_choice(name: str, value: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [choice for choice in value if choice not in known]
    if unknown or not value:
        raise UsageError(f"randomisation: {name} must be from {', '.join(known)}, got {', '.join(unknown) or 'none'}")


def _check_range(name: str, value: tuple[float, ...], limits: Range) -> None:
    if len(value) != 2 or not limits[0] <= value[0] <= value[1] <= limits[1]:
        raise UsageError(
            f"randomisation: {name} must be (lowest, highest) within {limits[0]} to {limits[1]}, got {value}"
        )
