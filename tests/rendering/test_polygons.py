"""Polygons in space: the triangles fill them exactly, whatever their shape and plane."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from rendering.assets.polygons import triangulate_polygon
from rendering.geometry import rotation

SHAPES = {
    "square": [(0, 0), (1, 0), (1, 1), (0, 1)],
    "arrow": [(0, 0), (2, 1), (0, 2), (0.7, 1)],
    "comb": [(0, 0), (7, 0), (7, 3), (6, 3), (6, 1), (5, 1), (5, 3), (4, 3), (4, 1), (3, 1), (3, 3), (2, 3), (2, 1),
             (1, 1), (1, 3), (0, 3)],
    "on a line": [(0, 0), (1, 0), (2, 0), (3, 0), (3, 1), (0, 1)],
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("turn", [(0, 0, 0), (90, 0, 0), (0, 90, 0), (200, 35, 70), (0, -90, 0)])
@pytest.mark.parametrize("backwards", [False, True])
def test_triangles_fill_the_polygon_and_turn_its_way(name: str, turn: tuple[float, ...], backwards: bool) -> None:
    flat = np.array(SHAPES[name][:: -1 if backwards else 1], np.float64)
    points = np.column_stack([flat, np.zeros(len(flat))]) @ rotation(*turn).T + (3, -2, 5)
    triangles = triangulate_polygon(points)
    assert triangles.shape == (len(flat) - 2, 3)
    pieces = [shapely.Polygon(flat[list(row)]) for row in triangles]
    whole = shapely.Polygon(flat)
    assert sum(piece.area for piece in pieces) == pytest.approx(whole.area)
    assert shapely.unary_union(pieces).symmetric_difference(whole).area == pytest.approx(0, abs=1e-9)
    for piece in pieces:
        assert piece.area == 0 or piece.exterior.is_ccw != backwards


def test_random_stars_are_filled() -> None:
    generator = np.random.default_rng(0)
    for _ in range(40):
        count = generator.integers(5, 40)
        turn = np.sort(generator.random(count)) * 2 * np.pi
        flat = np.column_stack([np.cos(turn), np.sin(turn)]) * generator.uniform(0.2, 1, (count, 1)) + (0.3, 0)
        whole = shapely.Polygon(flat)
        if not whole.is_valid:
            continue
        pieces = [shapely.Polygon(flat[list(row)]) for row in
                  triangulate_polygon(np.column_stack([flat, np.zeros(count)]))]  # fmt: skip
        assert sum(piece.area for piece in pieces) == pytest.approx(whole.area)
