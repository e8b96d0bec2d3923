"""Cameras around a thing: viewpoints spread over a sphere or along an orbit, and crops that fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rendering.geometry import project, transform

_GOLDEN_TURN = np.pi * (3 - np.sqrt(5))


def fibonacci_sphere(count: int, lowest_deg: float = -90.0, highest_deg: float = 90.0) -> np.ndarray:
    """`(count, 3)` unit vectors spread evenly over the sphere, or over the belt between two elevations; +y is up.

    Each stands for the same area, and each is a golden angle further round than the one before (González,
    "Measurement of areas on a sphere using Fibonacci and latitude-longitude lattices", 2010).

    Raises:
        ValueError: no viewpoints, or the elevations are upside down.
    """
    if count < 1 or not -90 <= lowest_deg < highest_deg <= 90:
        raise ValueError(
            f"viewpoints: need 1 or more and -90 <= lowest < highest <= 90 degrees, "
            f"got {count}, {lowest_deg} and {highest_deg}"
        )
    low, high = np.sin(np.radians([lowest_deg, highest_deg]))
    height = low + (high - low) * (np.arange(count) + 0.5) / count
    return _directions(np.arange(count) * _GOLDEN_TURN, height)


def orbit(count: int, elevation_deg: float = 20.0, start_deg: float = 0.0) -> np.ndarray:
    """`(count, 3)` unit vectors at one elevation, evenly around the y axis, from +z towards +x."""
    turn = np.radians(start_deg) + 2 * np.pi * np.arange(count) / count
    return _directions(turn, np.full(count, np.sin(np.radians(elevation_deg))))


def distance_to_fit_m(radius_m: float, fill: float, field_of_view_deg: float) -> float:
    """How far from its centre a camera stands that shows a ball as high as `fill` of the frame.

    Exact for a ball on the optical axis: its outline is where lines of sight touch it.

    Args:
        radius_m: of the ball.
        fill: share of the frame's height.
        field_of_view_deg: of the camera from the frame's top to its bottom.
    """
    half = np.arctan(fill * np.tan(np.radians(field_of_view_deg) / 2))
    return float(radius_m / np.sin(half))


def crop_around(
    intrinsics: np.ndarray, world_to_camera: np.ndarray, centre_m: ArrayLike, side_m: float
) -> tuple[float, float, float, float]:
    """The square in the frame around a thing, whose side shrinks with distance as the thing does.

    Args:
        intrinsics: `(3, 3)` of the camera, pixels.
        world_to_camera: `(4, 4)`.
        centre_m: `(3,)` middle of the thing in the world.
        side_m: side of the square at the thing's distance.

    Returns:
        Left, top, right, bottom in pixels; the frame may cut it.

    Raises:
        ValueError: the thing is not in front of the camera.
    """
    point = transform(world_to_camera, np.asarray(centre_m, np.float64)[None])
    depth = float(point[0, 2])
    if depth <= 0:
        raise ValueError(f"a crop needs its thing in front of the camera, got a depth of {depth} m")
    u, v = project(intrinsics, point)[0]
    half_u, half_v = (side_m / 2 * intrinsics[axis, axis] / depth for axis in (0, 1))
    return float(u - half_u), float(v - half_v), float(u + half_u), float(v + half_v)


def crop_intrinsics(
    intrinsics: np.ndarray, crop: tuple[float, float, float, float], height: int, width: int
) -> np.ndarray:
    """`(3, 3)` intrinsics of a camera whose whole frame of `height` by `width` pixels shows just that crop."""
    left, top, right, bottom = crop
    scale = np.diag([width / (right - left), height / (bottom - top), 1.0])
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], np.float64)
    shown: np.ndarray = scale @ shift @ intrinsics
    return shown


def _directions(turn: np.ndarray, height: np.ndarray) -> np.ndarray:
    across = np.sqrt(np.maximum(1 - height**2, 0))
    return np.column_stack([across * np.sin(turn), height, across * np.cos(turn)])
