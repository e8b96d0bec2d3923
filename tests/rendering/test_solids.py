"""Built-in solids: closed, outward, and of the volume that solid geometry demands."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.errors import UsageError
from rendering.assets.orientation import is_closed
from rendering.meshes import Mesh, unique_rows
from rendering.solids import FORMS, RoundedBox, Turned
from tests.rendering.model_files import signed_volume


def welded(mesh: Mesh) -> np.ndarray:
    _, index = unique_rows(np.round(mesh.vertices[mesh.faces].reshape(-1, 3).astype(np.float64), 6))
    return index.reshape(-1, 3)


@pytest.mark.parametrize("form", FORMS)
def test_turned_solids_are_closed_at_every_level_and_get_simpler(form: str) -> None:
    levels = Turned(form, 0.3, 0.1, 0.4).levels()
    counts = [count for count, _ in levels]
    assert counts == sorted(set(counts), reverse=True)
    assert len(counts) == 3
    finest = signed_volume(levels[0][1].build().vertices, levels[0][1].build().faces)
    for count, recipe in levels:
        mesh = recipe.build()
        assert len(mesh.faces) == count
        assert is_closed(welded(mesh))
        assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(finest, rel=0.25)
        assert mesh.vertices[:, 1].min() == pytest.approx(0, abs=0.004)


def test_volumes_are_those_of_the_text_book() -> None:
    def volume(recipe: Turned | RoundedBox) -> float:
        return signed_volume(recipe.build().vertices, recipe.build().faces)

    assert volume(Turned("cylinder", 2, 0.5)) == pytest.approx(np.pi / 4 * 2, rel=0.01)
    assert volume(Turned("cone", 3, 1, slimness=1)) == pytest.approx(np.pi, rel=0.01)
    assert volume(Turned("ball", 1, 0.5)) == pytest.approx(np.pi / 6, rel=0.02)
    thick = 0.15 + 0.2 * 0.5
    assert volume(Turned("ring", 1, 1)) == pytest.approx(2 * np.pi**2 * (1 - thick) * thick**2, rel=0.02)
    (a, b, c), r = (1, 2, 3), 0.2
    steiner = (a - 2 * r) * (b - 2 * r) * (c - 2 * r) + 2 * r * (
        (a - 2 * r) * (b - 2 * r) + (b - 2 * r) * (c - 2 * r) + (a - 2 * r) * (c - 2 * r)
    )
    steiner += np.pi * r**2 * (a + b + c - 6 * r) + 4 / 3 * np.pi * r**3
    assert volume(RoundedBox(a, b, c, r)) == pytest.approx(steiner, rel=0.003)


def test_normals_of_a_ball_point_from_its_middle_and_a_box_has_its_size() -> None:
    ball = Turned("ball", 1, 0.5).build()
    np.testing.assert_allclose(ball.normals, (ball.vertices - (0, 0.5, 0)) / 0.5, atol=0.06)
    box = RoundedBox(1, 2, 3, 0.25).build()
    np.testing.assert_allclose([box.vertices.min(axis=0), box.vertices.max(axis=0)], [(-0.5, 0, -1.5), (0.5, 2, 1.5)])


def test_texture_coordinates_are_metres() -> None:
    """Every triangle has the size in the texture that it has in space, seen along its main axis."""
    mesh = RoundedBox(1, 2, 3, 0.01).build()
    assert mesh.uvs is not None
    corners, places = mesh.vertices[mesh.faces].astype(np.float64), mesh.uvs[mesh.faces].astype(np.float64)
    one, other = places[:, 1] - places[:, 0], places[:, 2] - places[:, 0]
    flat = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    solid = np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])).max(axis=1)
    np.testing.assert_allclose(flat, solid, atol=1e-5)


def test_bad_values_are_named() -> None:
    for make in (lambda: Turned("pyramid"), lambda: Turned("cup", -1), lambda: RoundedBox(rounding=0.7),
                 lambda: Turned("cup", detail=9), lambda: RoundedBox(detail=4)):  # fmt: skip
        with pytest.raises(UsageError, match="form|above 0|rounding|detail"):
            make()
