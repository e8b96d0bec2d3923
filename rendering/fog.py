"""Fog: light from far away fades towards one colour."""

from __future__ import annotations

from dataclasses import dataclass

from rendering.backgrounds import Colour
from rendering.checks import keep_colours


@dataclass(frozen=True)
class Fog:
    """Fog of the same density everywhere: Koschmieder, "Theorie der horizontalen Sichtweite", 1924.

    Of a surface's light the share `exp(-extinction_per_m * distance)` arrives, distances from the camera along the
    ray, and the fog's own colour takes the place of the rest. One sees `3 / extinction_per_m` metres far: there
    contrasts are down to 5 per cent, which is the meteorological optical range of the WMO. The background and all maps
    but colour stay as they are, so the colour should be that of the background at the horizon.

    Attributes:
        colour: linear R, G, B of fog without end.
        extinction_per_m: share of light that is lost in each metre, for thin layers; 0 is clear air.

    Raises:
        ValueError: a value is below 0 or not finite.
    """

    colour: Colour = (0.8, 0.8, 0.8)
    extinction_per_m: float = 0.01

    def __post_init__(self) -> None:
        keep_colours(self, "colour")
        if not 0 <= self.extinction_per_m < float("inf"):
            raise ValueError(f"fog: extinction_per_m must be 0 or more, got {self.extinction_per_m}")
