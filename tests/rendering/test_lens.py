"""Radial distortion: there and back, against the published polynomial, and refused where it folds."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.errors import UsageError
from rendering.lens import distort, lens_map, undistort

K = np.array([[120.0, 3.0, 60.0], [0.0, 110.0, 45.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("distortion", [(-0.4, 0.1), (0.5, 0.2), (0.0, 0.0), (-0.2, -0.05)])
def test_distortion_follows_the_polynomial_and_comes_back(distortion: tuple[float, float]) -> None:
    generator = np.random.default_rng(0)
    pixels = generator.uniform((0, 0), (128, 96), (500, 2))
    rays = np.column_stack([pixels, np.ones(500)]) @ np.linalg.inv(K).T
    squared = (rays[:, :2] ** 2).sum(axis=1, keepdims=True)
    bent = rays[:, :2] * (1 + distortion[0] * squared + distortion[1] * squared**2)
    wanted = (np.column_stack([bent, np.ones(500)]) @ K.T)[:, :2]
    np.testing.assert_allclose(distort(K, pixels, distortion), wanted, atol=1e-9)
    np.testing.assert_allclose(undistort(K, wanted, distortion), pixels, atol=1e-6)


def test_the_wider_frame_holds_all_that_a_barrel_shows_and_a_pincushion_needs_none() -> None:
    barrel, pincushion = lens_map(K, 96, 128, (-0.4, 0.1)), lens_map(K, 96, 128, (0.5, 0.0))
    rows, columns = barrel.margin
    assert rows > 3
    assert barrel.places.min() >= 0
    assert (barrel.places <= (128 + 2 * columns, 96 + 2 * rows)).all()
    assert max(pincushion.margin) <= 1
    v, u = np.mgrid[0 : 96 + 2 * rows, 0 : 128 + 2 * columns] + 0.5
    ramp = np.stack([u, v], axis=-1).astype(np.float32)
    np.testing.assert_allclose(barrel.light(ramp), barrel.places, atol=1e-3)
    assert np.abs(barrel.labels(ramp) - barrel.places).max() <= 0.5 + 1e-5


def test_lenses_that_fold_the_picture_are_refused() -> None:
    with pytest.raises(UsageError, match="folds the picture"):
        lens_map(K, 96, 128, (-3.0, 0.0))
