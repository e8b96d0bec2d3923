from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from training.losses.images import PsnrLoss, SsimLoss, peak_signal_to_noise, structural_similarity


def _pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.random((3, 24, 31, 3)), (0, 2, 2, 0)) * 255
    return smooth, np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255)


def test_psnr_is_the_formula_and_tensorflows() -> None:
    first, second = _pair()
    expected = [10 * np.log10(255**2 / np.mean((a - b) ** 2)) for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(peak_signal_to_noise(first, second, 255), expected, rtol=1e-5)
    np.testing.assert_allclose(tf.image.psnr(first.astype(np.float32), second.astype(np.float32), 255), expected, 1e-5)
    assert float(PsnrLoss(255)(first, second)) == pytest.approx(-np.mean(expected), rel=1e-5)
    np.testing.assert_allclose(peak_signal_to_noise(first, first, 255), 100, rtol=1e-5)


def test_ssim_is_scipys_and_tensorflows() -> None:
    first, second = _pair()

    def windowed(values: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(values, (1.5, 1.5, 0), radius=(5, 5, 0))[5:-5, 5:-5]

    expected = []
    for a, b in zip(first, second, strict=True):
        ma, mb = windowed(a), windowed(b)
        va, vb, vab = windowed(a * a) - ma * ma, windowed(b * b) - mb * mb, windowed(a * b) - ma * mb
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        expected.append(np.mean((2 * ma * mb + c1) * (2 * vab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))))
    ours = np.asarray(structural_similarity(first, second, 255))
    np.testing.assert_allclose(ours, expected, rtol=2e-4)
    np.testing.assert_allclose(ours, tf.image.ssim(first.astype(np.float32), second.astype(np.float32), 255), rtol=2e-4)
    assert float(SsimLoss(255)(first, second)) == pytest.approx(1 - np.mean(expected), rel=1e-3)
    np.testing.assert_allclose(structural_similarity(first, first, 255), 1, rtol=1e-4)


def test_images_below_the_window_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 11 pixels"):
        structural_similarity(np.zeros((1, 10, 30, 1)), np.zeros((1, 10, 30, 1)))
