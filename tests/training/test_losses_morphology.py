from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from training.losses.morphology import dilated, eroded, outlines


@pytest.mark.parametrize("radius", [1, 2, 4])
def test_dilation_and_erosion_are_scipys(radius: int) -> None:
    masks = np.random.default_rng(radius).random((3, 17, 23)) < 0.2
    square = np.ones((2 * radius + 1, 2 * radius + 1), bool)
    for given, grown, shrunk in zip(
        ~masks, np.asarray(dilated(masks, radius)), np.asarray(eroded(~masks, radius)), strict=True
    ):
        np.testing.assert_array_equal(grown, ndimage.binary_dilation(~given, square))
        np.testing.assert_array_equal(shrunk, ndimage.binary_erosion(given, square, border_value=1))


def test_a_lone_pixel_grows_to_nine() -> None:
    mask = np.zeros((1, 5, 5), bool)
    mask[0, 2, 2] = True
    assert np.asarray(dilated(mask, 1)).sum() == 9


def test_neither_the_border_of_the_image_nor_void_is_an_outline() -> None:
    labels = np.full((1, 6, 8), 3)
    labels[0, :, 4] = 255
    assert not np.asarray(outlines(labels, labels != 255)).any()


def test_an_outline_is_where_two_classes_touch() -> None:
    labels = np.zeros((1, 6, 8), int)
    labels[0, :, 4:] = 7
    labels[0, 0, 3] = 255
    expected = np.zeros((6, 8), bool)
    expected[:, 3:5] = True
    expected[0, 3] = False  # void; (0, 4) touches (1, 3)
    np.testing.assert_array_equal(np.asarray(outlines(labels, labels != 255))[0], expected)
