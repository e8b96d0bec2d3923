"""Geometry against hand-worked values and its own inverses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rendering.geometry import (
    affine,
    intrinsics_from_field_of_view,
    look_at,
    project,
    projection,
    rotation,
    transform,
    unproject,
)

SKEWED = np.array([[70.0, 3.0, 20.0], [0.0, 80.0, 31.0], [0.0, 0.0, 1.0]])


def test_rotation_agrees_with_scipy() -> None:
    wanted = Rotation.from_euler("ZXY", [17, -31, 52], degrees=True)
    extrinsic = Rotation.from_euler("zxy", [17, -31, 52], degrees=True).as_matrix()
    np.testing.assert_allclose(rotation(yaw_deg=52, pitch_deg=-31, roll_deg=17), extrinsic, atol=1e-15)
    assert not np.allclose(wanted.as_matrix(), extrinsic)  # the order matters, so the line above proves something


def test_positive_angles_turn_as_documented() -> None:
    front, right = np.array([0, 0, 1]), np.array([1, 0, 0])
    assert (rotation(yaw_deg=30) @ front)[0] > 0  # to the viewer's right
    assert (rotation(pitch_deg=30) @ front)[1] < 0  # down
    assert (rotation(roll_deg=30) @ right)[1] > 0  # anticlockwise


def test_camera_in_front_sees_right_as_right_and_up_as_less_v() -> None:
    world_to_camera = look_at((0, 0, 5), (0, 0, 0))
    points = transform(world_to_camera, [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
    np.testing.assert_allclose(points, [(0, 0, 5), (1, 0, 5), (0, -1, 5), (0, 0, 4)], atol=1e-15)


def test_look_at_is_rigid_and_centres_the_target() -> None:
    world_to_camera = look_at((3, -2, 7), (-1, 4, 0.5))
    axes = world_to_camera[:3, :3]
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(axes) == pytest.approx(1)
    x, y, z = transform(world_to_camera, [(-1, 4, 0.5)])[0]
    assert (x, y) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-12))
    assert z == pytest.approx(np.linalg.norm([4, -6, 6.5]))


@pytest.mark.parametrize("target", [(0, 0, 0), (0, 5, 0)])
def test_look_at_refuses_a_view_without_horizon(target: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="no horizon"):
        look_at((0, 0, 0), target)


def test_field_of_view_reaches_from_edge_to_edge() -> None:
    intrinsics = intrinsics_from_field_of_view(48, 64, 40)
    top = np.tan(np.radians(20))
    np.testing.assert_allclose(project(intrinsics, [(0, -top, 1), (0, top, 1)]), [(32, 0), (32, 48)], atol=1e-12)


def test_projection_puts_every_point_on_its_pixel() -> None:
    """Clip coordinates, taken to the window by OpenGL's own rule, must equal K @ x / z, skew and shift included."""
    points = np.random.default_rng(0).uniform((-1, -1, 0.5), (1, 1, 9), (200, 3))
    clip = np.column_stack([points, np.ones(200)]) @ projection(SKEWED, 48, 64, 0.5, 9).T
    device = clip[:, :3] / clip[:, 3:]
    window = (device[:, :2] + 1) / 2 * (64, 48)
    np.testing.assert_allclose(window, project(SKEWED, points), atol=1e-9)
    assert device[:, 2].min() >= -1
    assert device[:, 2].max() <= 1
    ends = np.array([[0, 0, 0.5, 1], [0, 0, 9, 1]]) @ projection(SKEWED, 48, 64, 0.5, 9).T
    np.testing.assert_allclose(ends[:, 2] / ends[:, 3], [-1, 1], atol=1e-12)


def test_unproject_inverts_project() -> None:
    depth = np.random.default_rng(1).uniform(1, 5, (48, 64, 1))
    points = unproject(SKEWED, depth)
    np.testing.assert_allclose(points[..., 2:], depth)
    v, u = np.mgrid[0:48, 0:64] + 0.5
    np.testing.assert_allclose(project(SKEWED, points.reshape(-1, 3)), np.column_stack([u.ravel(), v.ravel()]))


def test_affine_moves_after_it_turns() -> None:
    np.testing.assert_allclose(transform(affine(np.diag([2, 3, 4]), (1, 1, 1)), [(1, 1, 1)]), [(3, 4, 5)])
