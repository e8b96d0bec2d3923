"""Distances between samples whose true distance is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

from training.distances import (
    DISTANCES,
    kernel_inception_distance,
    maximum_mean_discrepancy,
    pixel_features,
    placed,
    proxy_a_distance,
)
from training.embedding import neighbours, principal_components


def _normal(mean: float, count: int = 400, seed: int = 0, channels: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, (count, channels))


def _unbiased(kernel: np.ndarray, n: int) -> float:
    xx, yy, xy = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
    m = len(yy)
    return float((xx.sum() - np.trace(xx)) / n / (n - 1) + (yy.sum() - np.trace(yy)) / m / (m - 1) - 2 * xy.mean())


def test_proxy_a_distance_runs_from_0_to_2() -> None:
    assert proxy_a_distance(_normal(0, seed=1), _normal(0, seed=2)) < 0.25
    assert proxy_a_distance(_normal(0, seed=1), _normal(9, seed=2)) == 2.0
    # One number of deviation 1, means 2 apart: the best boundary errs with the tail beyond 1, 0.1587.
    middle = proxy_a_distance(_normal(0, 4000, 1, 1), _normal(2, 4000, 2, 1))
    assert middle == pytest.approx(2 * (1 - 2 * 0.1587), abs=0.06)


def test_unequal_numbers_of_images_bring_no_distance() -> None:
    assert proxy_a_distance(_normal(0, 1600, 1), _normal(0, 200, 2)) < 0.3


def test_kernel_distances_by_scikit_learns_kernels() -> None:
    x, y = _normal(0, 60, 1), _normal(0.7, 50, 2)
    rows = np.concatenate([x, y])
    assert kernel_inception_distance(x, y) == pytest.approx(
        _unbiased(polynomial_kernel(rows, degree=3, gamma=1 / 6, coef0=1), 60)
    )
    squared = np.square(rows[:, None] - rows[None]).sum(-1)
    scale = squared.sum() / (110 * 109)
    kernel = np.mean([rbf_kernel(rows, gamma=1 / (b * scale)) for b in (0.25, 0.5, 1, 2, 4)], axis=0)
    assert maximum_mean_discrepancy(x, y) == pytest.approx(_unbiased(kernel, 60))


@pytest.mark.parametrize("distance", [maximum_mean_discrepancy, kernel_inception_distance])
def test_kernel_distances_have_mean_0_between_equal_distributions(distance) -> None:  # type: ignore[no-untyped-def]
    values = [distance(_normal(0, 60, seed), _normal(0, 60, 1000 + seed)) for seed in range(40)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(40)
    assert distance(_normal(0, 60, 1), _normal(1, 60, 2)) > 10 * np.std(values)


def test_placed_between_halves_of_the_target_and_noise() -> None:
    target, noise = _normal(0, 400, 1), _normal(6, 400, 3)
    for name, distance in DISTANCES.items():
        near = placed(distance, _normal(0, 400, 2), target, noise)
        far = placed(distance, _normal(3, 400, 2), target, noise)
        assert near.share is not None, name
        assert far.share is not None, name
        assert abs(near.value - near.floor) < 0.3 * (far.value - near.floor), name
        assert near.share < far.share, name
        assert far.ceiling > near.floor, name


def test_pixel_features_are_means_of_cells() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3)).astype(np.uint8)
    found = pixel_features(images, 4).reshape(3, 4, 4, 3)
    np.testing.assert_allclose(found[:, 1, 2], images[:, 5:10, 15:22].mean((1, 2)) / 255)
    assert found.shape == (3, 4, 4, 3)


def test_principal_components_are_scikit_learns_but_for_the_sign() -> None:
    from sklearn.decomposition import PCA

    rows = np.random.default_rng(0).normal(size=(50, 7)) * np.arange(1, 8)
    np.testing.assert_allclose(np.abs(principal_components(rows)), np.abs(PCA(2).fit_transform(rows)), atol=1e-8)


def test_neighbours_keep_clusters_apart_and_are_the_same_again() -> None:
    rows = np.concatenate([_normal(0, 40, 1), _normal(30, 40, 2)])
    plane = neighbours(rows)
    one, other = plane[:40], plane[40:]
    spread = max(part.std(axis=0).max() for part in (one, other))
    assert np.linalg.norm(one.mean(0) - other.mean(0)) > 3 * spread
    np.testing.assert_array_equal(plane, neighbours(rows))
