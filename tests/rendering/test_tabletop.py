"""The tabletop: things stand apart on the table, clutter has its class, and the camera sees them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from shapely import MultiPoint

from datasets.errors import UsageError
from rendering.annotations import to_sample
from rendering.builtin_assets import CLUTTER, class_id
from rendering.geometry import project, transform
from rendering.randomisation import frame_generator
from rendering.renderer import Renderer
from rendering.scene import Scene, SceneObject
from rendering.tabletop import TabletopScenes


def points_m(thing: SceneObject) -> np.ndarray:
    return transform(thing.pose, thing.mesh.build().vertices)


def test_things_stand_on_the_table_and_apart() -> None:
    scenes = TabletopScenes((48, 64), objects=(4, 9))
    for index in range(40):
        scene = scenes.sample(frame_generator(0, index))
        outlines = [MultiPoint(points_m(thing)[:, [0, 2]]).convex_hull for thing in scene.objects]
        for thing in scene.objects:
            assert points_m(thing)[:, 1].min() == pytest.approx(0, abs=1e-6)
        for one, other in itertools.combinations(outlines, 2):
            assert one.distance(other) > 0.0049
        targets = [thing for thing in scene.objects if thing.semantic != class_id(CLUTTER)]
        assert 1 <= len(targets) <= 9
        for thing in targets:
            assert (
                0.08 - 1e-6
                <= np.ptp(thing.mesh.build().vertices, axis=0).max() * np.cbrt(np.linalg.det(thing.pose[:3, :3]))
                <= 0.25 + 1e-6
            )
            assert np.linalg.norm(points_m(thing)[:, [0, 2]], axis=1).max() <= 0.4501
        assert scene.ground is not None
        assert [thing.instance for thing in scene.objects] == list(range(1, len(scene.objects) + 1))


def test_the_camera_sees_the_things() -> None:
    scenes, inside = TabletopScenes((48, 64)), []
    for index in range(100):
        scene = scenes.sample(frame_generator(1, index))
        for thing in scene.objects:
            pixels = project(scene.camera.intrinsics, transform(scene.camera.world_to_camera, points_m(thing)))
            inside.append(((pixels >= 0) & (pixels <= (64, 48))).all(axis=1).mean())
    assert np.mean(np.array(inside) > 0.99) > 0.85


def test_occluders_stand_towards_the_camera_and_hide_something(gl: None) -> None:
    """With them, less of the things is seen; without, everything else stays the same."""
    clutter = class_id(CLUTTER)
    bare = TabletopScenes((96, 128), distractors=(0, 0), occluders=(0, 0))
    hidden = TabletopScenes((96, 128), distractors=(0, 0), occluders=(3, 3))
    seen = [0, 0]
    with Renderer(96, 128, 1) as renderer:
        for index in range(12):
            pair: list[Scene] = [scenes.sample(frame_generator(2, index)) for scenes in (bare, hidden)]
            count = len(pair[0].objects)
            for one, other in zip(pair[0].objects, pair[1].objects[:count], strict=True):
                np.testing.assert_array_equal(one.pose, other.pose)
            assert all(thing.semantic == clutter for thing in pair[1].objects[count:])
            view = pair[1].camera.world_to_camera
            eye = -view[:3, :3].T @ view[:3, 3]
            for thing in pair[1].objects[count:]:
                assert thing.pose[[0, 2], 3] @ eye[[0, 2]] > 0
            for place, scene in enumerate(pair):
                frame = renderer.render(scene)
                assert frame.semantic is not None
                seen[place] += int(((frame.semantic > 0) & (frame.semantic != clutter)).sum())
    assert 0.5 * seen[0] < seen[1] < 0.97 * seen[0]


def test_samples_fit_the_schema_and_are_the_same_again(gl: None) -> None:
    annotations = ("semantic", "instance", "depth", "normal", "boxes", "amodal", "poses", "camera")
    scenes = TabletopScenes((48, 64), annotations=annotations)
    with Renderer(48, 64, annotations=annotations) as renderer:
        for index in range(4):
            scene = scenes.sample(frame_generator(3, index))
            frame = renderer.render(scene)
            scenes.schema.check(to_sample(frame, scene, f"t-{index}"))
            again = renderer.render(Scene.from_json(scenes.sample(frame_generator(3, index)).to_json()))
            np.testing.assert_array_equal(frame.colour, again.colour)
            np.testing.assert_array_equal(frame.instance, again.instance)


def test_bad_options_are_told() -> None:
    for options in ({"size": (4, 4)}, {"objects": (0, 3)}, {"distractors": (3, 1)}, {"extent_m": (0.2, 0.9)},
                    {"elevation_deg": (0, 50)}, {"gap_m": -1}):  # fmt: skip
        with pytest.raises(UsageError, match="tabletop"):
            TabletopScenes(**options)  # type: ignore[arg-type]
