from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from study_folders import entry, hits_to_logits, write_study

from training.metrics.bootstrap import Scored
from training.study.ablation import ablations
from training.study.learning_curve import (
    MIXED,
    PRETRAINED,
    REAL,
    Point,
    break_even,
    curve,
    equivalent_images,
    gain_per_doubling,
    saturation,
)
from training.study.reading import read_study

ALONE = {"sees": "labels", "synthetic": None, "synthetic_images": None}


def _scored(value: float, noise: Sequence[float] = (0.0,)) -> Scored:
    """A score whose draws are it and some noise, again and again."""
    return Scored((0,), np.array([value]), np.resize(value + np.array(noise), (1000, 1)))


def _points(counts: Sequence[int], values: Sequence[float]) -> tuple[Point, ...]:
    return tuple(Point(count, None, _scored(value)) for count, value in zip(counts, values, strict=True))  # type: ignore[arg-type]


def test_equivalent_images_run_straight_over_the_logarithm_between_points() -> None:
    points = _points((10, 40, 160), (0.2, 0.4, 0.6))
    for score, expected in ((0.4, 40.0), (0.3, 20.0), (0.55, 40 * 4**0.75)):
        found = equivalent_images(_scored(score), points)
        assert found is not None
        assert (found.value, found.low, found.high) == pytest.approx((expected,) * 3)
    assert equivalent_images(_scored(0.3), points[:1]) is None


def test_beyond_the_ends_of_the_curve_only_more_and_fewer_are_said() -> None:
    points = _points((10, 1600), (0.2, 0.6))
    below, above = (equivalent_images(_scored(score), points) for score in (0.1, 0.7))
    assert below is not None
    assert above is not None
    assert (below.words, below.interval_words) == ("fewer than 10", "")
    assert (above.words, above.interval_words) == ("more than all 1,600", "")
    wide = equivalent_images(_scored(0.6, (-0.5, 0.0, 0.01)), points)
    assert wide is not None
    assert wide.words == "1,600"
    assert wide.interval_words == "fewer than 10 to more than all 1,600"


def test_a_curve_that_dips_is_reached_where_it_is_first_reached() -> None:
    found = equivalent_images(_scored(0.3), _points((10, 20, 40, 80), (0.2, 0.4, 0.25, 0.5)))
    assert found is not None
    assert found.value == pytest.approx(10 * 2**0.5)


def test_break_even_is_where_the_difference_of_both_curves_is_gone() -> None:
    """Real alone .2, .4, .6; with synthetic .5, .5, .55: the differences -.3, -.1, .05 cross 0 two thirds on."""
    real, both = _points((10, 40, 160), (0.2, 0.4, 0.6)), _points((10, 40, 160), (0.5, 0.5, 0.55))
    found = break_even(both, real)
    assert found is not None
    assert found.value == pytest.approx(40 * 4 ** (2 / 3))
    never, at_once = break_even(_points((10, 40), (0.5, 0.5)), real), break_even(_points((10, 40), (0.1, 0.1)), real)
    assert never is not None
    assert at_once is not None
    assert never.words == "more than all 40"
    assert at_once.words == "fewer than 10"
    assert break_even(both[:1], real) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """1,000 images of two classes; every entry recognises exactly the share that is written here."""
    truth = np.arange(1000) % 2
    shares = {"source_only": 0.4, "dann": 0.5, "finetune_full": 0.85, "mixed": 0.75, "on_target": 0.8,
              "on_target_longer": 0.9, "finetune_mixed_third": 0.95,
              "real_10": 0.2, "real_40": 0.4, "finetune_40": 0.5, "synthetic_100": 0.3, "synthetic_200": 0.35,
              "without_light": 0.3, "without_noise": 0.35}  # fmt: skip
    entries = [
        entry("source_only", synthetic_images=800), entry("dann", synthetic_images=800),
        entry("finetune_full", method="on_target", sees="labels", starts_from="source_only", real_images=160),
        entry("mixed", sees="labels", real_images=160), entry("on_target", real_images=160),
        # More seeds than their like, so that a curve that took them would prefer them.
        entry("on_target_longer", seeds=(0, 1, 2, 3), real_images=160, **ALONE),
        entry("finetune_mixed_third", method="mixed", seeds=(0, 1, 2, 3), sees="labels", starts_from="source_only",
              real_images=40),
        entry("real_10", "learning_curve", (0,), method="on_target", real_images=10, **ALONE),
        entry("real_40", "learning_curve", (0,), method="on_target", real_images=40, **ALONE),
        entry("finetune_40", "learning_curve", (0,), method="on_target", sees="labels", starts_from="source_only",
              real_images=40),
        entry("synthetic_100", "saturation", (0,), synthetic_images=100, sees="nothing"),
        entry("synthetic_200", "saturation", (0,), synthetic_images=200, sees="nothing"),
        entry("without_light", "ablation", (0,), synthetic_images=800, ablates="light", sees="nothing"),
        entry("without_noise", "ablation", (0,), synthetic_images=200, ablates="noise", sees="nothing"),
    ]  # fmt: skip

    def predict(name: str, seed: int, choice: str) -> np.ndarray:
        order = np.random.default_rng(0).permutation(1000)  # nested: differences are differences of the same images
        return hits_to_logits(truth, order < 1000 * shares[name], 2)

    return write_study(tmp_path / "study", entries, truth, predict, ("even", "odd"))


def test_curves_gather_their_points_from_all_sections(folder: Path) -> None:
    study = read_study(folder)
    points = {kind: curve(study, kind) for kind in (REAL, PRETRAINED, MIXED)}
    assert {kind: [(point.images, point.entry.name) for point in found] for kind, found in points.items()} == {
        REAL: [(10, "real_10"), (40, "real_40"), (160, "on_target")],
        PRETRAINED: [(40, "finetune_40"), (160, "finetune_full")],
        MIXED: [(160, "mixed")],
    }
    worth = equivalent_images(study.scored("dann"), points[REAL])
    assert worth is not None
    assert worth.value == pytest.approx(40 * 4**0.25)
    assert worth.low < worth.value < worth.high
    even = break_even(points[PRETRAINED], points[REAL])
    assert even is not None
    assert even.words == "more than all 160"
    assert break_even(points[MIXED], points[REAL]) is None


def test_saturation_ends_at_the_floor_and_gains_are_a_doubling(folder: Path) -> None:
    points = saturation(read_study(folder))
    assert [(point.images, point.entry.name) for point in points] == [
        (100, "synthetic_100"), (200, "synthetic_200"), (800, "source_only"),
    ]  # fmt: skip
    gain = gain_per_doubling(points)
    assert gain is not None
    assert gain.value == pytest.approx(0.025)
    assert gain.interval.low < 0.025 < gain.interval.high
    assert gain_per_doubling(points[:1]) is None
    # A point near the last one, however far off its score, would be divided by a small part of a doubling.
    near = replace(points[0], images=700)
    assert gain_per_doubling((*points[:2], near, points[2])) == gain


def test_a_factor_is_held_against_a_network_that_learnt_from_as_many_images(folder: Path) -> None:
    light, noise = ablations(read_study(folder))
    assert (light.factor, noise.factor) == ("light", "noise")
    assert light.effect.value == pytest.approx(-0.1)
    assert light.effect.differs
    assert noise.effect.value == pytest.approx(0.0)
    assert not noise.effect.differs
