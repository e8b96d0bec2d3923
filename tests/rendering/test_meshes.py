"""Normals against solids whose normals are known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from rendering.meshes import Mesh, shade, unique_rows


def test_a_cube_stays_sharp() -> None:
    box = trimesh.creation.box()
    mesh = shade(np.asarray(box.vertices), np.asarray(box.faces))
    assert len(mesh.vertices) == 24  # three normals at each of eight corners
    face_normals = mesh.normals[mesh.faces]
    np.testing.assert_allclose(face_normals, np.repeat(box.face_normals[:, None], 3, axis=1), atol=1e-6)


def test_a_sphere_becomes_smooth() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    mesh = shade(np.asarray(ball.vertices), np.asarray(ball.faces))
    assert len(mesh.vertices) == len(ball.vertices)
    assert np.abs(mesh.normals - mesh.vertices).max() < 0.015
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-6)


def test_the_crease_angle_decides() -> None:
    """Two faces that meet at 30 degrees share a normal above that angle and not below."""
    tilt = np.radians(30)
    positions = np.array([(0, 0, 0), (0, 1, 0), (-1, 0, 0), (np.cos(tilt), 0, -np.sin(tilt))])
    triangles = np.array([(0, 1, 2), (0, 3, 1)])
    assert len(shade(positions, triangles, crease_deg=31).vertices) == 4
    assert len(shade(positions, triangles, crease_deg=29).vertices) == 6


def test_unique_rows_agree_with_numpy() -> None:
    rows = np.random.default_rng(0).integers(-2, 3, (500, 3)).astype(np.float64) * 0.1
    rows[::7] *= -0.0
    first, index = unique_rows(rows)
    wanted, wanted_first, wanted_index = np.unique(rows + 0.0, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(rows[first], wanted)
    np.testing.assert_array_equal(index, wanted_index)
    np.testing.assert_array_equal(first, wanted_first)


def test_bad_arrays_are_named() -> None:
    points, faces = np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.uint32)
    with pytest.raises(ValueError, match=r"vertices must be float32 \(n, 3\), got float64"):
        Mesh(points.astype(np.float64), points, faces)
    with pytest.raises(ValueError, match="3 vertices but 2 normals"):
        Mesh(points, points[:2], faces)
    with pytest.raises(ValueError, match="names vertex 3, there are 3"):
        Mesh(points, points, faces + 1)
