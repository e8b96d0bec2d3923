"""Losses between images: how far apart, as signal against noise and as structure."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

_SIDE, _DEVIATION = 11, 1.5
_K1, _K2 = 0.01, 0.03
_LEAST_ERROR = 1e-10  # of the squared range: equal images have 100 dB and a gradient that is a number


def peak_signal_to_noise(first: Any, second: Any, maximum: float = 1.0) -> Any:
    """`(n,)` decibels between two `(n, height, width, channels)`; 100 for equal ones.

    Args:
        first: images.
        second: others of the same shape.
        maximum: the range of the values.
    """
    first, second = ops.cast(first, "float32"), ops.cast(second, "float32")
    error = ops.mean(ops.square((first - second) / maximum), axis=(1, 2, 3))
    return -10 / np.log(10) * ops.log(ops.maximum(error, _LEAST_ERROR))


def structural_similarity(first: Any, second: Any, maximum: float = 1.0) -> Any:
    """`(n,)` SSIM of two `(n, height, width, channels)`: Wang et al., IEEE TIP 2004, with its Gaussian window of 11.

    The mean over all places where the window lies inside, and over channels.

    Raises:
        ValueError: a side is shorter than the window.
    """
    first, second = ops.cast(first, "float32"), ops.cast(second, "float32")
    if any(side is not None and side < _SIDE for side in first.shape[1:3]):
        raise ValueError(f"SSIM needs sides of at least {_SIDE} pixels, got {tuple(first.shape[1:3])}")
    mean_1, mean_2 = _windowed(first), _windowed(second)
    variance_1 = _windowed(first * first) - mean_1 * mean_1
    variance_2 = _windowed(second * second) - mean_2 * mean_2
    covariance = _windowed(first * second) - mean_1 * mean_2
    c1, c2 = (_K1 * maximum) ** 2, (_K2 * maximum) ** 2
    luminance = (2 * mean_1 * mean_2 + c1) / (mean_1 * mean_1 + mean_2 * mean_2 + c1)
    structure = (2 * covariance + c2) / (variance_1 + variance_2 + c2)
    return ops.mean(luminance * structure, axis=(1, 2, 3))


@keras.saving.register_keras_serializable("realitygap")
class PsnrLoss(keras.losses.Loss):
    """Minus `peak_signal_to_noise`, a number for each image.

    Args:
        maximum: the range of the values.
        options: of `keras.losses.Loss`.
    """

    def __init__(self, maximum: float = 1.0, **options: Any) -> None:
        super().__init__(**{**options, "dtype": "float32"})
        self.maximum = float(maximum)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`(n,)` losses."""
        return -peak_signal_to_noise(y_true, y_pred, self.maximum)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "maximum": self.maximum}


@keras.saving.register_keras_serializable("realitygap")
class SsimLoss(keras.losses.Loss):
    """1 - `structural_similarity`, a number for each image.

    Args:
        maximum: the range of the values.
        options: of `keras.losses.Loss`.
    """

    def __init__(self, maximum: float = 1.0, **options: Any) -> None:
        super().__init__(**{**options, "dtype": "float32"})
        self.maximum = float(maximum)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`(n,)` losses."""
        return 1 - structural_similarity(y_true, y_pred, self.maximum)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "maximum": self.maximum}


def _windowed(images: Any) -> Any:
    offsets = np.arange(_SIDE) - _SIDE // 2
    window = np.exp(-(offsets**2) / (2 * _DEVIATION**2))
    kernel = np.outer(window, window) / window.sum() ** 2
    kernel = np.repeat(kernel[:, :, None, None], images.shape[-1], axis=2)
    return ops.depthwise_conv(images, ops.convert_to_tensor(kernel, dtype="float32"), padding="valid")
