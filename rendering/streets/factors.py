"""How far each factor of randomisation varies, for scenes that draw from choices of their own."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rendering.randomisation import Dice, Randomisation

_TELLING = {
    "shape": "fonts",
    "pose": "yaw_deg",
    "framing": "off_centre",
    "camera": "field_of_view_deg",
    "light": "sun_azimuth_deg",
    "colour": "saturation",
    "material": "roughness",
    "background": "patterns",
    "sensor": "noise",
}
"""A range of each factor that is wide where the factor varies."""


@dataclass(frozen=True)
class Factors:
    """1 where a factor of `rendering.randomisation.FACTORS` varies as by default, 0 where it is held fixed."""

    shape: float = 1.0
    pose: float = 1.0
    framing: float = 1.0
    camera: float = 1.0
    light: float = 1.0
    colour: float = 1.0
    material: float = 1.0
    background: float = 1.0
    sensor: float = 1.0

    @classmethod
    def of(cls, ranges: Randomisation) -> Factors:
        """From the width of one range each, relative to the default's."""
        usual = Randomisation()
        return cls(**{f.name: _width(ranges, _TELLING[f.name]) / _width(usual, _TELLING[f.name]) for f in fields(cls)})


def spread(dice: Dice, bounds: tuple[float, float], factor: float) -> float:
    """Between two values, as far from their middle as the factor lets it; draws one number."""
    middle = (bounds[0] + bounds[1]) / 2
    return middle + min(factor, 1.0) * (dice.between(bounds) - middle)


def choice(dice: Dice, count: int, factor: float) -> int:
    """A number below `count`, 0 where the factor is fixed; draws one number."""
    drawn = dice.one_of(range(count))
    return drawn if factor else 0


def _width(ranges: Randomisation, name: str) -> float:
    values = getattr(ranges, name)
    return float(len(values) - 1) if isinstance(values[0], str) else float(values[1] - values[0])
