"""The camera behind a windscreen."""

from __future__ import annotations

import numpy as np

from rendering.geometry import affine, rotation
from rendering.randomisation import Dice, Range
from rendering.scene import Camera
from rendering.streets.factors import Factors, spread
from rendering.streets.path import Path

NEAR_M, FAR_M = 0.4, 420.0


def draw_camera(
    size: tuple[int, int], path: Path, lane_m: float, height_m: Range, pitch_deg: Range, field_of_view_deg: Range,
    factors: Factors, dice: Dice,
) -> Camera:  # fmt: skip
    """A camera at the beginning of a path that looks along it.

    Args:
        size: (height, width) of the frame.
        path: the street.
        lane_m: where its lane is, to the right of the path.
        height_m: above the road.
        pitch_deg: downwards.
        field_of_view_deg: across, from the frame's left to its right.
        factors: `camera` moves height and field of view, `framing` direction and place.
        dice: draws seven numbers.
    """
    height, width = size
    angle = np.radians(spread(dice, field_of_view_deg, factors.camera))
    above = spread(dice, height_m, factors.camera)
    pitch = spread(dice, pitch_deg, factors.framing)
    yaw = spread(dice, (-9.0, 9.0), factors.framing) * spread(dice, (0.0, 1.0), factors.framing)
    roll = spread(dice, (-0.8, 0.8), factors.framing)
    aside = lane_m + spread(dice, (-0.5, 0.5), factors.framing)
    focal_px = width / (2 * np.tan(angle / 2))
    intrinsics = np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1]])
    x, z = path.point(0.0, aside)
    # A mesh's axes (x left, y up, z ahead, seen from behind) are the camera's turned by half a circle about z.
    facing = rotation(180 - path.heading(0.0) - yaw, pitch, roll)
    to_world = affine(facing @ np.diag([-1.0, -1.0, 1.0]), (x, above, z))
    return Camera(height, width, intrinsics, np.linalg.inv(to_world), NEAR_M, FAR_M)
