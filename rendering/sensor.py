"""The camera's sensor: from light to the stored 8-bit colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter

from datasets.errors import UsageError


@dataclass(frozen=True)
class Sensor:
    """Blur and noise of the colour image; labels, depth and normals never pass through it.

    Attributes:
        blur_px: standard deviation of a Gaussian blur, in pixels.
        noise: standard deviation of Gaussian noise in linear light, as a share of full scale.
        seed: 32-bit number from which the noise follows.

    Raises:
        UsageError: a value is outside its range.
    """

    blur_px: float = 0.0
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.blur_px < 0 or self.noise < 0:
            raise UsageError(f"sensor: blur_px and noise must be 0 or more, got {self.blur_px} and {self.noise}")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"sensor: seed must fit 32 bits, got {self.seed}")

    def expose(self, light: np.ndarray) -> np.ndarray:
        """`(height, width, 3)` uint8 sRGB colours from linear light of the same shape, where 1 is full scale."""
        light = np.asarray(light, np.float32)
        if self.blur_px:
            light = gaussian_filter(light, (self.blur_px, self.blur_px, 0), mode="nearest", truncate=3)
        if self.noise:
            generator = np.random.Generator(np.random.PCG64(self.seed))
            light = light + np.float32(self.noise) * generator.standard_normal(light.shape, np.float32)
        return encode_srgb(light)


def encode_srgb(light: np.ndarray) -> np.ndarray:
    """uint8 sRGB values (IEC 61966-2-1) of linear light; what lies outside 0 to 1 is clipped."""
    steps = len(_srgb_table()) - 1
    return _srgb_table()[(np.clip(light, 0, 1) * steps + 0.5).astype(np.uint16)]


@lru_cache(maxsize=1)
def _srgb_table() -> np.ndarray:
    """`(65536,)` uint8: 16 bits of linear light are fine enough, the curve rises by 1 level in 20 steps at most."""
    light = np.linspace(0, 1, 65536)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)
