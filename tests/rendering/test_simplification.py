"""Levels of detail: half the triangles, the same surface, the same attributes, from the cache to the byte."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import trimesh

from datasets.cache_folder import CACHE_VARIABLE
from rendering.assets.level_cache import cached_levels
from rendering.assets.simplification import simplified_levels
from rendering.meshes import Mesh, shade


def ball(colour: tuple[float, ...] | None = None) -> Mesh:
    """A ball of 5,120 triangles whose texture coordinates are its own x and y."""
    rough = trimesh.creation.icosphere(subdivisions=4)
    mesh = shade(np.asarray(rough.vertices), np.asarray(rough.faces))
    colours = None if colour is None else np.tile(np.float32(colour), (len(mesh.vertices), 1))
    return Mesh(mesh.vertices, mesh.normals, mesh.faces, np.ascontiguousarray(mesh.vertices[:, :2]), colours)


def arrays(levels: Sequence[Sequence[Mesh | None]]) -> list[bytes]:
    return [
        b"" if mesh is None else b"|".join(
            b"-" if array is None else array.tobytes()
            for array in (mesh.vertices, mesh.normals, mesh.faces, mesh.uvs, mesh.colours)
        )
        for row in levels
        for mesh in row
    ]  # fmt: skip


def test_each_level_halves_the_triangles_and_stays_on_the_ball() -> None:
    levels = [row[0] for row in simplified_levels([ball((0.2, 0.4, 0.6, 1.0))])]
    assert len(levels) >= 4
    before = 5120
    for mesh in levels:
        assert mesh is not None
        assert 0.4 * before < len(mesh.faces) < 0.6 * before
        before = len(mesh.faces)
        error_allowed = 2 * np.sqrt(3) / np.sqrt(2 * before) + 1e-3
        assert np.abs(np.linalg.norm(mesh.vertices, axis=1) - 1).max() < error_allowed
        assert mesh.uvs is not None
        assert mesh.colours is not None
        assert np.abs(mesh.normals - mesh.vertices).max() < 0.2
        assert np.abs(mesh.uvs - mesh.vertices[:, :2]).max() < 0.2
        np.testing.assert_allclose(mesh.colours, np.tile(np.float32([0.2, 0.4, 0.6, 1.0]), (len(mesh.vertices), 1)))


def test_parts_keep_their_places_and_no_gap_opens_between_them() -> None:
    """A ball in two halves of two materials: each stays on its side, and the seam has the same points on both."""
    whole = ball()
    centre = whole.vertices[whole.faces].mean(axis=1)
    halves = [Mesh(whole.vertices, whole.normals, whole.faces[side], whole.uvs)
              for side in (centre[:, 0] < 0, centre[:, 0] >= 0)]  # fmt: skip
    first = simplified_levels(halves)[1]
    assert first[0] is not None
    assert first[1] is not None
    left, right = (mesh.vertices[mesh.faces].mean(axis=1)[:, 0] for mesh in first if mesh is not None)
    assert (left < 0.1).all()
    assert (right > -0.1).all()
    corners = np.concatenate([mesh.vertices[mesh.faces] for mesh in first if mesh is not None])
    points, index = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    closed = trimesh.Trimesh(points, index.reshape(-1, 3), process=False)
    assert closed.is_watertight


def test_a_palette_stays_sharp() -> None:
    """A box whose sides take single colours from a palette: no new colour appears where sides meet."""
    box = trimesh.creation.box().subdivide().subdivide().subdivide()
    mesh = shade(np.asarray(box.vertices), np.asarray(box.faces))
    side = np.argmax(np.abs(mesh.normals), axis=1) * 2 + (mesh.normals.sum(axis=1) > 0)
    uvs = np.column_stack([(side + 0.5) / 6, np.full(len(side), 0.5)]).astype(np.float32)
    levels = simplified_levels([Mesh(mesh.vertices, mesh.normals, mesh.faces, uvs)])
    assert levels
    for row in levels:
        assert row[0] is not None
        assert row[0].uvs is not None
        assert set(np.unique(row[0].uvs[:, 0])) <= set(np.unique(uvs[:, 0]))
        sides = row[0].uvs[row[0].faces][:, :, 0]
        assert (sides == sides[:, :1]).all()
        np.testing.assert_allclose(np.abs(row[0].vertices).max(axis=1), 0.5, atol=1e-4)


def test_what_is_simple_has_no_levels_and_one_that_would_stray_is_left_out() -> None:
    box = trimesh.creation.box()
    assert simplified_levels([shade(np.asarray(box.vertices), np.asarray(box.faces))]) == ()
    generator = np.random.default_rng(0)
    corners = generator.random((300, 1, 3)) + generator.random((300, 3, 3)) * 0.02  # loose splinters
    soup = shade(corners.reshape(-1, 3), np.arange(900).reshape(-1, 3))
    assert len(simplified_levels([soup])) <= 1


def test_the_cache_gives_the_same_bytes_and_mends_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    meshes = [ball(), ball((1.0, 0.0, 0.0, 1.0))]
    made = arrays(cached_levels(meshes, "abc"))
    (file,) = (tmp_path / "levels").glob("abc-*.npz")
    monkeypatch.setattr(
        "rendering.assets.simplification.simplified_levels", lambda meshes: pytest.fail("not from the cache")
    )
    assert arrays(cached_levels(meshes, "abc")) == made
    monkeypatch.undo()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    whole = file.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"no archive"):
        file.write_bytes(damaged)
        assert arrays(cached_levels(meshes, "abc")) == made
    assert file.read_bytes() == whole
    assert [path.name for path in (tmp_path / "levels").iterdir()] == [file.name]


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    assert arrays(cached_levels([ball()], "abc")) == arrays(simplified_levels([ball()]))
