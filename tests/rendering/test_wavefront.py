"""OBJ and MTL files: what the format allows is read, what breaks it is named with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from datasets.errors import UsageError
from rendering.assets.files import read_asset_file
from tests.rendering.model_files import CUBE, CUBE_FACES, cube_obj, png, signed_volume


def obj(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "model.obj"
    path.write_text(text)
    return path


def test_a_cube_is_the_one_that_trimesh_reads(tmp_path: Path) -> None:
    path = cube_obj(tmp_path / "cube.obj")
    mesh = read_asset_file(path).parts[0].mesh
    np.testing.assert_array_equal(mesh.vertices[mesh.faces], CUBE[CUBE_FACES])
    theirs = trimesh.load(path, force="mesh", process=False)
    assert signed_volume(mesh.vertices, mesh.faces) == pytest.approx(theirs.volume)


def test_polygons_negative_indices_continued_lines_and_all_attributes(tmp_path: Path) -> None:
    text = """\ufeff# a comment
        v 0 0 0 1 0 0\nv 2 0 0 1 0 0\nv 2 2 0 1 0 0 # behind\nv 0 2 0 0.5 0 0
        vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvn 0 0 2
        mtllib my mat.mtl
        usemtl red paint
        f -4/-4/-1 -3/-3/-1 \\\n 3/3/1 4/4/1
        l 1 2
    """
    (tmp_path / "my mat.mtl").write_text(
        "newmtl red paint\nKd 0.5 0.25 0\nNs 30\nPm 0.5\nKe 0 0 1\nmap_Kd -o 0.1 0 0 -s 1 1 -bm 2 my tex.png\n"
    )
    (tmp_path / "my tex.png").write_bytes(png(np.zeros((2, 2, 3), np.uint8)))
    file = read_asset_file(obj(tmp_path, text))
    (part,) = file.parts
    surface, mesh = part.surface, part.mesh
    assert (surface.base_colour, surface.metallic, surface.emissive) == ((0.5, 0.25, 0.0), 0.5, (0.0, 0.0, 1.0))
    assert surface.roughness == pytest.approx(0.25)
    assert surface.base_colour_image is not None
    assert surface.base_colour_image.path == str(tmp_path / "my tex.png")
    assert mesh.uvs is not None
    assert mesh.colours is not None
    np.testing.assert_allclose(mesh.uvs, np.column_stack([mesh.vertices[:, 0] / 2, 1 - mesh.vertices[:, 1] / 2]))
    np.testing.assert_allclose(mesh.normals, np.tile([0, 0, 1], (4, 1)))
    darker = mesh.vertices[:, 0] + 2 - mesh.vertices[:, 1] < 0.5
    np.testing.assert_allclose(mesh.colours[:, 0], np.where(darker, 0.21404, 1), atol=1e-4)
    assert file.notes == ("points, lines or curves were left out",)


def test_a_black_diffuse_beside_a_texture_counts_as_white(tmp_path: Path) -> None:
    (tmp_path / "a.mtl").write_text("newmtl m\nmap_Kd t.png\nKd 0 0 0\nnewmtl n\nKd 0 0 0\n")
    (tmp_path / "t.png").write_bytes(png(np.zeros((2, 2, 3), np.uint8)))
    text = "mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl m\nf 1/1 2/1 3/1\nusemtl n\nf 1/1 2/1 3/1\n"
    colours = [part.surface.base_colour for part in read_asset_file(obj(tmp_path, text)).parts]
    assert colours == [(1.0, 1.0, 1.0), (0.0, 0.0, 0.0)]


@pytest.mark.parametrize(
    "line, reason",
    [
        ("f 1 2 9", "line 5: the face names v 9, but there are 3 before it"),
        ("f 1 2 0", "line 5: the face names v 0"),
        ("f -4 2 3", "line 5: the face names v -4"),
        ("f 1/7 2/7 3/7", "line 5: the face names vt 7"),
        ("f 1 2", "line 5: a face needs 3 corners or more, got 2"),
        ("f 1 2 x", "line 5: 'x' is no corner"),
        ("v nan 0 0", "line 5: 'v' must be finite"),
        ("v inf 0 0", "line 5: 'v' must be finite"),
        ("v 1e999 0 0", "line 5: 'v' must be finite"),
        ("v 1 2", "line 5: 'v' needs 3 numbers"),
        ("v 1 2 three", "line 5: 'v' must be followed by numbers"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"model\.obj.*{reason}"):
        read_asset_file(obj(tmp_path, f"# head\nv 0 0 0\nv 1 0 0\nv 0 1 0\n{line}\n"))


def test_libraries_and_textures_outside_the_folder_are_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.mtl").write_text("newmtl m\nKd 1 0 0\n")
    (tmp_path / "secret.png").write_bytes(png(np.zeros((2, 2, 3), np.uint8)))
    (folder / "a.mtl").write_text("newmtl n\nKd 0 1 0\nmap_Kd ../secret.png\n")
    text = "mtllib ../secret.mtl\nmtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\n"
    file = read_asset_file(obj(folder, text + "usemtl m\nf 1/1 2/1 3/1\nusemtl n\nf 1/1 2/1 3/1\n"))
    assert [part.surface.base_colour for part in file.parts] == [(0.8, 0.8, 0.8), (0.0, 1.0, 0.0)]
    assert all(part.surface.base_colour_image is None for part in file.parts)
    assert sum("leads out of its folder" in note for note in file.notes) == 2
