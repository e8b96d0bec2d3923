"""Label-free scores against their definitions, and choices that no target label can sway."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from adaptation_toys import RECIPE, image_task, run
from scipy import stats

from training.adaptation.task import Images
from training.selection import (
    SCORES,
    Evidence,
    audit,
    batch_nuclear_norm,
    best_point,
    diversity,
    information,
    label_free_scores,
    rank_correlation,
    soft_neighborhood_density,
    source_validation,
    sureness,
)
from training.selection_risk import deep_embedded_risk, density_ratios

RNG = np.random.default_rng(0)


def _evidence(target: np.ndarray, seed: int = 0) -> Evidence:
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(40, target.shape[1]))
    return Evidence.of(source, rng.normal(size=(40, 3)), rng.integers(0, target.shape[1], 40), target,
                       rng.normal(size=(len(target), 3)), -1)  # fmt: skip


def _probabilities(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def test_entropy_diversity_and_information_by_scipy() -> None:
    logits = RNG.normal(0, 2, (50, 5))
    p, evidence = _probabilities(logits), _evidence(logits)
    mean = stats.entropy(p, axis=1).mean()
    assert sureness(evidence) == pytest.approx(-mean)
    assert diversity(evidence) == pytest.approx(stats.entropy(p.mean(0)))
    assert information(evidence) == pytest.approx(stats.entropy(p.mean(0)) - mean)
    sure = _evidence(100 * np.tile(np.eye(5), (10, 1)))
    assert information(sure) == pytest.approx(np.log(5))
    assert information(_evidence(np.zeros((50, 5)))) == pytest.approx(0)
    assert information(_evidence(100 * np.eye(5)[np.zeros(50, int)])) == pytest.approx(0)


def test_nuclear_norm_is_1_for_sure_and_balanced_predictions() -> None:
    assert batch_nuclear_norm(_evidence(100 * np.tile(np.eye(5), (10, 1)))) == pytest.approx(1)
    logits = RNG.normal(0, 2, (30, 4))
    values = np.sqrt(np.linalg.eigvalsh(_probabilities(logits).T @ _probabilities(logits)))
    assert batch_nuclear_norm(_evidence(logits)) == pytest.approx(values.sum() / np.sqrt(30 * 4))


def test_soft_neighborhood_density_by_its_definition() -> None:
    logits = RNG.normal(0, 2, (20, 4))
    p = _probabilities(logits)
    rows = []
    for i in range(20):
        near = [np.exp(p[i] @ p[j] / np.linalg.norm(p[i]) / np.linalg.norm(p[j]) / 0.05) for j in range(20) if j != i]
        rows.append(stats.entropy(near))
    assert soft_neighborhood_density(_evidence(logits)) == pytest.approx(np.mean(rows))


def test_source_validation_counts_labelled_source_images_only() -> None:
    logits, labels = RNG.normal(size=(10, 3)), RNG.integers(0, 3, 10)
    labels[4:6] = -1
    made = Evidence.of(logits, RNG.normal(size=(10, 2)), labels, RNG.normal(size=(4, 3)), RNG.normal(size=(4, 2)), -1)
    kept = labels >= 0
    assert source_validation(made) == np.mean(logits.argmax(1)[kept] == labels[kept])


def test_reweighted_risk_finds_the_targets_risk_where_the_ratio_is_known() -> None:
    """Two Gaussians: the logistic regression's ratio is the true one, and errors lie on one side."""
    rng = np.random.default_rng(1)
    source, target = rng.normal(0, 1, (4000, 1)), rng.normal(1, 1, (4000, 1))
    ratios = density_ratios(source, target)
    np.testing.assert_allclose(ratios, np.exp(source[:, 0] - 0.5), rtol=0.3)
    wrong = (source[:, 0] > 1).astype(float)
    truth = stats.norm.sf(0)
    assert abs(deep_embedded_risk(source, target, wrong) - truth) < 0.04
    assert abs(wrong.mean() - truth) > 0.3


@pytest.mark.parametrize("tied", [False, True])
def test_rank_correlation_is_scipys(tied: bool) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        first, second = (rng.integers(0, 5, 12) if tied else rng.normal(size=12) for _ in range(2))
        expected = stats.spearmanr(first, second).statistic
        assert rank_correlation(first, second) == pytest.approx(expected)
    assert rank_correlation(np.ones(4), np.arange(4)) is None


def _curve(accuracies: list[float], scores: list[float]) -> list[dict[str, Any]]:
    return [{"target_accuracy": a, "scores": {"infomax": s}} for a, s in zip(accuracies, scores, strict=True)]


def test_regret_is_what_the_choice_costs() -> None:
    curve = _curve([0.5, 0.9, 0.7, 0.6], [1.0, 2.0, 3.0, 3.0])
    assert best_point(curve, "infomax") == 2
    assert best_point(curve, "oracle") == 1
    found = audit(curve, "infomax")
    assert found.regret == pytest.approx(0.2)
    assert found.correlation == pytest.approx(stats.spearmanr([0.5, 0.9, 0.7, 0.6], [1, 2, 3, 3]).statistic)
    assert best_point(_curve([0.1, 0.2], [float("nan"), -5.0]), "infomax") == 1


def test_no_target_label_can_sway_a_choice() -> None:
    """Labels of target validation images are permuted: every label-free choice stays, the oracle's need not."""
    task = image_task()
    assert task.target_watch.labels is not None
    recipe = replace(RECIPE, steps=12, watch_every=2)
    permuted = Images(task.target_watch.pixels, np.random.default_rng(5).permutation(task.target_watch.labels))
    curves = [run("dann", given, 0, recipe).curves for given in (task, replace(task, target_watch=permuted))]
    for score in SCORES:
        assert best_point(curves[0], score) == best_point(curves[1], score)
    assert [p["target_accuracy"] for p in curves[0]] != [p["target_accuracy"] for p in curves[1]]
    assert "target_labels" not in Evidence.__dataclass_fields__


def test_pixels_are_scored_by_an_even_selection_with_the_features_where_they_lie() -> None:
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(2, 64, 64, 3)), rng.integers(0, 3, (2, 64, 64))
    labels[:, :8] = 255
    features = np.arange(2 * 16 * 16, dtype=float).reshape(2, 16, 16, 1)
    made = Evidence.of(logits, features, labels, logits, features, 255)
    assert len(made.source) == len(made.target) == 2000
    kept = labels != 255
    assert (
        made.source_labels.tolist()
        == labels[kept][np.unique(np.linspace(0, kept.sum() - 1, 2000).round().astype(int))].tolist()
    )
    places = np.unique(np.linspace(0, 2 * 64 * 64 - 1, 2000).round().astype(int))
    image, row, column = np.unravel_index(places, (2, 64, 64))
    assert made.target_features[:, 0].tolist() == (image * 256 + row // 4 * 16 + column // 4).tolist()
    assert set(label_free_scores(made)) == set(SCORES)
