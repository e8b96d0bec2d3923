"""The digits scene: uniform classes, whole and large in view, legible, and free of OpenGL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from datasets.errors import UsageError
from datasets.images import decode_pixels
from datasets.schema import Schema
from rendering.annotations import to_sample
from rendering.digits import DigitScenes, fit_in_frame
from rendering.geometry import intrinsics_from_field_of_view, look_at, project, rotation, transform
from rendering.glyphs import Glyph
from rendering.randomisation import Randomisation, frame_generator
from rendering.renderer import Renderer
from rendering.scene import Camera, Scene
from rendering.scenes import SCENES


def outline_px(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest (u, v) of the digit's vertices."""
    thing = scene.objects[0]
    matrix = scene.camera.world_to_camera @ thing.pose
    pixels = project(scene.camera.intrinsics, transform(matrix, thing.mesh.build().vertices))
    return pixels.min(axis=0), pixels.max(axis=0)


def test_classes_and_polarities_are_equally_likely() -> None:
    scenes = [DigitScenes().sample(frame_generator(0, index)) for index in range(2000)]
    assert chisquare(np.bincount([scene.label for scene in scenes], minlength=10)).pvalue > 0.01
    luminance = (0.2126, 0.7152, 0.0722)
    lighter = [
        np.dot(s.objects[0].material.base_colour, luminance) > np.dot(s.background.colours[0], luminance)
        for s in scenes
    ]
    assert 900 < sum(lighter) < 1100
    for scene in scenes:
        assert (scene.objects[0].semantic, scene.objects[0].class_index) == (scene.label + 1, scene.label)
        assert scene.objects[0].mesh.character == str(scene.label)


@pytest.mark.parametrize("size", [(64, 64), (48, 96), (96, 48)])
def test_every_digit_is_whole_in_view_and_large(size: tuple[int, int]) -> None:
    heights = []
    for index in range(300):
        low, high = outline_px(DigitScenes(size).sample(frame_generator(1, index)))
        assert low.min() >= 0.015 * min(size)
        assert (high <= np.array(size[::-1]) * 0.985).all()
        heights.append((high - low)[1] / size[0])
        widest = (high - low)[0] / size[1]
        assert heights[-1] > 0.54 or widest > 0.95  # narrow frames end at the width instead
    assert max(heights) < 0.96
    if size[1] >= size[0]:
        assert np.mean(heights) == pytest.approx(0.75, abs=0.03)


def test_fitting_reaches_size_and_place() -> None:
    camera = Camera(60, 80, intrinsics_from_field_of_view(60, 80, 50), look_at((0, 0, 2), (0, 0, 0)))
    vertices, turn = Glyph("7").build().vertices, rotation(25, -20, 15)
    for place, wanted in (((-1, -1), (1.6, 1.2)), ((0, 0), None), ((1, 1), (78.4, 58.8))):
        pose = fit_in_frame(vertices, turn, camera, 0.7, place)
        pixels = project(camera.intrinsics, transform(camera.world_to_camera @ pose, vertices))
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        assert (high - low)[1] == pytest.approx(42, abs=0.05)
        corner = high if place == (1, 1) else low
        np.testing.assert_allclose(corner if wanted else (low + high) / 2, wanted or (40, 30), atol=0.05)
        np.testing.assert_allclose(np.linalg.det(pose[:3, :3]) ** (-1 / 3) * pose[:3, :3], turn, atol=1e-12)


def test_digits_stand_upright() -> None:
    for index in range(200):
        pose = DigitScenes().sample(frame_generator(2, index)).objects[0].pose
        across, up = pose[:3, 0], pose[:3, 1]
        assert across[0] > 0.8 * np.linalg.norm(across)
        assert up[1] > 0.75 * np.linalg.norm(up)


def test_digits_stand_out_from_what_is_behind(gl: None) -> None:
    """Mean luminance of the digit against the pixels around it, as stored, in 8-bit levels."""
    scenes, differences = DigitScenes((64, 64)), []
    with Renderer(64, 64) as renderer:
        for index in range(300):
            scene = scenes.sample(frame_generator(3, index))
            frame = renderer.render(scene)
            grey = frame.colour @ np.array([0.2126, 0.7152, 0.0722])
            mask = frame.semantic[:, :, 0] > 0
            differences.append(abs(grey[mask].mean() - grey[~mask].mean()))
    assert np.quantile(differences, 0.02) > 25
    assert np.median(differences) > 80


def test_samples_fit_the_schema_and_its_stored_form(gl: None) -> None:
    scenes = DigitScenes((32, 40))
    schema = Schema.from_json(scenes.schema.to_json())
    with Renderer(32, 40) as renderer:
        for index in range(5):
            scene = scenes.sample(frame_generator(0, index))
            schema.check(to_sample(renderer.render(scene), scene, f"digits-{index}"))


def test_the_same_generator_state_gives_the_same_scene() -> None:
    one, again = (DigitScenes().sample(frame_generator(5, 6)).to_json() for _ in range(2))
    assert one == again != DigitScenes().sample(frame_generator(5, 7)).to_json()


def test_scenes_are_drawn_without_opengl() -> None:
    code = (
        "import sys; from rendering.scenes import SCENES; from rendering.randomisation import frame_generator;"
        "SCENES['digits']().sample(frame_generator(0, 0));"
        "bad = {'vispy', 'OpenGL', 'tensorflow', 'apache_beam'} & set(sys.modules); sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_example_saves_what_the_scene_renders(gl: None, tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "render_digits.py"
    subprocess.run([sys.executable, str(example), str(tmp_path)], capture_output=True, check=True)
    scene = Scene.from_json((tmp_path / "digit-scene.json").read_text())
    with Renderer(*DigitScenes((256, 256)).size) as renderer:
        frame = renderer.render(scene)
    saved = {file.stem: decode_pixels(file.read_bytes()) for file in tmp_path.glob("*.png")}
    assert set(saved) == {"digit-colours", "digit-classes", "digit-normals", "digit-depth"}
    np.testing.assert_array_equal(saved["digit-colours"], frame.colour)
    np.testing.assert_array_equal(saved["digit-depth"] > 0, frame.semantic > 0)


def test_names_and_sizes() -> None:
    assert all(name == scenes.name for name, scenes in SCENES.items())
    with pytest.raises(UsageError, match=r"got \(4, 64\)"):
        DigitScenes((4, 64))
    assert DigitScenes((16, 16), Randomisation().without("pose")).size == (16, 16)
