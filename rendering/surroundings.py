"""What the scenes of things share: light, background, material and sensor, drawn from the ranges."""

from __future__ import annotations

import numpy as np

from rendering.assets.asset import Asset
from rendering.backgrounds import Background, Colour
from rendering.lights import AmbientLight, Shadows, SunLight
from rendering.materials import Material
from rendering.randomisation import Dice, Randomisation, colour_of
from rendering.textures import CheckerTexture, NoiseTexture, TextureRecipe

_WHITE = (255, 255, 255)

TEXTURES: tuple[TextureRecipe | None, ...] = (
    None,
    None,
    *(CheckerTexture((_WHITE, (dark,) * 3), squares) for dark in (40, 150) for squares in (4, 12)),
    *(NoiseTexture((_WHITE, (dark,) * 3), patches, seed=patches) for dark in (60, 150) for patches in (3, 8)),
)
"""Patterns from white to grey, to be tinted by the base colour; few, since each is uploaded once."""


def draw_lights(ranges: Randomisation, dice: Dice, facing_deg: float = 0.0, shadows: bool = False) -> tuple[
    SunLight, AmbientLight
]:  # fmt: skip
    """The sun and the light from all sides.

    Args:
        ranges: what to draw from.
        dice: draws ten numbers.
        facing_deg: azimuth from which the camera looks, so that the sun's azimuth is relative to it.
        shadows: whether the sun casts them.
    """
    azimuth = np.radians(facing_deg + dice.between(ranges.sun_azimuth_deg))
    elevation = np.radians(dice.between(ranges.sun_elevation_deg))
    across = np.cos(elevation)
    direction = (float(np.sin(azimuth) * across), float(np.sin(elevation)), float(np.cos(azimuth) * across))
    sun = SunLight(
        direction, draw_tint(ranges, dice, dice.between(ranges.sun_intensity)), Shadows() if shadows else None
    )
    level = dice.between(ranges.ambient_intensity)
    return sun, AmbientLight(draw_tint(ranges, dice, 1.2 * level), draw_tint(ranges, dice, 0.8 * level))


def draw_tint(ranges: Randomisation, dice: Dice, intensity: float) -> Colour:
    """Light of this intensity in a slight colour; draws two numbers."""
    red, green, blue = colour_of(0.75, dice.between((0.0, 1.0)), dice.between(ranges.light_tint))
    scale = intensity / 0.75**2.2
    return red * scale, green * scale, blue * scale


def draw_background(ranges: Randomisation, dice: Dice) -> Background:
    """A pattern of any lightness, its colours within the pattern's contrast of each other."""
    base, spread = dice.between((0.05, 0.95)), dice.between(ranges.pattern_contrast)
    levels = [base + (spread if base < 0.5 else -spread) * share for share in (0.0, 1.0, 0.5)]
    first, second, third = (colour_of(level, dice.between((0.0, 1.0)), dice.between(ranges.saturation))
                            for level in levels)  # fmt: skip
    return Background(
        pattern=dice.one_of(ranges.patterns),
        colours=(first, second, third),
        size=dice.between(ranges.pattern_size),
        angle_deg=dice.between((0.0, 360.0)),
        softness=dice.between(ranges.pattern_softness),
        seed=dice.seed(),
    )


def draw_material(ranges: Randomisation, dice: Dice) -> Material:
    """A plain or patterned surface of any colour; draws six numbers."""
    colour = colour_of(dice.between((0.15, 0.95)), dice.between((0.0, 1.0)), dice.between(ranges.saturation))
    return Material(
        colour,
        dice.between(ranges.roughness),
        dice.between(ranges.metallic),
        base_colour_texture=dice.one_of(TEXTURES),
    )


def painted(asset: Asset, material: Material) -> Asset:
    """The asset with every part of this material."""
    return Asset(asset.name, asset.class_id, tuple((mesh, material) for mesh, _ in asset.parts))
