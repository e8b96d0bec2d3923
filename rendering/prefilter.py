"""Light from all sides, prepared once on the CPU: what matt and glossy surfaces see of an environment."""

from __future__ import annotations

import numpy as np

LEVELS = 8
"""Steps of roughness from 0 to 1."""

_HEIGHT, _WIDTH = 32, 64


def directions(height: int, width: int) -> np.ndarray:
    """`(height, width, 3)` unit vectors of the pixel centres of an equirectangular picture (`EnvironmentRecipe`)."""
    down = (np.arange(height) + 0.5) / height * np.pi
    around = ((np.arange(width) + 0.5) / width - 0.5) * 2 * np.pi
    ring = np.sin(down)[:, None]
    rows = np.broadcast_to(np.cos(down)[:, None], (height, width))
    return np.stack([ring * np.sin(around), rows, -ring * np.cos(around)], axis=-1)


def solid_angles(height: int, width: int) -> np.ndarray:
    """`(height, 1)` steradians of a pixel in each row; together 4 pi."""
    edges = np.cos(np.arange(height + 1) / height * np.pi)
    return ((edges[:-1] - edges[1:]) * 2 * np.pi / width)[:, None]


def shrunk(radiance: np.ndarray, height: int = 64) -> np.ndarray:
    """A smaller picture of the same light, each pixel the mean of those it covers; small pictures stay as they are."""
    factor = radiance.shape[0] // height
    if factor < 2 or radiance.shape[1] % factor:
        return radiance
    rows = radiance[: factor * height].reshape(height, factor, -1, factor, 3)
    return rows.mean(axis=(1, 3), dtype=np.float64)


def irradiance_coefficients(radiance: np.ndarray) -> np.ndarray:
    """`(9, 3)` factors of 1, y, z, x, xy, yz, 3z2-1, xz, x2-y2 of what a white matt surface shows, by its normal.

    Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps", SIGGRAPH 2001.
    """
    height, width = radiance.shape[:2]
    x, y, z = np.moveaxis(directions(height, width), -1, 0)
    ones = np.ones_like(x)
    functions = np.stack([ones, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    norms = np.array([0.282095, 0.488603, 0.488603, 0.488603, 1.092548, 1.092548, 0.315392, 1.092548, 0.546274])
    cosine = np.array([1, 2 / 3, 2 / 3, 2 / 3, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4])  # the cosine lobe's, over pi
    light = radiance.astype(np.float64) * solid_angles(height, width)[:, :, None]
    return np.einsum("khw,hwc->kc", functions, light) * (norms**2 * cosine)[:, None]


def reflections(radiance: np.ndarray) -> np.ndarray:
    """`(LEVELS, 64, 128, 3)` float32: the light mirrored from each direction, by roughness from 0 to 1.

    The view is taken to lie along the normal (Karis, "Real shading in Unreal Engine 4", SIGGRAPH course 2013); the GGX
    lobe is summed over the whole sphere rather than sampled, so there is no noise.
    """
    source = shrunk(radiance)
    levels = [np.asarray(_resized(source, 64, 128), np.float32)]
    small = shrunk(source, _HEIGHT)
    towards = directions(*small.shape[:2]).reshape(-1, 3)
    light = (small * solid_angles(*small.shape[:2])[:, :, None]).reshape(-1, 3)
    weights = np.repeat(solid_angles(*small.shape[:2]), small.shape[1], axis=1).ravel()
    cosines = directions(_HEIGHT, _WIDTH).reshape(-1, 3) @ towards.T
    for level in range(1, LEVELS):
        lobe = _lobe(cosines, level / (LEVELS - 1))
        blurred = (lobe @ light) / (lobe @ weights)[:, None]
        levels.append(_resized(blurred.reshape(_HEIGHT, _WIDTH, 3), 64, 128).astype(np.float32))
    return np.stack(levels)


def _lobe(cosines: np.ndarray, roughness: float) -> np.ndarray:
    """GGX times the cosine to the light, for view and normal along the mirrored direction."""
    squared = roughness**4
    half = (1 + cosines) / 2  # squared cosine between the normal and the half vector
    return np.where(cosines > 0, cosines * squared / (half * (squared - 1) + 1) ** 2, 0)


def _resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear, around the seam."""
    rows = np.clip((np.arange(height) + 0.5) * picture.shape[0] / height - 0.5, 0, picture.shape[0] - 1)
    columns = (np.arange(width) + 0.5) * picture.shape[1] / width - 0.5
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, across = (rows - top)[:, None, None], (columns - left)[None, :, None]
    below, right = np.minimum(top + 1, picture.shape[0] - 1), (left + 1) % picture.shape[1]
    left = left % picture.shape[1]
    upper = picture[top][:, left] * (1 - across) + picture[top][:, right] * across
    lower = picture[below][:, left] * (1 - across) + picture[below][:, right] * across
    return upper * (1 - down) + lower * down
