from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from datasets.errors import UsageError
from training.instances import instance_map, predicted_instances
from training.metrics.average_precision import InstanceMatches

ROAD, CAR, PERSON = 7, 26, 24


def _disc(shape: tuple[int, int], row: float, column: float, radius: float) -> np.ndarray:
    rows, columns = np.indices(shape)
    return (rows - row) ** 2 + (columns - column) ** 2 <= radius**2


def _street() -> np.ndarray:
    semantic = np.full((60, 80), ROAD, np.uint8)
    semantic[_disc((60, 80), 20, 20, 11)] = CAR
    semantic[_disc((60, 80), 20, 60, 8)] = CAR
    semantic[50:58, 4:7] = PERSON
    semantic[2, 2] = CAR
    return semantic


def test_components_are_those_of_scipy_by_falling_size_and_all_else_stays() -> None:
    semantic = _street()
    instances = instance_map(semantic, (PERSON, CAR))
    np.testing.assert_array_equal(np.where(instances >= 1000, instances // 1000, instances), semantic)
    for label in (PERSON, CAR):
        parts, count = ndimage.label(semantic == label, np.ones((3, 3)))
        sizes = sorted(np.bincount(parts.ravel())[1:].tolist(), reverse=True)
        assert [int((instances == label * 1000 + n).sum()) for n in range(count)] == sizes
        assert label * 1000 + count not in instances
    assert instances[2, 2] == CAR * 1000 + 2


def test_small_objects_keep_their_class_alone() -> None:
    instances = instance_map(_street(), (PERSON, CAR), least_pixels=10)
    assert instances[2, 2] == CAR
    assert set(np.unique(instances[instances >= 1000]).tolist()) == {CAR * 1000, CAR * 1000 + 1, PERSON * 1000}


def test_watershed_cuts_where_two_discs_touch() -> None:
    shape = (60, 90)
    left, right = _disc(shape, 30, 28, 15), _disc(shape, 30, 54, 13)
    semantic = np.where(left | right, CAR, ROAD)
    semantic[5:8, 70:88] = CAR  # thin: no inscribed circle, an object nevertheless
    assert len(predicted_instances(instance_map(semantic, (CAR,)))) == 2
    instances = instance_map(semantic, (CAR,), "watershed")
    found = predicted_instances(instances)
    assert len(found) == 3
    rows, columns = np.indices(shape)
    # The power diagram of two circles: the line through the points where they cross.
    nearer_left = (rows - 30) ** 2 + (columns - 28) ** 2 - 15**2 < (rows - 30) ** 2 + (columns - 54) ** 2 - 13**2
    for each, expected in zip(found, ((left | right) & nearer_left, (left | right) & ~nearer_left), strict=False):
        assert (each.mask & expected).sum() / (each.mask | expected).sum() > 0.95
    np.testing.assert_array_equal(instances >= 1000, semantic == CAR)


def test_watershed_cuts_no_small_blob_off() -> None:
    shape = (50, 60)
    semantic = np.where(_disc(shape, 25, 22, 14) | _disc(shape, 25, 40, 4), CAR, ROAD)
    semantic[25, 36:38] = CAR
    whole = instance_map(semantic, (CAR,), "watershed", least_radius=6)
    assert len(predicted_instances(whole)) == 1
    assert len(predicted_instances(instance_map(semantic, (CAR,), "watershed", least_radius=2))) == 2


@pytest.mark.parametrize("seed", range(5))
def test_watershed_keeps_every_pixel_and_never_joins_what_is_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.normal(size=(70, 90)), 3) > 0.05
    instances = instance_map(np.where(mask, CAR, ROAD), (CAR,), "watershed")
    np.testing.assert_array_equal(instances >= 1000, mask)
    parts = ndimage.label(mask, np.ones((3, 3)))[0]
    for number in np.unique(instances[mask]):
        assert len(np.unique(parts[instances == number])) == 1


def test_average_precision_of_the_true_map_is_1_and_falls_with_errors() -> None:
    truth = instance_map(_street(), (PERSON, CAR), least_pixels=10)
    wrong = _street()
    wrong[_disc((60, 80), 20, 60, 8)] = ROAD
    matches, worse = InstanceMatches((PERSON, CAR), least_pixels=10), InstanceMatches((PERSON, CAR), least_pixels=10)
    matches.add(truth, predicted_instances(truth), void=())
    worse.add(truth, predicted_instances(instance_map(wrong, (PERSON, CAR), least_pixels=10)), void=())
    assert matches.scores()["ap"] == pytest.approx(1)
    assert worse.scores()["ap_by_class"][CAR] < 0.8 < worse.scores()["ap_by_class"][PERSON]  # type: ignore[index]


def test_confidence_is_the_mean_probability() -> None:
    instances = np.full((4, 4), ROAD)
    instances[:2, :2] = CAR * 1000
    probabilities = np.linspace(0, 1, 16).reshape(4, 4)
    (found,) = predicted_instances(instances, probabilities)
    assert (found.label, found.score) == (CAR, pytest.approx(probabilities[:2, :2].mean()))


def test_of_a_class_a_thousand_objects_are_numbered() -> None:
    semantic = np.full((80, 80), ROAD)
    semantic[::2, ::2] = CAR
    instances = instance_map(semantic, (CAR,))
    assert len(np.unique(instances[instances >= 1000])) == 1000
    assert (instances == CAR).sum() == 1600 - 1000


def test_what_cannot_be_numbered_is_refused() -> None:
    with pytest.raises(UsageError, match=r"must be 1 or more, got \[0, 3\]"):
        instance_map(np.zeros((2, 2), int), (3, 0))
    with pytest.raises(UsageError, match="by components or watershed, got 'magic'"):
        instance_map(np.zeros((2, 2), int), (3,), "magic")  # type: ignore[arg-type]
