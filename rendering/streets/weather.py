"""Time of day and weather: the sky, the sun, and how the camera exposes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rendering.backgrounds import Background
from rendering.fog import Fog
from rendering.lights import AmbientLight, Shadows, SunLight
from rendering.randomisation import Dice, Randomisation, Range, draw_sensor
from rendering.sensor import Sensor
from rendering.streets.classes import IDS
from rendering.streets.factors import Factors, choice, spread
from rendering.streets.pictures import SKIES, horizon
from rendering.streets.recipes import StreetTexture

WEATHERS = ("sun", "overcast", "dusk", "haze")
"""Kinds of weather and light."""

_TYPICAL_AZIMUTH_DEG = 50.0
_MAP_PX = 1024
_CONTRAST = (0.95, 1.9)
_SATURATION = (0.4, 1.1)
_WHITE_BALANCE = (-0.5, 0.3)
_NOISE = 0.4  # times the usual: these cameras see little light, and contrast raises the noise in it


@dataclass(frozen=True)
class _Sky:
    """Ranges of one weather: the sun's height, its light and the sky's (R, G, B), stops of exposure, shadows."""

    elevation_deg: Range
    sun: tuple[float, float, float]
    above: tuple[float, float, float]
    below: tuple[float, float, float]
    exposure_ev: Range
    casts: bool


_SKIES = {
    "sun": _Sky((12.0, 58.0), (1.6, 1.48, 1.3), (0.3, 0.33, 0.4), (0.13, 0.12, 0.11), (-0.7, 1.0), True),
    "overcast": _Sky((30.0, 70.0), (0.14, 0.14, 0.14), (0.62, 0.63, 0.66), (0.18, 0.18, 0.18), (-0.7, 1.0), False),
    "dusk": _Sky((4.0, 14.0), (0.16, 0.12, 0.09), (0.22, 0.24, 0.28), (0.06, 0.06, 0.06), (-0.2, 1.0), False),
    "haze": _Sky((16.0, 45.0), (0.45, 0.43, 0.4), (0.62, 0.62, 0.62), (0.25, 0.24, 0.23), (-0.9, 0.3), True),
}


@dataclass(frozen=True)
class Weather:
    """The light of one scene."""

    kind: str
    sun: SunLight
    ambient: AmbientLight
    background: Background
    sensor: Sensor
    fog: Fog | None


def draw_weather(kinds: tuple[str, ...], ranges: Randomisation, factors: Factors, dice: Dice, shadows: bool) -> Weather:
    """One of these kinds, with its sky.

    Args:
        kinds: names of `WEATHERS`.
        ranges: of the sensor and the fog.
        factors: `light` holds the first kind and its middle, `background` one sky, `sensor` the middle of its settings.
        dice: takes the same number of draws whatever comes of it.
        shadows: whether the sun casts them.
    """
    kind = kinds[choice(dice, len(kinds), factors.light)]
    sky = _SKIES[kind]
    azimuth = np.radians(_TYPICAL_AZIMUTH_DEG + factors.light * dice.between((-180.0, 180.0)))
    elevation = np.radians(spread(dice, sky.elevation_deg, factors.light))
    strength = spread(dice, (0.7, 1.3), factors.light)
    fill = spread(dice, (0.75, 1.25), factors.light)
    warmth = spread(dice, (-0.12, 0.12), factors.light)
    across = np.cos(elevation)
    direction = (float(np.sin(azimuth) * across), float(np.sin(elevation)), float(-np.cos(azimuth) * across))
    red, green, blue = (strength * part for part in sky.sun)
    sun = SunLight(
        direction,
        (red * (1 + warmth), green, blue * (1 - warmth)),
        Shadows(_MAP_PX, 1.2) if shadows and sky.casts else None,
    )
    above, below = (tuple(fill * part for part in side) for side in (sky.above, sky.below))
    exposure = spread(dice, sky.exposure_ev, factors.light)
    skies = [number for number, row in enumerate(SKIES) if row[0] == kind]
    number = skies[choice(dice, len(skies), factors.background)]
    variant = number + len(SKIES) * choice(dice, 3, factors.background)
    picture = StreetTexture("sky", variant)
    background = Background(picture=picture, semantic=IDS["sky"])
    sensor = _developed(draw_sensor(ranges, dice), exposure, factors, dice)
    extinction = dice.between(ranges.fog_per_m) * (kind == "haze")
    fog = Fog(horizon(variant), extinction) if extinction else None
    return Weather(kind, sun, AmbientLight(above, below), background, sensor, fog)  # type: ignore[arg-type]


def _developed(sensor: Sensor, exposure_ev: float, factors: Factors, dice: Dice) -> Sensor:
    """The sensor at an exposure, with settings as cameras in cars have them; draws three numbers."""
    return replace(
        sensor,
        noise=sensor.noise * _NOISE,
        exposure_ev=sensor.exposure_ev + exposure_ev,
        contrast=sensor.contrast * spread(dice, _CONTRAST, factors.sensor),
        saturation=sensor.saturation * spread(dice, _SATURATION, factors.sensor),
        white_balance=sensor.white_balance + spread(dice, _WHITE_BALANCE, factors.sensor),
    )
