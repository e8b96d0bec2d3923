from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datasets.runs import count_distinct, count_ids


@pytest.fixture(params=["in C", "without"], autouse=True, scope="module")
def _loops(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "without":
            patch.setattr("datasets.runs.kernels", lambda: None)
        yield


_SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(1))


@given(arrays(np.uint8, _SHAPES))
def test_counts_are_those_of_a_plain_count_whatever_the_map(ids: np.ndarray) -> None:
    np.testing.assert_array_equal(count_ids(ids), np.bincount(ids.ravel(), minlength=256))


@given(arrays(np.uint16, _SHAPES))
def test_distinct_ids_are_counted_without_the_background(ids: np.ndarray) -> None:
    assert count_distinct(ids) == len(set(ids.ravel().tolist()) - {0})


@pytest.mark.parametrize("classes", [1, 2, 255])
@pytest.mark.parametrize("patch", [1, 7, 64])
def test_patches_and_noise_of_a_true_size_are_counted_alike(classes: int, patch: int) -> None:
    coarse = np.random.default_rng(patch).integers(0, classes, (200 // patch + 1, 300 // patch + 1), np.uint8)
    ids = np.kron(coarse, np.ones((patch, patch), np.uint8))[:200, :300, None]
    np.testing.assert_array_equal(count_ids(ids), np.bincount(ids.ravel(), minlength=256))
    assert count_distinct(ids) == len(set(np.unique(ids).tolist()) - {0})
    transposed = ids.transpose(1, 0, 2)  # not contiguous
    np.testing.assert_array_equal(count_ids(transposed), np.bincount(ids.ravel(), minlength=256))
