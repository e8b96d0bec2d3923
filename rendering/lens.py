"""Radial lens distortion: Brown, "Close-range camera calibration", 1971; factors k1 and k2 as in OpenCV."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from datasets.errors import UsageError

Distortion = tuple[float, float]
"""k1 and k2; 0, 0 is a perfect lens."""

_NEWTON_STEPS = 12


@dataclass(frozen=True, eq=False)
class LensMap:
    """Where each pixel of a distorted frame is found in a wider one drawn without distortion.

    Attributes:
        margin: (rows, columns) that the wider frame has more on each side.
        places: `(height, width, 2)` float32 u, v in the wider frame, for the centre of each pixel.
        index: `(height, width)` place of the nearest pixel in the raveled wider frame.
    """

    margin: tuple[int, int]
    places: np.ndarray
    index: np.ndarray

    def labels(self, wide: np.ndarray) -> np.ndarray:
        """`(height, width, channels)` nearest values; ids are never blended."""
        return wide.reshape(-1, wide.shape[2])[self.index]

    def light(self, wide: np.ndarray) -> np.ndarray:
        """`(height, width, channels)` interpolated linear light."""
        places = [self.places[:, :, 1] - 0.5, self.places[:, :, 0] - 0.5]
        channels = [map_coordinates(channel, places, order=1, mode="nearest") for channel in np.moveaxis(wide, 2, 0)]
        return np.stack(channels, axis=2)


def lens_map(intrinsics: np.ndarray, height: int, width: int, distortion: Distortion) -> LensMap:
    """The map of a frame.

    Raises:
        UsageError: the distortion folds the picture over itself, or blows it up more than three times.
    """
    v, u = np.mgrid[0:height, 0:width] + 0.5
    straight = undistort(intrinsics, np.stack([u, v], axis=-1).reshape(-1, 2), distortion)
    low, high = straight.min(axis=0), straight.max(axis=0)
    beyond = np.ceil(np.maximum(-low, high - (width, height))).astype(int) + 1
    margin_u, margin_v = np.maximum(beyond, 0).tolist()
    if margin_u > width or margin_v > height:
        raise UsageError(f"sensor: distortion {distortion} needs a picture more than three times as large as the frame")
    places = np.add(straight, (margin_u, margin_v)).reshape(height, width, 2)
    nearest = np.floor(places).astype(np.intp)
    index = nearest[:, :, 1] * (width + 2 * margin_u) + nearest[:, :, 0]
    return LensMap((margin_v, margin_u), places.astype(np.float32), index)


def distort(intrinsics: np.ndarray, pixels: np.ndarray, distortion: Distortion) -> np.ndarray:
    """`(n, 2)` u, v where a lens shows what a perfect one shows at `pixels`."""
    k1, k2 = distortion
    x, y = _normalised(intrinsics, pixels)
    squared = x * x + y * y
    factor = 1 + squared * (k1 + squared * k2)
    return _pixels(intrinsics, x * factor, y * factor)


def undistort(intrinsics: np.ndarray, pixels: np.ndarray, distortion: Distortion) -> np.ndarray:
    """The inverse of `distort`.

    Raises:
        UsageError: the lens shows nothing there: the distortion folds the picture over itself.
    """
    k1, k2 = distortion
    x, y = _normalised(intrinsics, pixels)
    wanted = np.hypot(x, y)
    radius = wanted.copy()
    with np.errstate(all="ignore"):
        for _ in range(_NEWTON_STEPS):
            squared = radius * radius
            slope = 1 + squared * (3 * k1 + 5 * k2 * squared)
            radius -= (radius * (1 + squared * (k1 + k2 * squared)) - wanted) / slope
        squared = radius * radius
        slope = 1 + squared * (3 * k1 + 5 * k2 * squared)
        missed = np.abs(radius * (1 + squared * (k1 + k2 * squared)) - wanted)
        if not ((missed < 1e-9) & (slope > 0) & (radius >= 0)).all():
            raise UsageError(f"sensor: distortion {distortion} folds the picture over itself within the frame")
        scale = np.where(wanted > 0, radius / np.where(wanted > 0, wanted, 1), 1)
    return _pixels(intrinsics, x * scale, y * scale)


def _normalised(intrinsics: np.ndarray, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rays = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(intrinsics).T
    return rays[:, 0], rays[:, 1]


def _pixels(intrinsics: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (np.column_stack([x, y, np.ones(len(x))]) @ intrinsics.T)[:, :2]
