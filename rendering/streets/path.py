"""The line that a street follows: straight or an arc, and poses beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rendering.geometry import affine, rotation


@dataclass(frozen=True)
class Path:
    """A line on the ground. Without a start of its own it begins at the origin and runs towards -z.

    Places on it are (s, t): metres along it, and metres to its right.

    Attributes:
        curvature: one over the radius in metres; above 0 it bends to the right.
        x_m: where it begins.
        z_m: where it begins.
        heading_deg: where it leads at its beginning; 0 is -z, 90 is +x.
    """

    curvature: float = 0.0
    x_m: float = 0.0
    z_m: float = 0.0
    heading_deg: float = 0.0

    def heading(self, s_m: float) -> float:
        """Degrees at a place along it."""
        return self.heading_deg + math.degrees(self.curvature * s_m)

    def points(self, s_m: np.ndarray, t_m: np.ndarray | float) -> np.ndarray:
        """`(n, 2)` x and z of places."""
        start = math.radians(self.heading_deg)
        turn = start + self.curvature * s_m
        cos, sin = np.cos(turn), np.sin(turn)
        found = np.empty((len(s_m), 2))
        if self.curvature:
            found[:, 0] = self.x_m + (math.cos(start) - cos) / self.curvature + cos * t_m
            found[:, 1] = self.z_m + (math.sin(start) - sin) / self.curvature + sin * t_m
        else:
            found[:, 0] = self.x_m + math.sin(start) * s_m + cos * t_m
            found[:, 1] = self.z_m - math.cos(start) * s_m + sin * t_m
        return found

    def point(self, s_m: float, t_m: float) -> tuple[float, float]:
        """Of one place, x and z."""
        start, turn = math.radians(self.heading_deg), math.radians(self.heading_deg) + self.curvature * s_m
        if self.curvature:
            x = (math.cos(start) - math.cos(turn)) / self.curvature
            z = (math.sin(start) - math.sin(turn)) / self.curvature
        else:
            x, z = math.sin(start) * s_m, -math.cos(start) * s_m
        return self.x_m + x + math.cos(turn) * t_m, self.z_m + z + math.sin(turn) * t_m

    def pose(
        self, s_m: float, t_m: float, turn_deg: float = 0.0, scale: tuple[float, float, float] = (1.0, 1.0, 1.0),
        height_m: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0,
    ) -> np.ndarray:  # fmt: skip
        """`(4, 4)` from a mesh whose front is +z to a place, its front along the path; `turn_deg` 90 faces right."""
        x, z = self.point(s_m, t_m)
        if pitch_deg or roll_deg:
            return affine(
                rotation(180 - self.heading(s_m) - turn_deg, pitch_deg, roll_deg) * np.array(scale), (x, height_m, z)
            )
        yaw = math.radians(180 - self.heading(s_m) - turn_deg)
        cos, sin, (wide, high, long) = math.cos(yaw), math.sin(yaw), scale
        return np.array([
            [cos * wide, 0.0, sin * long, x], [0.0, high, 0.0, height_m], [-sin * wide, 0.0, cos * long, z],
            [0.0, 0.0, 0.0, 1.0],
        ])  # fmt: skip
