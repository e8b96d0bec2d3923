"""What stands behind the objects: a few numbers from which the shader paints a pattern."""

from __future__ import annotations

from dataclasses import dataclass

from datasets.errors import UsageError
from rendering.textures import TextureRecipe

Colour = tuple[float, float, float]
"""Linear-light R, G, B with the primaries of sRGB; 1 is the brightest that a frame can show."""

PATTERNS = ("plain", "gradient", "stripes", "checker", "blobs", "noise", "cells")
"""Kinds of background; `shaders/background.frag` is compiled once for each, with their places here as constants."""


@dataclass(frozen=True)
class Background:
    """A pattern without end that fills the frame behind all objects; it has no depth and no normal.

    Attributes:
        pattern: a name of `PATTERNS`.
        colours: three colours; `plain` shows the first, two-coloured patterns the first two.
        size: width of one stripe, square, blob or patch, as a share of the frame's height.
        angle_deg: direction of the pattern, anticlockwise.
        softness: 0 for hard edges, up to 1 for soft ones.
        seed: 32-bit number from which places and shades of single patches follow.
        picture: a photograph in place of the pattern; it fills the frame, and what is too long or wide is cut off.
        semantic: id of its pixels in the semantic map, 0 to 255, such as the sky's.

    Raises:
        UsageError: a value is outside its range.
    """

    pattern: str = "plain"
    colours: tuple[Colour, Colour, Colour] = ((0.0, 0.0, 0.0),) * 3
    size: float = 0.25
    angle_deg: float = 0.0
    softness: float = 0.0
    seed: int = 0
    picture: TextureRecipe | None = None
    semantic: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "colours", tuple(tuple(float(part) for part in colour) for colour in self.colours))
        if self.pattern not in PATTERNS:
            raise UsageError(f"background: no pattern {self.pattern!r}; there are {', '.join(PATTERNS)}")
        if len(self.colours) != 3 or any(len(colour) != 3 or min(colour) < 0 for colour in self.colours):
            raise UsageError(f"background: colours must be three of (R, G, B), each 0 or more, got {self.colours}")
        if not self.size > 0:
            raise UsageError(f"background: size must be above 0, got {self.size}")
        if not 0 <= self.softness <= 1:
            raise UsageError(f"background: softness must be between 0 and 1, got {self.softness}")
        if not 0 <= self.semantic <= 255:
            raise UsageError(f"background: semantic must be 0 to 255, got {self.semantic}")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"background: seed must fit 32 bits, got {self.seed}")
