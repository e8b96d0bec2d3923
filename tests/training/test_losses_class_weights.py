from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from datasets.errors import UsageError
from datasets.label_lookups import lookup
from datasets.labels import IGNORE, LABEL_SPACES
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.statistics import Statistics
from training.losses.class_weights import class_weights

SPACE = LABEL_SPACES["pets_trimap"]  # stored ids 1, 2, 3


def _maps() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    maps = [rng.choice([1, 2, 3, IGNORE], (9, 7), p=[0.1, 0.6, 0.25, 0.05]).astype(np.uint8) for _ in range(4)]
    maps[1][maps[1] == 1] = 2
    maps[3][maps[3] == 3] = 2
    return maps


def _statistics(maps: list[np.ndarray]) -> dict[str, Any]:
    schema = Schema.of(Column("image", (None, None, 3)), Column("semantic", (None, None, 1), "pets_trimap"))
    statistics = Statistics()
    for index, ids in enumerate(maps):
        image = np.asarray(Image.new("RGB", ids.shape[::-1]))
        statistics.add(Sample(f"{index}", image, semantic=ids[:, :, None]), schema)  # type: ignore[arg-type]
    return statistics.to_json()


def test_median_frequency_is_counted_over_the_images_that_have_the_class() -> None:
    maps = _maps()
    frequency = []
    for stored in SPACE.ids:
        having = [ids for ids in maps if (ids == stored).any()]
        frequency.append(sum((ids == stored).sum() for ids in having) / sum(ids.size for ids in having))
    expected = np.median(frequency) / np.array(frequency)
    np.testing.assert_allclose(class_weights("median_frequency", _statistics(maps), SPACE), expected, rtol=1e-12)


def test_log_inverse_is_of_shares_of_the_labelled_pixels() -> None:
    maps = _maps()
    labelled = np.concatenate([ids[ids != IGNORE] for ids in maps])
    expected = [1 / np.log(1.02 + np.mean(labelled == stored)) for stored in SPACE.ids]
    np.testing.assert_allclose(class_weights("log_inverse", _statistics(maps), SPACE), expected, rtol=1e-12)


def test_a_class_that_does_not_occur_weighs_nothing_or_the_most() -> None:
    maps = [np.where(ids == 3, 2, ids).astype(np.uint8) for ids in _maps()]
    assert class_weights("median_frequency", _statistics(maps), SPACE)[2] == 0
    assert class_weights("log_inverse", _statistics(maps), SPACE)[2] == pytest.approx(1 / np.log(1.02))


def test_stored_ids_of_another_space_are_added_up_by_their_class() -> None:
    statistics = {
        "examples": 2, "sizes": {"10x10": 2},
        "pixels": {"semantic": {"7": 100, "24": 20, "25": 30, "0": 50}},
        "images": {"semantic": {"7": 2, "24": 2, "25": 1, "0": 2}},
    }  # fmt: skip
    table = lookup("cityscapes_ids", "street8").table
    weights = class_weights("log_inverse", statistics, LABEL_SPACES["street8"], table=table)
    assert weights[6] == pytest.approx(1 / np.log(1.02 + 50 / 150))
    median = class_weights("median_frequency", statistics, LABEL_SPACES["street8"], table=table)
    np.testing.assert_allclose([median[0], median[6]], np.median([0.5, 0.25]) / [0.5, 0.25])
    assert sum(median) == pytest.approx(median[0] + median[6])


def test_what_cannot_be_weighed_is_refused() -> None:
    with pytest.raises(UsageError, match="no class weights 'equal'; there are median_frequency, log_inverse"):
        class_weights("equal", {}, SPACE)
    with pytest.raises(UsageError, match="counts no pixels of 'semantic'"):
        class_weights("log_inverse", {"pixels": {}}, SPACE)
