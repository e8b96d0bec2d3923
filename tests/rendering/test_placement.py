"""Things on a plane never meet, however crowded it gets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from shapely import Point, box

from rendering.builtin_assets import builtin_assets
from rendering.placement import footprint, place, place_freely


def test_nothing_collides_and_all_stay_inside() -> None:
    area = Point(0.1, -0.2).buffer(0.5)
    for seed in range(6):
        generator = np.random.default_rng(seed)
        assets = [builtin_assets()[index] for index in generator.integers(0, len(builtin_assets()), 12)]
        scales = generator.uniform(0.6, 1.6, 12).tolist()
        placed = place_freely(assets, area, generator, 0.004, scales=scales)
        assert len(placed) >= 6
        for one, other in itertools.combinations(placed, 2):
            assert one.footprint.distance(other.footprint) > 0.004
        for thing in placed:
            assert area.contains(thing.footprint)


def test_vertices_stay_over_the_footprint_and_on_the_plane() -> None:
    asset = builtin_assets()[1]
    placed = place(asset, 0.3, -0.4, 70, 1.5)
    points = np.c_[asset.vertices_m, np.ones(len(asset.vertices_m))] @ placed.pose.T
    assert points[:, 1].min() == pytest.approx(0, abs=1e-6)
    rim = placed.footprint.buffer(1e-6)
    assert all(rim.contains(Point(x, z)) for x, _, z, _ in points)
    assert placed.footprint.area == pytest.approx(2.25 * footprint(asset).area, rel=1e-6)


def test_what_finds_no_room_is_left_out_without_shifting_later_draws() -> None:
    assets = builtin_assets()[:5]
    crowded, roomy = np.random.default_rng(3), np.random.default_rng(3)
    few = place_freely(assets, box(0, 0, 0.25, 0.25), crowded)
    everything = place_freely(assets, box(0, 0, 9, 9), roomy)
    assert len(few) < len(everything) == 5
    assert [thing.asset for thing in everything] == list(assets)
    assert crowded.random() == roomy.random()


def test_what_stands_there_is_respected() -> None:
    assets, area = builtin_assets()[:3], box(-0.3, -0.3, 0.3, 0.3)
    taken = place_freely(assets, area, np.random.default_rng(0))
    more = place_freely(assets, area, np.random.default_rng(1), 0.0, taken)
    assert more
    for one, other in itertools.product(taken, more):
        assert not one.footprint.intersects(other.footprint)
