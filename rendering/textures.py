"""Textures: the pictures that surfaces wear, as recipes that a scene can store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from PIL import Image

from datasets.errors import UsageError

Level = tuple[int, int, int]
"""R, G, B as stored in an 8-bit picture."""


class TextureRecipe(Protocol):
    """What a scene stores of a texture: the few values that build the same picture again.

    A recipe is a frozen dataclass of plain values, hashable, with a `kind` that names it in stored scenes; it turns
    the lists that come out of JSON into tuples.
    """

    kind: ClassVar[str]

    def __hash__(self) -> int: ...

    def build(self) -> np.ndarray:
        """`(height, width, 4)` uint8 R, G, B, alpha, row 0 on top.

        Colours are sRGB-encoded, alpha is linear. Where the picture serves as data (normals, roughness) its numbers
        are taken as they are.
        """
        ...


@dataclass(frozen=True)
class TextureFile:
    """A picture from a file.

    Attributes:
        path: of a PNG or JPEG.

    Raises:
        UsageError: when built, where the file is missing or no picture.
    """

    kind: ClassVar[str] = "file"

    path: str

    def build(self) -> np.ndarray:
        """The file's pixels; grey ones get three equal channels, and alpha is 255 where there is none."""
        try:
            with Image.open(self.path) as picture:
                return np.array(picture.convert("RGBA"))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise UsageError(f"texture {self.path}: {error}") from error


@dataclass(frozen=True)
class CheckerTexture:
    """Squares in two colours.

    Attributes:
        colours: sRGB levels of the two; the first is at the top left.
        squares: along each side; even, so that repetitions join.
        size_px: side of the picture.
    """

    kind: ClassVar[str] = "checker"

    colours: tuple[Level, Level] = ((230, 230, 230), (60, 60, 60))
    squares: int = 8
    size_px: int = 256

    def __post_init__(self) -> None:
        object.__setattr__(self, "colours", _levels("checker texture", self.colours))
        if self.squares < 2 or self.squares % 2 or self.size_px < self.squares:
            raise UsageError(f"checker texture: squares must be even and fit into size_px, got {self}")

    def build(self) -> np.ndarray:
        """The squares."""
        place = np.arange(self.size_px) * self.squares // self.size_px
        odd = (place[:, None] + place) % 2
        return as_rgba(np.array(self.colours, np.uint8)[odd])


@dataclass(frozen=True)
class NoiseTexture:
    """Cloudy noise between two colours that repeats without a seam.

    Attributes:
        colours: sRGB levels of the two ends.
        patches: of the coarsest octave along each side.
        octaves: how many; each has half the size and strength of the one before.
        size_px: side of the picture.
        seed: of the noise.
    """

    kind: ClassVar[str] = "noise"

    colours: tuple[Level, Level] = ((150, 140, 125), (95, 100, 80))
    patches: int = 4
    octaves: int = 5
    size_px: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "colours", _levels("noise texture", self.colours))
        if min(self.patches, self.octaves, self.size_px) < 1 or self.seed < 0:
            raise UsageError(f"noise texture: patches, octaves and size_px must be 1 or more, got {self}")

    def build(self) -> np.ndarray:
        """The sum of the octaves, stretched to the full range between the colours."""
        generator = np.random.Generator(np.random.PCG64(self.seed))
        total = np.zeros((self.size_px, self.size_px))
        for octave in range(self.octaves):
            grid = generator.random((self.patches << octave,) * 2)
            total += _stretched(grid, self.size_px) * 0.5**octave
        share = (total - total.min()) / max(float(np.ptp(total)), 1e-9)
        low, high = np.array(self.colours, np.float64)
        return as_rgba(np.round(low + (high - low) * share[:, :, None]).astype(np.uint8))


def as_rgba(pixels: np.ndarray) -> np.ndarray:
    """`(height, width, 4)` uint8 from 1 (grey), 2 (grey, alpha), 3 or 4 channels of 8 or 16 bits."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    channels = pixels.shape[2]
    colours = pixels[:, :, :1].repeat(3, axis=2) if channels < 3 else pixels[:, :, :3]
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    alpha = pixels[:, :, -1:] if channels in (2, 4) else opaque
    return np.ascontiguousarray(np.concatenate([colours, alpha], axis=2))


def _stretched(grid: np.ndarray, size_px: int) -> np.ndarray:
    """A grid that wraps around, interpolated smoothly to `(size_px, size_px)`."""
    place = (np.arange(size_px) + 0.5) * len(grid) / size_px
    cell, share = np.floor(place).astype(int), place % 1
    share = share * share * (3 - 2 * share)
    after = (cell + 1) % len(grid)
    rows = grid[cell] * (1 - share[:, None]) + grid[after] * share[:, None]
    return rows[:, cell] * (1 - share) + rows[:, after] * share


def _levels(owner: str, colours: object) -> tuple[Level, ...]:
    levels = tuple(tuple(int(part) for part in colour) for colour in colours)  # type: ignore[attr-defined]
    if len(levels) != 2 or any(len(level) != 3 or not 0 <= min(level) <= max(level) <= 255 for level in levels):
        raise UsageError(f"{owner}: colours must be two of (R, G, B), each 0 to 255, got {colours}")
    return levels  # type: ignore[return-value]
