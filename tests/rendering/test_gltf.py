"""glTF files: against arrays that were written, trimesh as an independent reader, and every broken form by name."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from datasets.errors import UsageError
from rendering.assets.files import AssetFile, read_asset_file
from rendering.assets.recipes import AssetTexture
from rendering.geometry import rotation
from tests.rendering.model_files import CUBE, CUBE_FACES, GltfWriter, cube_glb, png, signed_volume


def positions(file: AssetFile, part: int = 0) -> np.ndarray:
    """`(m, 3, 3)` corners in the order of the triangles."""
    mesh = file.parts[part].mesh
    return mesh.vertices[mesh.faces]


def test_a_cube_comes_back_corner_by_corner_with_normals(tmp_path: Path) -> None:
    file = read_asset_file(cube_glb(tmp_path / "cube.glb"))
    np.testing.assert_array_equal(positions(file), CUBE[CUBE_FACES])
    mesh = file.parts[0].mesh
    outwards = np.cross(*(positions(file)[:, i] - positions(file)[:, 0] for i in (1, 2)))
    np.testing.assert_allclose(mesh.normals[mesh.faces][:, 0], outwards, atol=1e-6)
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(1)


def test_node_hierarchies_are_applied_as_trimesh_does(tmp_path: Path) -> None:
    writer = GltfWriter()
    cube = writer.mesh(CUBE, CUBE_FACES)
    half = [np.sin(0.4), 0, 0, np.cos(0.4)]
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation(30, 20, 10) * (1, 2, 3), (5, 6, 7)
    writer.tree["nodes"] = [
        {"children": [1, 2], "rotation": half, "translation": [1, 2, 3]},
        {"mesh": cube, "scale": [2, 3, 4]},
        {"matrix": matrix.T.ravel().tolist(), "children": [3]},
        {"mesh": cube, "translation": [0, 0, 9]},
    ]
    writer.tree["scenes"] = [{"nodes": [0]}]
    path = writer.glb(tmp_path / "nodes.glb")
    ours = positions(read_asset_file(path)).reshape(-1, 9)
    theirs = trimesh.load(path).to_mesh().triangles.reshape(-1, 9)
    order = [np.lexsort(np.round(rows, 3).T) for rows in (ours, theirs)]
    np.testing.assert_allclose(ours[order[0]], theirs[order[1]], atol=1e-4)


def test_a_mirrored_node_still_faces_outwards(tmp_path: Path) -> None:
    file = read_asset_file(cube_glb(tmp_path / "m.glb", scale=[-1, 1, 1]))
    mesh = file.parts[0].mesh
    assert file.notes == ()
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(1)
    np.testing.assert_allclose((mesh.normals * (mesh.vertices - (-0.5, 0.5, 0.5))).sum(axis=1), 0.5, atol=1e-6)


def test_skins_place_vertices_by_their_joints_alone(tmp_path: Path) -> None:
    writer = GltfWriter()
    joints = np.zeros((8, 4), "<u1")
    joints[:4, 0], joints[4:, 0] = 0, 1
    weights = np.tile(np.array([1, 0, 0, 0], "<f4"), (8, 1))
    mesh = writer.mesh(CUBE, CUBE_FACES, JOINTS_0=joints, WEIGHTS_0=weights)
    inverse = np.stack([np.eye(4), np.eye(4)]).astype("<f4")
    inverse[1, 3, 0] = 10  # column-major: a shift of +10 along x
    writer.show(mesh, skin=0, translation=[100, 0, 0])
    writer.tree["nodes"] += [{"translation": [0, 7, 0]}, {"translation": [0, 0, 5]}]
    writer.tree["scenes"][0]["nodes"] += [1, 2]
    writer.tree["skins"] = [{"joints": [1, 2], "inverseBindMatrices": writer.accessor(inverse.reshape(2, 16))}]
    file = read_asset_file(writer.glb(tmp_path / "skin.glb"))
    wanted = CUBE + np.where(np.arange(8)[:, None] < 4, (0, 7, 0), (10, 0, 5))
    np.testing.assert_allclose(positions(file), wanted[CUBE_FACES], atol=1e-6)


def test_strips_fans_and_missing_indices(tmp_path: Path) -> None:
    square = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], np.float32)
    for mode, points, area in ((5, square, 1.0), (6, square[[0, 1, 3, 2]], 1.0), (4, square[[0, 1, 2]], 0.5)):
        writer = GltfWriter()
        writer.show(writer.mesh(points, None, mode=mode))
        corners = positions(read_asset_file(writer.glb(tmp_path / "s.glb")))
        areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        np.testing.assert_allclose(areas[:, 2].sum() / 2, area)
        assert (areas[:, 2] > 0).all()


def test_sparse_normalised_and_strided_accessors(tmp_path: Path) -> None:
    writer = GltfWriter()
    rows = np.zeros(8, np.dtype([("position", "<f4", 3), ("colour", "u1", 4)]))
    rows["position"], rows["colour"] = CUBE, (255, 51, 0, 255)
    view = writer.view(rows.tobytes(), byteStride=16)
    indices, places, values = (
        writer.accessor(CUBE_FACES.ravel().astype("<u2")),
        writer.view(np.array([7], "<u2").tobytes()),
        writer.view(np.array([2, 2, 2], "<f4").tobytes()),
    )
    sparse = {"count": 1, "indices": {"bufferView": places, "componentType": 5123}, "values": {"bufferView": values}}
    writer.add("accessors", {"bufferView": view, "componentType": 5126, "count": 8, "type": "VEC3", "sparse": sparse})
    writer.add("accessors", {"bufferView": view, "byteOffset": 12, "componentType": 5121, "count": 8, "type": "VEC4",
                             "normalized": True})  # fmt: skip
    writer.add("meshes", {"primitives": [{"attributes": {"POSITION": 1, "COLOR_0": 2}, "indices": indices}]})
    writer.show(0)
    file = read_asset_file(writer.glb(tmp_path / "s.glb"))
    wanted = CUBE.copy()
    wanted[7] = 2
    np.testing.assert_array_equal(positions(file), wanted[CUBE_FACES])
    colours = file.parts[0].mesh.colours
    assert colours is not None
    np.testing.assert_allclose(colours, np.tile([1, 0.2, 0, 1], (len(colours), 1)), atol=1e-6)


def textured(tmp_path: Path, image: dict[str, Any], **material: Any) -> Path:
    writer = GltfWriter()
    if image.pop("embed", False):
        image["bufferView"] = writer.view(png(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)))
    writer.add("images", image)
    writer.add("textures", {"source": 0})
    pbr = {"baseColorTexture": {"index": 0}, "roughnessFactor": 0.25, "metallicFactor": 0.5}
    pbr["baseColorTexture"] |= material.pop("info", {})
    writer.add("materials", {"name": "paint", "pbrMetallicRoughness": pbr, **material})
    uvs = np.stack([CUBE[:, 0], CUBE[:, 1]], axis=1).astype("<f4") * 0.5
    writer.show(writer.mesh(CUBE, CUBE_FACES, 0, TEXCOORD_0=uvs))
    return writer.glb(tmp_path / "textured.glb")


def test_materials_keep_their_factors_and_textures(tmp_path: Path) -> None:
    path = textured(
        tmp_path, {"embed": True, "mimeType": "image/png"}, alphaMode="MASK", alphaCutoff=0.3, doubleSided=True,
        emissiveFactor=[0.5, 0, 1], extensions={"KHR_materials_emissive_strength": {"emissiveStrength": 4}},
        info={"extensions": {"KHR_texture_transform": {"offset": [0.1, 0.2], "scale": [2, 3], "rotation": np.pi / 2}}},
    )  # fmt: skip
    part = read_asset_file(path).parts[0]
    surface = part.surface
    assert (surface.roughness, surface.metallic, surface.emissive) == (0.25, 0.5, (2.0, 0.0, 4.0))
    assert (surface.alpha_cutoff, surface.double_sided, surface.name) == (0.3, True, "paint")
    assert surface.base_colour_image is not None
    texture = AssetTexture(surface.base_colour_image.path, surface.base_colour_image.key).build()
    np.testing.assert_array_equal(texture[:, :, :3], np.arange(48).reshape(4, 4, 3))
    assert (texture[:, :, 3] == 255).all()
    assert part.mesh.uvs is not None
    u, v = part.mesh.vertices[:, 0] * 0.5, part.mesh.vertices[:, 1] * 0.5
    # turned by a right angle: (u, v) -> (v, -u) after scaling
    np.testing.assert_allclose(part.mesh.uvs, np.column_stack([3 * v + 0.1, -2 * u + 0.2]), atol=1e-6)


def test_a_closed_opaque_part_is_drawn_from_one_side(tmp_path: Path) -> None:
    writer = GltfWriter()
    writer.add("materials", {"doubleSided": True})
    writer.show(writer.mesh(CUBE, CUBE_FACES, 0))
    writer.show(writer.mesh(CUBE + 5, CUBE_FACES[:-1], 0))
    closed = GltfWriter()
    closed.add("materials", {"doubleSided": True})
    closed.show(closed.mesh(CUBE, CUBE_FACES, 0))
    assert read_asset_file(writer.glb(tmp_path / "a.glb")).parts[0].surface.double_sided
    assert not read_asset_file(closed.glb(tmp_path / "b.glb")).parts[0].surface.double_sided


@pytest.mark.parametrize("image", [{"uri": "gone.png"}, {"uri": "data:image/png;base64,AAAA"}, {"uri": "bomb.png"}])
def test_a_texture_that_cannot_be_had_is_left_out_with_a_note(tmp_path: Path, image: dict[str, Any]) -> None:
    bomb = bytearray(png(np.zeros((1, 1), np.uint8)))
    bomb[16:24] = struct.pack(">II", 100_000, 100_000)
    (tmp_path / "bomb.png").write_bytes(bytes(bomb))
    file = read_asset_file(textured(tmp_path, dict(image)))
    assert file.parts[0].surface.base_colour_image is None
    assert "drawn without it" in file.notes[0]


@pytest.mark.parametrize(
    "uri", ["../secret.png", "/etc/hostname", "file:///etc/hostname", "http://127.0.0.1:9/x.png", "%2e%2e/secret.png",
            "..\\secret.png", "C:\\secret.png", "inside/link.png"]
)  # fmt: skip
def test_nothing_outside_the_folder_is_read(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "model"
    (folder / "inside").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(png(np.zeros((2, 2, 3), np.uint8)))
    (folder / "inside" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(UsageError, match="own folder|out of its folder"):
        read_asset_file(textured(folder, {"uri": uri}))
    writer = GltfWriter()
    writer.show(writer.mesh(CUBE, CUBE_FACES))
    writer.tree["buffers"] = [{"byteLength": len(writer.data), "uri": uri}]
    (folder / "model.gltf").write_text(json.dumps(writer.tree))
    with pytest.raises(UsageError, match="own folder|out of its folder"):
        read_asset_file(folder / "model.gltf")


def test_buffers_in_files_and_data_uris(tmp_path: Path) -> None:
    writer = GltfWriter()
    writer.show(writer.mesh(CUBE, CUBE_FACES))
    (tmp_path / "a b.bin").write_bytes(writer.data)
    for uri in ("a%20b.bin", "data:application/octet-stream;base64," + base64.b64encode(writer.data).decode()):
        writer.tree["buffers"] = [{"byteLength": len(writer.data), "uri": uri}]
        (tmp_path / "cube.gltf").write_text("\ufeff" + json.dumps(writer.tree))
        np.testing.assert_array_equal(positions(read_asset_file(tmp_path / "cube.gltf")), CUBE[CUBE_FACES])


def test_draco_geometry_is_decoded(tmp_path: Path) -> None:
    draco = pytest.importorskip("DracoPy")
    packed = draco.encode(CUBE, CUBE_FACES.astype(np.uint32), quantization_bits=14)
    path = draco_glb(tmp_path / "d.glb", packed)
    mesh = read_asset_file(path).parts[0].mesh
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(1, abs=1e-3)
    with pytest.raises(UsageError, match="Draco data cannot be decoded"):
        read_asset_file(draco_glb(tmp_path / "e.glb", packed[: len(packed) // 2]))


def test_without_dracopy_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "DracoPy", None)
    with pytest.raises(UsageError, match=r"d\.glb.*pip install DracoPy"):
        read_asset_file(draco_glb(tmp_path / "d.glb", b"DRACO"))


def draco_glb(path: Path, packed: bytes) -> Path:
    writer = GltfWriter()
    view = writer.view(packed)
    writer.add("accessors", {"componentType": 5126, "count": 8, "type": "VEC3"})
    extension = {"KHR_draco_mesh_compression": {"bufferView": view, "attributes": {"POSITION": 0}}}
    writer.add("meshes", {"primitives": [{"attributes": {"POSITION": 0}, "extensions": extension}]})
    writer.show(0)
    writer.tree["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    return writer.glb(path)


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda t: t["accessors"][0].update(count=10**9), "1,000,000,000 vertices; at most"),
        (lambda t: t["accessors"][0].update(count=9), "announces 9 elements, more than"),
        (lambda t: t["accessors"][0].update(count=-1), "count must be a whole number"),
        (lambda t: t["accessors"][0].update(bufferView=7), r"names bufferViews\[7\], but has 2"),
        (lambda t: t["accessors"][0].update(type="VEC2"), "VEC2 of 5126, not usable"),
        (lambda t: t["accessors"][0].update(byteOffset=2**60), "byteOffset must be a whole number"),
        (lambda t: t["bufferViews"][0].update(byteLength=10**6), "announces 1e\\+06 bytes"),
        (lambda t: t["bufferViews"][0].update(byteStride=4), "12 bytes at a stride of 4"),
        (lambda t: t["nodes"][0].update(children=[0]), r"nodes\[0\] is reached twice"),
        (lambda t: t["nodes"][0].update(mesh=3), r"names meshes\[3\], but has 1"),
        (lambda t: t["nodes"][0].update(scale=[0, 0, 0]), "no triangle with any area"),
        (lambda t: t["nodes"][0].update(translation=[1e300, 0, 0]), "too far off"),
        (lambda t: t["nodes"][0].update(matrix=[1, 2]), "2 numbers instead of 16"),
        (lambda t: t["nodes"][0].update(rotation=[0, 0, 0, 0]), "has no length"),
        (lambda t: t["meshes"][0]["primitives"][0].update(material=0), r"names materials\[0\], but has 0"),
        (lambda t: t["meshes"][0]["primitives"][0].update(mode=1), "holds no mesh"),
        (lambda t: t.update(meshes=3), "but has 0 meshes"),
        (lambda t: t.update(asset={"version": "1.0"}), "glTF version 1.0"),
        (lambda t: t.update(extensionsRequired=["EXT_meshopt_compression"]), "EXT_meshopt_compression, which is not"),
        (lambda t: t.update(scenes=[{"nodes": "abc"}]), r"names nodes\["),
    ],
)  # fmt: skip
def test_every_lie_is_refused_by_name(tmp_path: Path, change: Any, reason: str) -> None:
    writer = GltfWriter()
    writer.show(writer.mesh(CUBE, CUBE_FACES))
    change(writer.tree)
    with pytest.raises(UsageError, match=rf"(?s)liar\.glb.*{reason}"):
        read_asset_file(writer.glb(tmp_path / "liar.glb"))


def test_indices_and_numbers_out_of_range(tmp_path: Path) -> None:
    for vertices, faces, reason in (
        (CUBE, CUBE_FACES + 1, "index 8 names no vertex, there are 8"),
        (np.where(CUBE == 1, np.nan, CUBE), CUBE_FACES, "position of vertex 1 .*must be finite"),
        (np.where(CUBE == 1, np.inf, CUBE), CUBE_FACES, "position of vertex 1 .*must be finite"),
    ):
        writer = GltfWriter()
        writer.show(writer.mesh(vertices, faces))
        with pytest.raises(UsageError, match=reason):
            read_asset_file(writer.glb(tmp_path / "x.glb"))


def test_every_cut_and_every_flipped_byte_ends_in_a_mesh_or_a_sentence(tmp_path: Path) -> None:
    whole = textured(tmp_path, {"embed": True, "mimeType": "image/png"}).read_bytes()
    generator = np.random.default_rng(0)
    path = tmp_path / "damaged.glb"
    variants = [whole[:cut] for cut in range(0, len(whole), 13)]
    for _ in range(300):
        damaged = bytearray(whole)
        for place in generator.integers(0, len(whole), 3):
            damaged[place] = generator.integers(256)
        variants.append(bytes(damaged))
    for data in variants:
        path.write_bytes(data)
        try:
            assert read_asset_file(path).triangles > 0
        except UsageError as error:
            assert "damaged.glb" in str(error)
