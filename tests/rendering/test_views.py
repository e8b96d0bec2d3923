"""Viewpoints, distances and crops, against the geometry that they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from rendering.geometry import intrinsics_from_field_of_view, look_at, project, transform
from rendering.views import crop_around, crop_intrinsics, distance_to_fit_m, fibonacci_sphere, orbit


def test_the_sphere_is_covered_evenly() -> None:
    points = fibonacci_sphere(2000)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(points.T @ points / 2000, np.eye(3) / 3, atol=2e-3)
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    assert nearest.min() > 0.75 * nearest.mean()
    corners = np.random.default_rng(0).standard_normal((5000, 3))
    holes = cKDTree(points).query(corners / np.linalg.norm(corners, axis=1, keepdims=True))[0]
    assert holes.max() < 1.3 * nearest.mean()


def test_belts_and_orbits_keep_their_elevation() -> None:
    elevation = np.degrees(np.arcsin(fibonacci_sphere(500, -10, 60)[:, 1]))
    assert elevation.min() == pytest.approx(-10, abs=0.1)
    assert elevation.max() == pytest.approx(60, abs=0.3)
    turn = orbit(8, 30)
    np.testing.assert_allclose(turn[:, 1], 0.5)
    np.testing.assert_allclose(turn[0], (0, 0.5, np.sqrt(0.75)))
    np.testing.assert_allclose(turn[2], (np.sqrt(0.75), 0.5, 0), atol=1e-12)
    for wrong in ((0, -90, 90), (5, 30, 30), (5, -100, 0)):
        with pytest.raises(ValueError, match="viewpoints"):
            fibonacci_sphere(*wrong)


@pytest.mark.parametrize("fill", [0.2, 0.7, 1.0])
@pytest.mark.parametrize("angle", [10.0, 60.0, 110.0])
def test_a_ball_fills_its_share_of_the_frame(fill: float, angle: float) -> None:
    """The rim of a ball, as seen: points where the line of sight touches it."""
    distance = distance_to_fit_m(0.3, fill, angle)
    sine = 0.3 / distance
    rim = np.array([[0, side * 0.3 * np.sqrt(1 - sine**2), distance - 0.3 * sine] for side in (-1, 1)])
    pixels = project(intrinsics_from_field_of_view(200, 100, angle), rim)
    assert pixels[1, 1] - pixels[0, 1] == pytest.approx(200 * fill)


def test_a_crop_follows_the_distance_and_its_camera_shows_just_that() -> None:
    intrinsics = intrinsics_from_field_of_view(480, 640, 50)
    intrinsics[0, 1] = 7.0  # skew
    target = np.array([0.4, -0.2, 0.1])
    sides = []
    for distance in (2.0, 4.0):
        view = look_at((0, 0, distance), (0.2, 0.1, 0))
        crop = crop_around(intrinsics, view, target, 0.5)
        sides.append(crop[2] - crop[0])
        shown = crop_intrinsics(intrinsics, crop, 64, 64)
        point = transform(view, target[None])
        np.testing.assert_allclose(project(shown, point)[0], (32, 32), atol=1e-9)
        others = point + np.random.default_rng(0).uniform(-0.2, 0.2, (20, 3))
        scale = 64 / (crop[2] - crop[0])
        np.testing.assert_allclose(project(shown, others), (project(intrinsics, others) - crop[:2]) * scale, atol=1e-9)
        assert sides[-1] == pytest.approx(0.5 * intrinsics[0, 0] / point[0, 2])
    assert sides[0] > 1.8 * sides[1]
    with pytest.raises(ValueError, match="in front of the camera"):
        crop_around(intrinsics, look_at((0, 0, 2), (0, 0, 3)), target, 0.5)
