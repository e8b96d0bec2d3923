"""Scenes: what is stored is what was, and what cannot be drawn is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from datasets.errors import UsageError
from rendering.backgrounds import Background
from rendering.geometry import affine, rotation
from rendering.glyphs import Glyph
from rendering.scene import AmbientLight, Camera, Material, Scene, SceneObject, SunLight
from rendering.sensor import Sensor

AWKWARD = np.nextafter(1 / 3, 1)  # a number whose last digit counts


def a_scene() -> Scene:
    camera = Camera(48, 64, np.diag([AWKWARD * 99, 70, 1]), affine(rotation(7, 8, 9), (0, 0, np.pi)), 0.1, 9.0)
    thing = SceneObject(
        Glyph("5", "cmr10", 0.02, 0.3, 0.01),
        affine(np.eye(3) * AWKWARD),
        Material((0.1, AWKWARD, 1), 0.2, 0.9),
        6,
        5,
        1,
    )
    return Scene(
        camera, (thing, replace(thing, instance=40_000)), SunLight((1, 2, AWKWARD), (0.5, 0.6, 0.7)),
        AmbientLight((0.1, 0.2, 0.3), (AWKWARD, 0, 0)),
        Background("cells", ((0, 0, AWKWARD), (1, 0, 0), (0, 1, 0)), AWKWARD, 33.3, 0.4, 2**32 - 1),
        Sensor(0.5, AWKWARD, 12), label=5,
    )  # fmt: skip


def test_json_keeps_every_digit() -> None:
    scene = a_scene()
    again = Scene.from_json(scene.to_json())
    assert again.to_json() == scene.to_json()
    for name in ("sun", "ambient", "background", "sensor", "label"):
        assert getattr(again, name) == getattr(scene, name)
    for name in ("intrinsics", "world_to_camera"):
        assert getattr(again.camera, name).tobytes() == getattr(scene.camera, name).tobytes()
    for one, other in zip(again.objects, scene.objects, strict=True):
        assert one.pose.tobytes() == other.pose.tobytes()
        assert (one.mesh, one.material, one.semantic, one.class_index, one.instance) == (
            other.mesh, other.material, other.semantic, other.class_index, other.instance
        )  # fmt: skip


def test_json_holds_recipes_and_no_vertices() -> None:
    stored = json.loads(a_scene().to_json())
    assert stored["objects"][0]["mesh"] == {
        "kind": "glyph", "character": "5", "font": "cmr10", "weight": 0.02, "depth": 0.3, "bevel": 0.01,
    }  # fmt: skip
    assert len(a_scene().to_json()) < 3000


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": 2}', '{"format": 1, "objects": 3}', '{"format":1,"objects":[{"mesh":{"kind":"x"}}]}'],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a stored scene"):
        Scene.from_json(text)


def test_an_unknown_mesh_is_named() -> None:
    text = a_scene().to_json().replace('"kind":"glyph"', '"kind":"teapot"')
    with pytest.raises(ValueError, match="no mesh of kind 'teapot'; there are glyph"):
        Scene.from_json(text)


def test_a_later_field_is_not_ignored() -> None:
    stored = json.loads(a_scene().to_json())
    stored["fog"] = 1
    with pytest.raises(ValueError, match="fog"):
        Scene.from_json(json.dumps(stored))


def test_matrices_are_copied_and_frozen() -> None:
    pose = np.eye(4)
    thing = replace(a_scene().objects[0], pose=pose)
    pose[0, 3] = 9
    assert thing.pose[0, 3] == 0
    with pytest.raises(ValueError, match="read-only"):
        thing.pose[0, 0] = 2


@pytest.mark.parametrize(
    "change, message",
    [
        ({"pose": np.diag([-1.0, 1, 1, 1])}, "mirrors or flattens"),
        ({"pose": np.eye(3)}, r"pose must be \(4, 4\)"),
        ({"pose": np.full((4, 4), np.nan)}, "finite"),
        ({"semantic": 256}, "semantic must be 1 to 255"),
        ({"instance": 2**32}, "instance 0 to 4294967295"),
        ({"instance": -1}, "instance 0 to 4294967295"),
    ],
)
def test_objects_that_cannot_be_labelled_or_drawn_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(a_scene().objects[0], **change)  # type: ignore[arg-type]


def test_values_out_of_range_are_refused() -> None:
    thing = a_scene().objects[0]
    with pytest.raises(ValueError, match="parts of instance 1 must share"):
        Scene(a_scene().camera, (thing, replace(thing, semantic=7)))
    with pytest.raises(ValueError, match="0 < near_m < far_m"):
        replace(a_scene().camera, near_m=10.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Material((1.2, 0, 0))
    with pytest.raises(ValueError, match="must not be 0"):
        SunLight((0, 0, 0))
    with pytest.raises(ValueError, match="ground must be"):
        AmbientLight(ground=(-1, 0, 0))
    for values in ({"pattern": "x"}, {"size": 0.0}, {"softness": 2.0}, {"seed": -1}, {"colours": ((0, 0, 0),)}):
        with pytest.raises(UsageError, match="background:"):
            Background(**values)  # type: ignore[arg-type]
