"""Closed pieces that face inwards, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from rendering.assets.orientation import is_closed, turn_outwards
from rendering.assets.parts import RawPart
from tests.rendering.model_files import CUBE, CUBE_FACES, signed_volume


def cube(flip: bool, shift: float = 0.0, size: float = 1.0) -> RawPart:
    return RawPart(CUBE.astype(np.float64) * size + shift, CUBE_FACES[:, ::-1] if flip else CUBE_FACES)


def volumes(parts: list[RawPart]) -> list[float]:
    return [signed_volume(part.positions, part.triangles) for part in parts]


def test_only_what_is_wrong_is_turned() -> None:
    turned, count = turn_outwards([cube(False), cube(True, 5), cube(False, 10)])
    assert count == 1
    assert volumes(turned) == pytest.approx([1, 1, 1])


def test_a_hollow_within_another_piece_stays() -> None:
    turned, count = turn_outwards([cube(False, 0, 3), cube(True, 1, 1)])
    assert (count, volumes(turned)) == (0, pytest.approx([27, -1]))


def test_a_piece_that_spans_parts_and_one_that_is_open() -> None:
    whole = cube(True)
    halves = [RawPart(whole.positions, whole.triangles[:5]), RawPart(whole.positions, whole.triangles[5:])]
    turned, count = turn_outwards(halves)
    assert count == 1
    assert sum(volumes(turned)) == pytest.approx(1)
    assert turn_outwards(halves[:1])[1] == 0
    assert is_closed(CUBE_FACES)
    assert not is_closed(CUBE_FACES[1:])


def test_normals_turn_with_their_faces_only_if_they_agreed_with_them() -> None:
    outwards = CUBE.astype(np.float64) - 0.5
    wrong = cube(True)
    for normals in (outwards, -outwards):
        part = RawPart(wrong.positions, wrong.triangles, normals=normals)
        (turned,), _ = turn_outwards([part])
        assert turned.normals is not None
        np.testing.assert_array_equal(turned.normals, outwards)
