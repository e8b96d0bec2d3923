from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from datasets.sums import sum_bands, sum_squares


@pytest.fixture(params=["in C", "without"], autouse=True)
def _loops(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "without":
            patch.setattr("datasets.sums.kernels", lambda: None)
        yield


def _rows(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width), np.uint8)


@pytest.mark.parametrize("width", [1, 7, 16, 133])
@pytest.mark.parametrize("step", [1, 3])
def test_bands_are_added_up_as_in_plain_numbers(width: int, step: int) -> None:
    rows, edges = _rows(100, width)[::step], (0, 1, 9, 30)
    wanted = [[sum(int(value) for value in column[a:b]) for column in rows.T] for a, b in ((0, 1), (1, 9), (9, 30))]
    np.testing.assert_array_equal(sum_bands(rows, edges), wanted)


@pytest.mark.parametrize("step", [1, 2])
def test_squares_are_added_up_as_in_plain_numbers(step: int) -> None:
    rows = _rows(256, 45)[::step]
    wide = rows.astype(np.int64)
    sums, squares = sum_squares(rows)
    np.testing.assert_array_equal(sums, wide.sum(axis=0))
    np.testing.assert_array_equal(squares, (wide * wide).sum(axis=0))


def test_the_brightest_rows_fit() -> None:
    bright = np.full((257, 33), 255, np.uint8)
    assert set(sum_bands(bright, (0, 257)).ravel()) == {257 * 255}
    sums, squares = sum_squares(bright)
    assert (set(sums), set(squares)) == ({257 * 255}, {257 * 255 * 255})
