"""Conventions and the pure geometry that follows from them; every other file relies on this page.

* World: right-handed, metres, +y up. A mesh stands upright and its front looks along +z (glTF 2.0, section 3.4).
* Camera: x right, y down, z forward along the optical axis, metres (as in `datasets.fields`, OpenCV and COLMAP).
* Pixels: u to the right, v down, `(u, v, 1) * z = K @ (x, y, z)`; the centre of the first pixel is (.5, .5), so the
  frame covers `0 <= u <= width` and `0 <= v <= height`.
* Matrices act on columns from the left; `world_to_camera` takes world points to camera points.

All functions take and return float64 arrays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def rotation(yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> np.ndarray:
    """`(3, 3)` rotation: roll about z, then pitch about x, then yaw about y, right-handed, in degrees.

    For an object that faces the viewer, positive yaw turns its front to the viewer's right, positive pitch tips it
    down, positive roll turns it anticlockwise.
    """
    (cy, cx, cz), (sy, sx, sz) = (f(np.radians([yaw_deg, pitch_deg, roll_deg])) for f in (np.cos, np.sin))
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def affine(linear: ArrayLike, translation_m: ArrayLike = (0.0, 0.0, 0.0)) -> np.ndarray:
    """`(4, 4)` transform from its `(3, 3)` linear part and its translation."""
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = translation_m
    return matrix


def look_at(eye_m: ArrayLike, target_m: ArrayLike, up: ArrayLike = (0.0, 1.0, 0.0)) -> np.ndarray:
    """`(4, 4)` world-to-camera transform of a camera at `eye_m` whose optical axis passes through `target_m`.

    Raises:
        ValueError: the eye is at the target, or the line of sight is parallel to `up`.
    """
    eye = np.asarray(eye_m, np.float64)
    forward = np.asarray(target_m, np.float64) - eye
    right = np.cross(forward, np.asarray(up, np.float64))
    if np.linalg.norm(forward) == 0 or np.linalg.norm(right) == 0:
        raise ValueError(f"a camera at {eye.tolist()} cannot look at {np.asarray(target_m).tolist()}: no horizon")
    forward, right = forward / np.linalg.norm(forward), right / np.linalg.norm(right)
    axes = np.stack([right, np.cross(forward, right), forward])
    return affine(axes, -axes @ eye)


def intrinsics_from_field_of_view(height: int, width: int, vertical_deg: float) -> np.ndarray:
    """`(3, 3)` intrinsics in pixels: square pixels, the principal point in the middle of the frame."""
    focal_px = height / (2 * np.tan(np.radians(vertical_deg) / 2))
    return np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1]])


def projection(intrinsics: np.ndarray, height: int, width: int, near_m: float, far_m: float) -> np.ndarray:
    """`(4, 4)` OpenGL clip matrix of camera points, exact to the pixel for any `intrinsics`, skew included.

    The top image row lands on window row 0, so a frame is read back the right way up; since this mirrors the window,
    front faces appear clockwise there.
    """
    scale = np.array([[2 / width, 0, -1], [0, 2 / height, -1]])
    matrix = np.zeros((4, 4))
    matrix[:2, :3] = scale @ intrinsics
    matrix[2, 2:] = (far_m + near_m) / (far_m - near_m), -2 * far_m * near_m / (far_m - near_m)
    matrix[3, 2] = 1
    return matrix


def transform(matrix: np.ndarray, points: ArrayLike) -> np.ndarray:
    """`(n, 3)` points taken through an affine `(4, 4)` transform."""
    return np.asarray(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def project(intrinsics: np.ndarray, points_camera_m: ArrayLike) -> np.ndarray:
    """`(n, 2)` pixels (u, v) of `(n, 3)` camera points, which must lie in front of the camera."""
    homogeneous = np.asarray(points_camera_m, np.float64) @ intrinsics.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


def unproject(intrinsics: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
    """`(height, width, 3)` camera points of the pixel centres of a depth map `(height, width, 1)`, in metres."""
    height, width = depth_m.shape[:2]
    v, u = np.mgrid[0:height, 0:width] + 0.5
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(intrinsics).T
    return rays * depth_m
