"""Assets as recipes and objects: upright, in metres, stored and built again, and drawn with their texture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.cache_folder import CACHE_VARIABLE
from datasets.errors import UsageError
from rendering.assets.asset import Asset, asset_objects, load_asset
from rendering.assets.recipes import AXES, AssetMesh, AssetTexture
from rendering.backgrounds import Background
from rendering.geometry import affine, intrinsics_from_field_of_view, look_at, rotation
from rendering.renderer import Renderer
from rendering.scene import AmbientLight, Camera, Scene, SunLight
from rendering.turntable import TurntableScenes
from tests.rendering.model_files import CUBE, CUBE_FACES, GltfWriter, cube_glb, png, signed_volume

_UPRIGHT = [(up, front) for up in AXES for front in AXES if up[-1] != front[-1]]


@pytest.mark.parametrize("up, front", _UPRIGHT)
def test_any_axes_come_upright_and_to_size(tmp_path: Path, up: str, front: str) -> None:
    """A box that is 2 up, 3 to the front, 1 across, with a nose in front: the nose ends up at +z."""
    up_axis, front_axis = np.array(AXES[up], np.float64), np.array(AXES[front], np.float64)
    across = np.cross(up_axis, front_axis)
    basis = np.column_stack([across, up_axis, front_axis])
    box = (CUBE.astype(np.float64) * (1, 2, 3)) @ basis.T + (7, 8, 9)
    writer = GltfWriter()
    writer.show(writer.mesh(box, CUBE_FACES))
    path = writer.glb(tmp_path / "box.glb")
    mesh = AssetMesh(str(path), up=up, front=front, height_m=5).build()
    wanted = (CUBE - (0.5, 0, 0.5)) * (2.5, 5, 7.5)
    np.testing.assert_allclose(mesh.vertices[mesh.faces], wanted[CUBE_FACES], atol=1e-5)
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(2.5 * 5 * 7.5, rel=1e-5)
    outwards = (mesh.vertices - (0, 2.5, 0)) * mesh.normals
    assert outwards.sum(axis=1).min() > 1


def test_units_and_bad_values(tmp_path: Path) -> None:
    path = str(cube_glb(tmp_path / "cube.glb"))
    assert np.ptp(AssetMesh(path, unit_m=0.3).build().vertices[:, 1]) == pytest.approx(0.3)
    for options, reason in (({"up": "w"}, "two different axes"), ({"front": "-y"}, "two different axes"),
                            ({"height_m": 0.0}, "above 0")):  # fmt: skip
        with pytest.raises(UsageError, match=reason):
            AssetMesh(path, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="there is no part 1, it has 1"):
        AssetMesh(path, part=1).build()
    with pytest.raises(UsageError, match="simpler levels, not 3"):
        AssetMesh(path, detail=3).build()


def test_a_file_that_changed_is_told(tmp_path: Path) -> None:
    asset = load_asset(cube_glb(tmp_path / "cube.glb"), 13)
    recipe = asset.parts[0][0]
    assert isinstance(recipe, AssetMesh)
    stale = AssetMesh(recipe.path, digest="0" * 16)
    with pytest.raises(UsageError, match="content has changed since the scene was made"):
        stale.build()


def two_part_asset(tmp_path: Path) -> Asset:
    writer = GltfWriter()
    view = writer.view(png(np.tile(np.uint8([[[255, 0, 0], [0, 0, 255]]]), (2, 1, 1))))
    writer.add("images", {"bufferView": view, "mimeType": "image/png"})
    writer.add("textures", {"source": 0})
    pbr = {"baseColorTexture": {"index": 0}, "metallicFactor": 0}
    writer.add("materials", {"name": "a", "pbrMetallicRoughness": pbr})
    writer.add("materials", {"name": "b", "pbrMetallicRoughness": {"baseColorFactor": [0, 1, 0, 1],
                                                                   "metallicFactor": 0}})  # fmt: skip
    uvs = np.stack([np.where(CUBE[:, 0] > 0, 0.95, 0.05), CUBE[:, 1]], axis=1).astype("<f4")
    writer.show(writer.mesh(CUBE, CUBE_FACES, 0, TEXCOORD_0=uvs))
    writer.show(writer.mesh(CUBE + np.float32([0, 1, 0]), CUBE_FACES, 1))
    return load_asset(writer.glb(tmp_path / "two.glb"), 13, height_m=2.0)


def test_parts_share_one_instance_and_survive_json(gl: None, tmp_path: Path) -> None:
    """A cube with a red and a blue side below a green one, drawn, stored, and drawn again to the byte."""
    asset = two_part_asset(tmp_path)
    np.testing.assert_allclose(asset.bounds_m, [(-0.5, 0, -0.5), (0.5, 2, 0.5)], atol=1e-6)
    objects = asset_objects(asset, affine(rotation(0), (0, -1, 0)), 9)
    camera = Camera(64, 64, intrinsics_from_field_of_view(64, 64, 40), look_at((0, 0, 5), (0, 0, 0)))
    light = SunLight((0, 0, 1), (0, 0, 0)), AmbientLight((1, 1, 1), (1, 1, 1))
    scene = Scene(camera, objects, *light, Background())
    with Renderer(64, 64, 1) as renderer:
        frame, again = renderer.render(scene), renderer.render(Scene.from_json(scene.to_json()))
    np.testing.assert_array_equal(frame.colour, again.colour)
    assert frame.instance is not None
    assert set(np.unique(frame.instance)) == {0, 9}
    left, right, above = frame.colour[44, 26], frame.colour[44, 37], frame.colour[20, 32]
    assert left[0] > 200 > 60 > left[2]
    assert right[2] > 200 > 60 > right[0]
    assert above[1] > 200 > 60 > above[0]


def test_levels_are_versions_of_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    trimesh = pytest.importorskip("trimesh")
    path = tmp_path / "ball.ply"
    path.write_bytes(trimesh.creation.icosphere(subdivisions=3).export(file_type="ply"))
    recipe = AssetMesh(str(path), height_m=0.5)
    levels = recipe.levels()
    assert levels[0] == (1280, recipe)
    assert [count for count, _ in levels] == [len(one.build().faces) for _, one in levels]
    assert levels[2][1].levels() == levels[2:]  # type: ignore[attr-defined]
    for _, one in levels:
        np.testing.assert_allclose(np.ptp(one.build().vertices, axis=0), 0.5, atol=0.05)


def test_a_texture_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.png"):
        AssetTexture(str(tmp_path / "gone.png")).build()


def test_assets_check_themselves() -> None:
    with pytest.raises(UsageError, match="class_id of 1 to 255"):
        Asset("x", 0, ())
    assert TurntableScenes().collection.builtin
