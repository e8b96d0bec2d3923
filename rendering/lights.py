"""What lights a scene.

Light is measured by what it makes of a white matt surface that faces it: colour 1 shows as 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from rendering.backgrounds import Colour
from rendering.checks import keep_colours, keep_vector
from rendering.environments import EnvironmentRecipe

MAX_POINT_LIGHTS = 8
"""So many point lights may shine in one scene."""


@dataclass(frozen=True)
class Shadows:
    """How the sun's shadows are drawn (shadow map: Williams, SIGGRAPH 1978; soft edges: Reeves et al., SIGGRAPH 1987).

    Attributes:
        map_px: side of the shadow map, which covers all objects; larger shows finer shadows.
        softness_px: half the width of a shadow's edge, in texels of the map; 0 for hard edges.

    Raises:
        ValueError: a value is outside its range.
    """

    map_px: int = 1024
    softness_px: float = 1.5

    def __post_init__(self) -> None:
        if not 16 <= self.map_px <= 8192 or not 0 <= self.softness_px <= 16:
            raise ValueError(f"shadows: map_px must be 16 to 8192 and softness_px 0 to 16, got {self}")


@dataclass(frozen=True)
class SunLight:
    """Parallel light.

    Attributes:
        direction: from the scene towards the sun, in world axes; any length but 0.
        colour: linear R, G, B; a white matt surface that faces a sun of colour 1 shows as 1.
        shadows: how it casts shadows; None: it casts none.
    """

    direction: tuple[float, float, float] = (0.3, 0.6, 0.75)
    colour: Colour = (1.0, 1.0, 1.0)
    shadows: Shadows | None = None

    def __post_init__(self) -> None:
        keep_colours(self, "colour")
        keep_vector(self, "direction")
        if not any(self.direction):
            raise ValueError("sun: direction must not be 0, 0, 0")


@dataclass(frozen=True)
class PointLight:
    """A lamp without extent; its light falls off with the square of the distance and casts no shadow.

    Attributes:
        position_m: in world axes, metres.
        colour: linear R, G, B at a distance of 1 m; a white matt surface that faces it there shows as 1.
    """

    position_m: tuple[float, float, float]
    colour: Colour = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        keep_vector(self, "position_m")
        keep_colours(self, "colour")


@dataclass(frozen=True)
class AmbientLight:
    """Light from all sides: one colour from above, another from below, mixed between by the surface's slope.

    Attributes:
        sky: linear R, G, B from +y; a white matt surface under a sky and ground of colour 1 shows as 1.
        ground: the same from -y.
    """

    sky: Colour = (0.3, 0.3, 0.3)
    ground: Colour = (0.2, 0.2, 0.2)

    def __post_init__(self) -> None:
        keep_colours(self, "sky", "ground")


@dataclass(frozen=True)
class EnvironmentLight:
    """Light from a picture of the whole surroundings; it takes the place of the ambient light.

    Attributes:
        map: the recipe of the picture.
        strength: factor on its radiance.
        turn_deg: turn of the picture about +y, anticlockwise seen from above.
        visible: whether it is also seen behind the objects, in place of the background.

    Raises:
        ValueError: the strength is below 0.
    """

    map: EnvironmentRecipe
    strength: float = 1.0
    turn_deg: float = 0.0
    visible: bool = False

    def __post_init__(self) -> None:
        if self.strength < 0:
            raise ValueError(f"environment: strength must be 0 or more, got {self.strength}")
