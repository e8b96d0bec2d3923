"""The turntable: the thing is in view at the promised size from everywhere, with and without a crop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.stats import chisquare

from datasets.errors import UsageError
from rendering.annotations import to_sample
from rendering.frame import ANNOTATIONS
from rendering.geometry import project, transform
from rendering.randomisation import Randomisation, frame_generator
from rendering.renderer import Renderer
from rendering.scene import Scene
from rendering.scenes import SCENES
from rendering.turntable import TurntableScenes
from tests.rendering.model_files import cube_glb


def camera_place(scene: Scene) -> np.ndarray:
    view = scene.camera.world_to_camera
    return -view[:3, :3].T @ view[:3, 3]


def outline_px(scene: Scene) -> np.ndarray:
    pixels = [
        project(
            scene.camera.intrinsics, transform(scene.camera.world_to_camera @ thing.pose, thing.mesh.build().vertices)
        )
        for thing in scene.objects
    ]
    return np.concatenate(pixels)


@pytest.mark.parametrize("size", [(64, 64), (48, 96), (96, 48)])
@pytest.mark.parametrize("crop", [False, True])
def test_the_thing_is_whole_in_view_and_its_ball_fills_the_frame(size: tuple[int, int], crop: bool) -> None:
    ranges = Randomisation(fill=(0.8, 0.8))
    scenes, spread = TurntableScenes(size, crop=crop, randomisation=ranges), []
    for index in range(150):
        scene = scenes.sample(frame_generator(0, index))
        pixels, frame = outline_px(scene), np.array(size[::-1])
        assert pixels.min() >= 0
        assert (pixels <= frame).all()
        centre = project(scene.camera.intrinsics, transform(scene.camera.world_to_camera, np.zeros((1, 3))))
        np.testing.assert_allclose(centre[0], frame / 2, atol=1e-4)
        spread.append(np.ptp(pixels, axis=0).max() / min(size))
    assert 0.6 < np.quantile(spread, 0.9) < 0.9


def test_a_crop_fills_alike_from_near_and_far_but_is_seen_from_its_true_distance() -> None:
    ranges = Randomisation(fill=(0.8, 0.8))
    for away in (3.0, 12.0):
        scenes = TurntableScenes(
            (64, 64), crop=True, distance_radii=(away, away), classes=("ball",), randomisation=ranges
        )
        shares = []
        for index in range(20):
            scene = scenes.sample(frame_generator(1, index))
            vertices = scene.objects[0].mesh.build().vertices
            radius = np.linalg.norm(np.ptp(vertices, axis=0)) / 2
            assert np.linalg.norm(camera_place(scene)) / radius == pytest.approx(away, rel=1e-6)
            shares.append(np.ptp(outline_px(scene), axis=0).max() / 64)
        # The ball's radius is its box's over the root of three; off the axis perspective stretches it.
        np.testing.assert_allclose(shares, 0.8 / np.sqrt(3), rtol=0.15)


def test_viewpoints_cover_the_belt_and_classes_are_equally_likely() -> None:
    scenes = TurntableScenes((32, 32), elevation_deg=(-30, 60))
    drawn = [scenes.sample(frame_generator(2, index)) for index in range(800)]
    places = np.array([camera_place(scene) / np.linalg.norm(camera_place(scene)) for scene in drawn])
    assert chisquare(np.histogram(places[:, 1], 6, np.sin(np.radians((-30, 60))))[0]).pvalue > 0.01
    assert chisquare(np.histogram(np.arctan2(places[:, 0], places[:, 2]), 8, (-np.pi, np.pi))[0]).pvalue > 0.01
    assert chisquare(np.bincount([scene.label for scene in drawn])[1:9]).pvalue > 0.01
    flat = TurntableScenes((32, 32), path="orbit", views=4, elevation_deg=(10, 50)).sample(frame_generator(0, 1))
    assert np.degrees(np.arcsin(camera_place(flat)[1] / np.linalg.norm(camera_place(flat)))) == pytest.approx(30)


def test_every_annotation_fits_the_schema(gl: None) -> None:
    annotations = tuple(name for name in ANNOTATIONS if name != "optical_flow")
    scenes = TurntableScenes((48, 40), annotations=annotations)
    with Renderer(48, 40, annotations=annotations) as renderer:
        for index in range(6):
            scene = scenes.sample(frame_generator(0, index))
            sample = to_sample(renderer.render(scene), scene, f"t-{index}")
            scenes.schema.check(sample)
            assert sample.objects is not None
            assert sample.objects.label.tolist() == [scene.label]
            low, high = outline_px(scene).min(axis=0), outline_px(scene).max(axis=0)
            np.testing.assert_allclose(sample.objects.bbox[0] * (48, 40, 48, 40), (*low[::-1], *high[::-1]), atol=1.0)


def test_assets_of_a_folder_are_shown_as_the_catalogue_says(gl: None, tmp_path: Path) -> None:
    cube_glb(tmp_path / "a.glb", scale=[1, 2, 1])
    rows = [{"file": "a.glb", "class": "car", "height_m": 1.5}]
    (tmp_path / "catalogue.yaml").write_text(
        yaml.safe_dump({"label_space": "things", "licence": "CC0-1.0", "assets": rows})
    )
    scenes = TurntableScenes((32, 32), str(tmp_path))
    scene = scenes.sample(frame_generator(0, 0))
    assert np.ptp(scene.objects[0].mesh.build().vertices[:, 1]) == pytest.approx(1.5)
    assert Scene.from_json(scene.to_json()).to_json() == scene.to_json()
    with Renderer(32, 32) as renderer:
        frame = renderer.render(scene)
        np.testing.assert_array_equal(renderer.render(Scene.from_json(scene.to_json())).colour, frame.colour)
    assert frame.semantic is not None
    assert set(np.unique(frame.semantic)) == {0, 13}
    assert "CC0-1.0" in scenes.licence


def test_a_factor_held_fixed_changes_nothing_else() -> None:
    plain = TurntableScenes((32, 32))
    dark = TurntableScenes((32, 32), randomisation=Randomisation().without("light"))
    for index in range(5):
        one, other = plain.sample(frame_generator(4, index)), dark.sample(frame_generator(4, index))
        assert one.sun != other.sun
        assert (one.objects[0].mesh, one.objects[0].material) == (other.objects[0].mesh, other.objects[0].material)
        assert one.background == other.background
        np.testing.assert_array_equal(one.camera.world_to_camera, other.camera.world_to_camera)


def test_scenes_need_no_opengl_and_bad_options_are_told() -> None:
    code = (
        "import sys; from rendering.scenes import SCENES; from rendering.randomisation import frame_generator;"
        "[SCENES[name]().sample(frame_generator(0, 0)) for name in ('turntable', 'tabletop')];"
        "bad = {'vispy', 'OpenGL', 'tensorflow', 'trimesh'} & set(sys.modules); sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(SCENES) == ["digits", "turntable", "tabletop", "street"]
    for options in ({"size": (4, 4)}, {"path": "spiral"}, {"views": 0}, {"elevation_deg": (10, 5)},
                    {"distance_radii": (1.0, 2.0)}):  # fmt: skip
        with pytest.raises(UsageError, match="turntable"):
            TurntableScenes(**options)  # type: ignore[arg-type]
