from __future__ import annotations

import itertools

import numpy as np
import pytest

from datasets.errors import UsageError
from training.crf import CrfOptions, refine

Place = tuple[int, int]


def _softmax(scores: np.ndarray) -> np.ndarray:
    return np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)


def _ties(image: np.ndarray, options: CrfOptions) -> dict[tuple[Place, Place], float]:
    """The strength of every pair of different places within the window, written out."""
    places = list(itertools.product(range(image.shape[0]), range(image.shape[1])))
    pairs = [(a, b) for a, b in itertools.permutations(places, 2)
             if max(abs(a[0] - b[0]), abs(a[1] - b[1])) <= options.window]  # fmt: skip
    ties = dict.fromkeys(pairs, 0.0)
    for weight, pixels, levels in (
        (options.appearance_weight, options.appearance_pixels, options.appearance_levels),
        (options.smoothness_weight, options.smoothness_pixels, np.inf),
    ):
        kernel = {}
        for a, b in pairs:
            distance, colour = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2, float(((image[a] - image[b]) ** 2).sum())
            kernel[a, b] = np.exp(-distance / (2 * pixels**2) - colour / (2 * levels**2))
        sums = {place: sum(value for (a, _), value in kernel.items() if a == place) for place in places}
        for a, b in pairs:
            ties[a, b] += weight * kernel[a, b] / np.sqrt(sums[a] * sums[b])
    return ties


def _case(seed: int, shape: tuple[int, int], classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return _softmax(rng.normal(size=(*shape, classes))), rng.integers(0, 60, (*shape, 3)).astype(np.float64)


@pytest.mark.parametrize("window", [2, 9])
def test_mean_field_is_the_sum_over_all_pairs_written_out(window: int) -> None:
    probabilities, image = _case(0, (5, 7), 3)
    options = CrfOptions(iterations=3, window=window, appearance_weight=2.0, smoothness_weight=0.7)
    belief = probabilities.copy()
    for _ in range(3):
        scores = np.log(probabilities)
        for (a, b), tie in _ties(image, options).items():
            scores[a] += tie * belief[b]
        belief = _softmax(scores)
    np.testing.assert_allclose(refine(probabilities, image, options), belief, rtol=2e-4)


def _marginals(probabilities: np.ndarray, image: np.ndarray, options: CrfOptions) -> np.ndarray:
    """The true ones of a tiny image of two classes, over all its labellings."""
    places = list(itertools.product(*(range(side) for side in probabilities.shape[:2])))
    ties = _ties(image, options)
    marginals = np.zeros_like(probabilities)
    for labels in itertools.product(range(2), repeat=len(places)):
        weight = np.prod([probabilities[place][label] for place, label in zip(places, labels, strict=True)])
        for (i, a), (j, b) in itertools.combinations(enumerate(places), 2):
            weight *= np.exp(ties[a, b] * (labels[i] == labels[j]))
        for place, label in zip(places, labels, strict=True):
            marginals[place][label] += weight
    return marginals / marginals.sum(-1, keepdims=True)


def test_mean_field_has_the_true_marginals_but_for_the_second_order_of_the_ties() -> None:
    probabilities, image = _case(1, (2, 3), 2)
    shifts, errors = [], []
    for strength in (0.1, 0.05):
        options = CrfOptions(30, 3, appearance_weight=strength, appearance_levels=50, smoothness_weight=strength / 2)
        marginals = _marginals(probabilities, image, options)
        shifts.append(np.abs(marginals - probabilities).max())
        errors.append(np.abs(marginals - refine(probabilities, image, options)).max())
    assert shifts[1] / shifts[0] == pytest.approx(1 / 2, rel=0.15)
    assert errors[1] / errors[0] == pytest.approx(1 / 4, rel=0.15)


def test_a_blurred_edge_snaps_to_the_images_edge() -> None:
    image = np.zeros((30, 40, 3))
    image[:, 20:] = 200
    rng = np.random.default_rng(2)
    slope = 1 / (1 + np.exp(-(np.arange(40) - 23.0) / 3)) + rng.normal(0, 0.15, (30, 40))
    right = np.clip(slope, 0.02, 0.98)
    truth = np.arange(40) >= 20
    refined = refine(np.stack([1 - right, right], axis=-1), image)
    before, after = ((belief > 0.5) != truth for belief in (right, refined[..., 1]))
    assert before.mean() > 0.08
    assert after.mean() < before.mean() / 3
    np.testing.assert_allclose(refined.sum(-1), 1, rtol=1e-5)
    assert refined.dtype == np.float32


def test_it_gives_the_same_each_time_and_leaves_its_arguments_alone() -> None:
    probabilities, image = _case(3, (6, 6), 4)
    kept = probabilities.copy(), image.copy()
    np.testing.assert_array_equal(refine(probabilities, image), refine(probabilities, image))
    np.testing.assert_array_equal(probabilities, kept[0])
    np.testing.assert_array_equal(image, kept[1])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\(4, 5\) do not fit an image of \(5, 4\)"):
        refine(np.ones((4, 5, 2)), np.ones((5, 4, 3)))
    with pytest.raises(UsageError, match="window must be greater than 0, got 0"):
        CrfOptions(window=0)
