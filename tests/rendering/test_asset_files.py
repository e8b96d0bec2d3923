"""Models from files: repairs, limits, PLY and STL, and the real packs and hostile files where they are at hand."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh

from datasets.errors import UsageError
from rendering.assets.files import READERS, read_asset_file
from rendering.assets.folder import Limits
from tests.rendering.model_files import CUBE, CUBE_FACES, GltfWriter, cube_glb, cube_obj, signed_volume


@pytest.mark.parametrize("kind", ["stl", "stl_ascii", "ply", "ply_ascii"])
def test_bare_meshes_that_trimesh_writes_come_back(tmp_path: Path, kind: str) -> None:
    box = trimesh.Trimesh(CUBE, CUBE_FACES, process=False)
    data = box.export(file_type="ply", encoding="ascii") if kind == "ply_ascii" else box.export(file_type=kind)
    path = tmp_path / f"cube.{kind[:3]}"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    mesh = read_asset_file(path).parts[0].mesh
    np.testing.assert_allclose(mesh.vertices[mesh.faces], CUBE[CUBE_FACES], atol=1e-6)
    assert len(mesh.vertices) == 24


def test_ply_colours_are_linear_light(tmp_path: Path) -> None:
    box = trimesh.Trimesh(CUBE, CUBE_FACES, process=False, vertex_colors=np.tile([255, 128, 0, 255], (8, 1)))
    (tmp_path / "c.ply").write_bytes(box.export(file_type="ply"))
    colours = read_asset_file(tmp_path / "c.ply").parts[0].mesh.colours
    assert colours is not None
    np.testing.assert_allclose(colours, np.tile([1, 0.21586, 0, 1], (len(colours), 1)), atol=1e-4)


def test_lying_counts(tmp_path: Path) -> None:
    stl = bytearray(trimesh.Trimesh(CUBE, CUBE_FACES).export(file_type="stl"))
    stl[80:84] = struct.pack("<I", 10**9)
    (tmp_path / "a.stl").write_bytes(bytes(stl))
    with pytest.raises(UsageError, match=r"a\.stl.*announces 1,000,000,000 triangles, there are 12"):
        read_asset_file(tmp_path / "a.stl")
    ply = trimesh.Trimesh(CUBE, CUBE_FACES).export(file_type="ply")
    for count, reason in ((b"10000000000", "at most"), (b"100000", "elements of .* bytes or more"), (b"-1", "-1 of")):
        (tmp_path / "a.ply").write_bytes(ply.replace(b"element vertex 8", b"element vertex " + count))
        with pytest.raises(UsageError, match=rf"a\.ply.*{reason}"):
            read_asset_file(tmp_path / "a.ply")
    (tmp_path / "b.ply").write_bytes(trimesh.PointCloud(CUBE).export(file_type="ply"))
    with pytest.raises(UsageError, match=r"b\.ply.*points without triangles"):
        read_asset_file(tmp_path / "b.ply")


@pytest.mark.parametrize(
    "name, data, reason",
    [
        ("a.glb", b"", "it is empty"),
        ("a.obj", b"# nothing\n", "holds no mesh"),
        ("a.obj", b"v 0 0 0\nv 1 1 1\nv 2 2 2\nf 1 2 3\n", "no triangle with any area"),
        ("a.glb", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "Git LFS pointer"),
        ("a.fbx", b"x", "files of this kind are not read"),
        ("a.gltf", b"{" + b'"a":[' * 100_000, "JSON cannot be read"),
        ("a.gltf", b'{"asset":{"version":"2.0"},"nodes":NaN}', "NaN is no JSON number"),
        ("a.stl", b"solid x\nvertex 1 2\nendsolid", "each triangle needs 3"),
        ("a.ply", b"plyx", "no PLY header"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=f"{name}.*{reason}"):
        read_asset_file(tmp_path / name)


def test_missing_files_folders_and_pipes_neither_hang_nor_crash(tmp_path: Path) -> None:
    (tmp_path / "folder.glb").mkdir()
    os.mkfifo(tmp_path / "pipe.glb")
    for name, reason in (
        ("gone.glb", "no such file"),
        ("folder.glb", "regular file|directory"),
        ("pipe.glb", "regular"),
    ):
        with pytest.raises(UsageError, match=f"{name}.*(?i:{reason})"):
            read_asset_file(tmp_path / name)


@pytest.mark.parametrize("kind", ["obj", "stl", "ply", "ply_ascii"])
def test_damage_ends_in_a_mesh_or_a_sentence(tmp_path: Path, kind: str) -> None:
    box = trimesh.Trimesh(CUBE, CUBE_FACES, process=False)
    data = box.export(file_type="ply", encoding="ascii") if kind == "ply_ascii" else box.export(file_type=kind)
    whole = data.encode() if isinstance(data, str) else data
    path, generator = tmp_path / f"damaged.{kind[:3]}", np.random.default_rng(0)
    variants = [whole[:cut] for cut in range(0, len(whole), 17)]
    for _ in range(600):
        damaged = bytearray(whole)
        for place in generator.integers(0, len(whole), 2):
            damaged[place] = generator.integers(256)
        variants.append(bytes(damaged))
    for data in variants:
        path.write_bytes(data)
        try:
            file = read_asset_file(path)
        except UsageError as error:
            assert "damaged." in str(error)
        else:
            assert file.triangles > 0
            assert np.isfinite(file.bounds).all()


def test_limits_hold(tmp_path: Path) -> None:
    path = cube_glb(tmp_path / "cube.glb")
    for limits, reason in (
        (Limits(file_bytes=100), "at most 100 are read"),
        (Limits(vertices=7), "8 vertices; at most"),
    ):
        with pytest.raises(UsageError, match=reason):
            read_asset_file(path, limits)
    with pytest.raises(UsageError, match="at most 20 are read"):
        read_asset_file(cube_obj(tmp_path / "cube.obj"), Limits(vertices=20))


def test_time_is_limited(tmp_path: Path) -> None:
    square = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3 4\n"
    (tmp_path / "slow.obj").write_text(square)
    with pytest.raises(UsageError, match=r"slow\.obj.*longer than 0 seconds"):
        read_asset_file(tmp_path / "slow.obj", Limits(seconds=0))


def test_many_nodes_of_one_mesh_cannot_fill_the_memory(tmp_path: Path) -> None:
    writer = GltfWriter()
    cube = writer.mesh(CUBE, CUBE_FACES)
    for _ in range(300):
        writer.show(cube)
    with pytest.raises(UsageError, match="the scene announces"):
        read_asset_file(writer.glb(tmp_path / "many.glb"), Limits(vertices=1000))


def test_a_closed_surface_that_is_inside_out_is_turned(tmp_path: Path) -> None:
    file = read_asset_file(cube_obj(tmp_path / "inside.obj", faces=CUBE_FACES[:, ::-1]))
    mesh = file.parts[0].mesh
    assert file.notes == ("turned 1 closed surfaces that were inside out",)
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(1)
    assert ((mesh.vertices - 0.5) * mesh.normals).sum(axis=1).min() > 0


def test_degenerate_triangles_go_and_normals_are_made(tmp_path: Path) -> None:
    faces = np.vstack([CUBE_FACES, [(0, 0, 1), (3, 3, 3)]])
    file = read_asset_file(cube_obj(tmp_path / "d.obj", faces=faces))
    assert (file.triangles, file.notes) == (12, ("dropped 2 triangles without area",))


def test_any_scale_and_a_point_where_thousands_of_faces_meet(tmp_path: Path) -> None:
    for scale in (1e-9, 1e9):
        mesh = read_asset_file(cube_obj(tmp_path / "s.obj", scale)).parts[0].mesh
        assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(scale**3, rel=1e-5)
        np.testing.assert_allclose(np.abs(mesh.normals).max(axis=1), 1, atol=1e-6)
    turn = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    rim = [f"v {x} {y} 0" for x, y in zip(np.cos(turn), np.sin(turn), strict=True)]
    fan = [f"f 1 {i + 2} {(i + 1) % 4000 + 2}" for i in range(4000)]
    (tmp_path / "fan.obj").write_text("\n".join(["v 0 0 1", *rim, *fan]))
    started = time.monotonic()
    mesh = read_asset_file(tmp_path / "fan.obj").parts[0].mesh
    assert time.monotonic() - started < 5
    assert mesh.normals[np.argmax(mesh.vertices[:, 2])][2] == pytest.approx(1, abs=1e-3)


def test_the_digest_follows_the_content_alone(tmp_path: Path) -> None:
    one, other = cube_glb(tmp_path / "a.glb"), cube_glb(tmp_path / "b.glb")
    changed = cube_glb(tmp_path / "c.glb", scale=[1, 1, 1.001])
    digests = [read_asset_file(path).digest for path in (one, other, changed)]
    assert digests[0] == digests[1] != digests[2]


def test_hostile_files_end_in_a_mesh_or_a_sentence(real_data: Path) -> None:
    """Every one of them: no crash, no hang, no silent empty mesh."""
    loaded = refused = 0
    for path in sorted((real_data / "nasty").rglob("*")):
        if path.suffix.lower() not in READERS:
            continue
        started = time.monotonic()
        try:
            file = read_asset_file(path)
        except UsageError as error:
            assert str(path) in str(error)
            refused += 1
        else:
            assert file.triangles > 0
            assert np.isfinite(file.bounds).all()
            loaded += 1
        assert time.monotonic() - started < 5
    assert (loaded, refused) == (37, 194)


def test_packs_agree_with_trimesh(real_data: Path) -> None:
    """Bounds and area of static models; polygons are left out, since trimesh fans concave ones."""
    meshes = real_data / "meshes"
    paths = [*sorted((meshes / "kaykit_city").rglob("*.gltf"))[::4], *sorted((meshes / "blinry_cat").rglob("*.glb")),
             *sorted((meshes / "kenney_car-kit").rglob("*.glb"))[::6]]  # fmt: skip
    for path in paths:
        if path.stem == "empty":
            continue
        ours, theirs = read_asset_file(path), trimesh.load(path, process=False).to_mesh()
        area = sum(
            np.linalg.norm(np.cross(c[:, 1] - c[:, 0], c[:, 2] - c[:, 0]), axis=1).sum() / 2
            for c in (part.mesh.vertices[part.mesh.faces].astype(np.float64) for part in ours.parts)
        )
        np.testing.assert_allclose(ours.bounds, theirs.bounds, atol=1e-4)
        assert area == pytest.approx(theirs.area, rel=1e-4)
