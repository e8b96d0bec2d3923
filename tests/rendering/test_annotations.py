"""Samples from frames: boxes, normals and cameras against the buffers that they come from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rendering.annotations import to_sample, visible_objects
from rendering.frame import Frame, decode_normals, encode_normals
from rendering.geometry import affine
from rendering.glyphs import Glyph
from rendering.scene import Camera, Material, Scene, SceneObject


def a_thing(instance: int, class_index: int) -> SceneObject:
    return SceneObject(Glyph("1"), np.eye(4), Material(), class_index + 1, class_index, instance)


THINGS = (a_thing(7, 3), a_thing(300, 4), a_thing(2, 5))


def an_instance_map() -> np.ndarray:
    instance = np.zeros((10, 20, 1), np.uint16)
    instance[2:5, 3:9] = 300
    instance[9, 19] = 7
    return instance


def test_boxes_are_tight_around_pixel_edges_and_hidden_objects_are_left_out() -> None:
    objects = visible_objects(an_instance_map(), THINGS)
    np.testing.assert_array_equal(objects.instance, [7, 300])
    np.testing.assert_array_equal(objects.label, [3, 4])
    np.testing.assert_allclose(objects.bbox * (10, 20, 10, 20), [(9, 19, 10, 20), (2, 3, 5, 9)], rtol=1e-6)


def test_no_object_at_all_gives_empty_rows() -> None:
    objects = visible_objects(np.zeros((4, 4, 1), np.uint16), THINGS)
    assert objects.bbox.shape == (0, 4)
    assert objects.label.shape == (0,)
    assert (objects.bbox.dtype, objects.label.dtype, objects.instance.dtype) == (np.float32, np.int64, np.int64)


def test_normals_survive_their_encoding() -> None:
    normals = np.random.default_rng(0).normal(size=(30, 40, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    normals[:5] = 0
    normals[6, :3] = np.eye(3)
    normals[6, 3:6] = -np.eye(3)
    encoded = encode_normals(normals)
    assert encoded.dtype == np.uint16
    assert not encoded[:5].any()
    np.testing.assert_array_equal(encoded[6, 0], [65535, 32768, 32768])
    np.testing.assert_array_equal(encoded[6, 3], [1, 32768, 32768])
    assert np.abs(decode_normals(encoded) - normals).max() <= 0.5 / 32767 + 1e-7
    np.testing.assert_array_equal(encode_normals(decode_normals(encoded)), encoded)


def test_a_sample_carries_all_that_frame_and_scene_know() -> None:
    instance = an_instance_map()
    normal = np.zeros((10, 20, 3), np.float32)
    normal[instance[:, :, 0] > 0] = (0, 0, -1)
    depth = np.where(instance > 0, np.float32(2.5), np.float32(np.inf))
    semantic = (instance > 0).astype(np.uint8)
    frame = Frame(np.full((10, 20, 3), 9, np.uint8), semantic, instance, encode_normals(normal), depth)
    intrinsics = np.array([[30.0, 0, 10], [0, 30, 5], [0, 0, 1]])
    scene = Scene(Camera(10, 20, intrinsics, affine(np.eye(3), (0, 0, 4))), THINGS, label=4)
    sample = to_sample(frame, scene, "digits-000012")
    assert (sample.key, sample.file_name, sample.label) == ("digits-000012", "digits-000012.png", 4)
    assert sample.depth is not None
    assert sample.normal is not None
    assert sample.camera is not None
    assert sample.depth.array is depth
    assert sample.image.array is frame.colour
    np.testing.assert_array_equal(decode_normals(sample.normal.array), normal)
    np.testing.assert_array_equal(sample.camera.intrinsics, intrinsics.astype(np.float32))
    assert sample.camera.world_to_camera[2, 3] == pytest.approx(4)
    assert json.loads(sample.scene or "")["objects"][1]["instance"] == 300
