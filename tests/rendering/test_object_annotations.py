"""Every annotation beyond ids, depth and normals, held against geometry: by reprojection, and one against another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from datasets.examples import decode_example
from datasets.images import decode_pixels
from datasets.records import record_to_sample, sample_to_record
from datasets.schema import Column, Schema
from rendering.amodal import AmodalMasks, from_run_lengths, run_lengths
from rendering.annotations import FIELDS_OF, annotation_columns, to_sample
from rendering.frame import ANNOTATIONS, decode_coordinates, decode_flow, decode_normals, encode_flow
from rendering.geometry import affine, look_at, project, rotation, transform, unproject
from rendering.glyphs import Glyph
from rendering.lens import distort
from rendering.materials import Material
from rendering.renderer import Renderer
from rendering.scene import Camera, Ground, Scene, SceneObject
from rendering.sensor import Sensor
from tests.rendering.meshes_for_tests import Box, Levelled

HEIGHT, WIDTH = 96, 128
K = np.array([[150.0, 4.0, 61.0], [0.0, 140.0, 50.0], [0.0, 0.0, 1.0]])
CAMERA = Camera(HEIGHT, WIDTH, K, look_at((0.8, 1.4, 4), (0, 0.3, 0)))
WOOD = Material((0.6, 0.4, 0.2))


def thing(mesh: object, pose: np.ndarray, instance: int, semantic: int = 3) -> SceneObject:
    return SceneObject(mesh, pose, WOOD, semantic, semantic - 1, instance)  # type: ignore[arg-type]


def a_scene(shift: float = 0.0, **parts: object) -> Scene:
    things = (
        thing(Box((0, 0, 0), (0.6, 0.4, 0.8)), affine(rotation(30 + 40 * shift, 10), (-0.6 + shift, 0, 0)), 7),
        thing(Levelled(), affine(rotation(20, 5 + 60 * shift) @ np.diag([0.3, 0.5, 0.4]), (0.4, 0.4, 0.7)), 70_000, 4),
        thing(Glyph("3"), affine(rotation(-20) * 0.8, (0.7, 0.4, -0.4 + shift)), 2, 5),
    )
    return Scene(CAMERA, things, ground=Ground(-0.05, 20), **parts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def drawn(gl: None) -> Iterator[Renderer]:
    with Renderer(HEIGHT, WIDTH, 1, ANNOTATIONS, pixels_per_triangle=0) as renderer:
        yield renderer


BENT = Sensor(distortion=(-0.7, 0.3))


def test_object_coordinates_depth_and_pose_agree(drawn: Renderer) -> None:
    """A pixel's place in its object's box, put through box and pose, is the point that its depth says: 1e-3 m."""
    scene = a_scene()
    frame = drawn.render(scene)
    points = unproject(K, np.where(np.isfinite(frame.depth), frame.depth, 1).astype(np.float64))
    for instance, box in frame.boxes.items():
        seen = frame.instance[:, :, 0] == instance
        assert seen.sum() > 100
        place = box.low_m + frame.object_coordinates[seen] * (box.high_m - box.low_m)
        again = transform(scene.camera.world_to_camera @ box.pose, place)
        assert np.abs(again - points[seen]).max() < 1e-3
        assert np.abs(project(K, again) - project(K, points[seen])).max() < 0.05
    elsewhere = frame.instance[:, :, 0] == 0
    assert np.isnan(frame.object_coordinates[elsewhere]).all()
    assert np.isfinite(frame.depth[elsewhere]).any()  # the ground


def test_boxes_touch_the_vertices_on_every_side_and_axes_turn_rigidly(drawn: Renderer) -> None:
    sheared = affine(rotation(30, 10) @ np.array([[0.6, 0.3, 0], [0, 0.5, 0.2], [0, 0, 0.4]]), (0, 0.3, 0))
    scene = replace(a_scene(), objects=(*a_scene().objects, thing(Levelled(), sheared, 9)))
    for entry in scene.objects:
        box = drawn.render(scene).boxes[entry.instance]
        np.testing.assert_allclose(box.pose[:3, :3] @ box.pose[:3, :3].T, np.eye(3), atol=1e-12)
        own = transform(np.linalg.inv(box.pose) @ entry.pose, entry.mesh.build().vertices)
        np.testing.assert_allclose(own.min(axis=0), box.low_m, atol=1e-6)
        np.testing.assert_allclose(own.max(axis=0), box.high_m, atol=1e-6)
    straight = scene.objects[0]
    np.testing.assert_allclose(drawn.render(scene).boxes[7].pose, straight.pose, atol=1e-12)


def test_parts_of_one_thing_share_a_box_and_an_id(drawn: Renderer) -> None:
    first = thing(Box((0, 0, 0), (0.5, 0.5, 0.5)), affine(rotation(20), (0, 0.2, 0)), 5)
    second = thing(Box((-1, 0, 0), (-0.5, 1, 0.5)), affine(rotation(20) * 0.5, (0, 0.2, 0)), 5)
    scene = Scene(CAMERA, (first, second))
    frame = drawn.render(scene)
    assert set(frame.boxes) == {5}
    np.testing.assert_allclose(frame.boxes[5].low_m, (-0.5, 0, 0), atol=1e-7)
    np.testing.assert_allclose(frame.boxes[5].high_m, (0.5, 0.5, 0.5), atol=1e-7)
    sample = to_sample(frame, scene, "x")
    assert sample.objects is not None
    np.testing.assert_array_equal(sample.objects.instance, [5])
    alone = [drawn.render(Scene(CAMERA, (part,))).instance[:, :, 0] == 5 for part in (first, second)]
    np.testing.assert_array_equal(frame.instance[:, :, 0] == 5, alone[0] | alone[1])


@pytest.mark.parametrize("sensor", [Sensor(), BENT], ids=["straight", "barrel"])
def test_flow_points_to_where_the_surface_went(drawn: Renderer, sensor: Sensor) -> None:
    """Each pixel's point, moved with its object, is projected by hand into the next frame: half a pixel at most."""
    scene, later = (replace(a_scene(shift), sensor=sensor) for shift in (0.0, 0.1))
    moved_camera = replace(CAMERA, world_to_camera=look_at((0.9, 1.45, 3.9), (0.05, 0.3, 0)))
    later = replace(later, camera=moved_camera)
    frame = drawn.render(scene, later)
    worst = []
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    for entry, after in zip(scene.objects, later.objects, strict=True):
        seen = frame.instance[:, :, 0] == entry.instance
        box = frame.boxes[entry.instance]
        place = box.low_m + frame.object_coordinates[seen] * (box.high_m - box.low_m)
        own = transform(np.linalg.inv(entry.pose) @ box.pose, place)
        starts, ends = (
            distort(K, project(K, transform(one.camera.world_to_camera @ part.pose, own)), sensor.distortion)
            for one, part in ((scene, entry), (later, after))
        )
        worst.append(np.abs(frame.optical_flow[seen] - (ends - starts)).max())
        assert np.abs(starts - np.stack([u[seen], v[seen]], axis=1)).max() < (0.01 if sensor is not BENT else 0.8)
    assert max(worst) < 0.05
    ground = (frame.instance[:, :, 0] == 0) & np.isfinite(frame.depth[:, :, 0])
    assert np.isfinite(frame.optical_flow[ground]).all()
    assert np.isnan(frame.optical_flow[~np.isfinite(frame.depth[:, :, 0])]).all()


def test_flow_of_a_still_scene_is_zero_and_of_a_lost_object_unknown(drawn: Renderer) -> None:
    frame = drawn.render(a_scene())
    assert np.nanmax(np.abs(frame.optical_flow)) == 0
    without = replace(a_scene(), objects=a_scene().objects[1:])
    frame = drawn.render(a_scene(), without)
    assert np.isnan(frame.optical_flow[frame.instance[:, :, 0] == 7]).all()
    assert np.isfinite(frame.optical_flow[frame.instance[:, :, 0] == 2]).all()


@pytest.mark.parametrize("sensor", [Sensor(), BENT], ids=["straight", "barrel"])
def test_whole_silhouettes_are_those_of_the_objects_alone(drawn: Renderer, sensor: Sensor) -> None:
    scene = a_scene(sensor=sensor)
    frame = drawn.render(scene)
    assert frame.amodal is not None
    for place, entry in enumerate(scene.objects):
        alone = drawn.render(replace(scene, objects=(entry,), ground=None)).instance[:, :, 0] > 0
        np.testing.assert_array_equal(frame.amodal.mask(entry.instance), alone)
        assert frame.amodal.areas[place] == alone.sum()
        rows, columns = np.flatnonzero(alone.any(axis=1)), np.flatnonzero(alone.any(axis=0))
        wanted = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
        np.testing.assert_array_equal(frame.amodal.extents[place], wanted)


def test_hundreds_of_silhouettes_fit(drawn: Renderer) -> None:
    things = tuple(
        thing(Box(), affine(np.eye(3) * 0.12, (0.16 * (i % 20 - 10), 0.16 * (i // 20 - 3), 0)), i + 1)
        for i in range(140)
    )
    frame = drawn.render(Scene(CAMERA, things))
    assert frame.amodal is not None
    assert frame.amodal.bits.shape[2] == 5
    for one in (1, 33, 65, 127, 128, 129, 140):
        alone = drawn.render(Scene(CAMERA, (things[one - 1],))).instance[:, :, 0] > 0
        np.testing.assert_array_equal(frame.amodal.mask(one), alone)


def test_keypoints_are_the_projected_corners_and_lie_on_the_outline(drawn: Renderer) -> None:
    scene = replace(a_scene(), objects=a_scene().objects[:1])
    sample = to_sample(drawn.render(scene), scene, "x")
    assert sample.objects is not None
    corners = transform(CAMERA.world_to_camera @ scene.objects[0].pose, scene.objects[0].mesh.build().vertices)
    found = sample.objects.keypoints[0]
    for u, v in project(K, corners):
        assert np.hypot(*(found[1:, :2] - (u, v)).T).min() < 0.01
    silhouette = drawn.render(Scene(CAMERA, scene.objects[:1])).instance[:, :, 0] == 7
    v, u = np.nonzero(silhouette)
    edges = np.array([u.min(), v.min(), u.max() + 1, v.max() + 1])
    assert np.abs(edges - [*found[1:, :2].min(axis=0), *found[1:, :2].max(axis=0)]).max() < 1


def test_a_barrel_lens_bends_labels_and_keypoints_alike(drawn: Renderer) -> None:
    """The outline of a box, distorted by hand, bounds the distorted mask to a pixel and a half."""
    scene = Scene(CAMERA, (thing(Box(), affine(rotation(30) * 0.8, (1.0, 0.9, 0)), 1),), sensor=BENT)
    frame = drawn.render(scene)
    v, u = np.nonzero(frame.instance[:, :, 0])
    grid = np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, 41)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    straight = project(K, transform(CAMERA.world_to_camera @ scene.objects[0].pose, grid))
    bent = distort(K, straight, BENT.distortion)
    edges = np.array([u.min(), v.min(), u.max() + 1, v.max() + 1])
    assert np.abs(edges - [*bent.min(axis=0), *bent.max(axis=0)]).max() < 1.5
    assert np.abs(bent - straight).max() > 3


def test_a_sample_holds_every_annotation_and_survives_its_record(drawn: Renderer) -> None:
    scene = a_scene()
    with pytest.raises(ValueError, match="70000 is beyond 65535"):
        to_sample(drawn.render(scene), scene, "x")
    scene = replace(scene, objects=(scene.objects[0], replace(scene.objects[1], instance=700), scene.objects[2]))
    frame = drawn.render(scene, a_scene(0.1))
    sample = to_sample(frame, scene, "x")
    columns = annotation_columns(ANNOTATIONS, (HEIGHT, WIDTH), None, None)
    schema = Schema.of(Column("image", (HEIGHT, WIDTH, 3)), *columns, Column("scene"))
    schema.check(sample)
    again = record_to_sample(sample_to_record(sample), schema)
    assert again.objects is not None
    assert sample.objects is not None
    for name in ("bbox", "amodal_bbox", "visible_fraction", "box_3d", "pose", "keypoints", "instance", "label"):
        np.testing.assert_array_equal(getattr(again.objects, name), getattr(sample.objects, name))
    np.testing.assert_array_equal(decode_normals(again.normal.array), frame.normal)
    np.testing.assert_array_equal(decode_coordinates(again.object_coordinates.array), frame.object_coordinates)
    np.testing.assert_allclose(decode_flow(again.optical_flow.array), frame.optical_flow)
    rows = json.loads(again.amodal)
    for row, one in zip(rows, again.objects.instance, strict=True):
        np.testing.assert_array_equal(from_run_lengths(row["counts"], *row["size"]), frame.amodal.mask(one))
    visible = [(frame.instance == one).sum() / frame.amodal.mask(one).sum() for one in sample.objects.instance]
    np.testing.assert_allclose(sample.objects.visible_fraction, visible, rtol=1e-6)
    assert min(visible) < 0.9


def test_ids_of_32_bits_survive_their_record(drawn: Renderer) -> None:
    scene = a_scene()
    largest = replace(scene.objects[0], instance=2**32 - 1)
    scene = replace(scene, objects=(largest, *scene.objects[1:]))
    frame = drawn.render(scene)
    assert {70000, 2**32 - 1} <= set(np.unique(frame.instance).tolist())
    columns = annotation_columns(ANNOTATIONS, (HEIGHT, WIDTH), None, None, wide_instances=True)
    schema = Schema.of(Column("image", (HEIGHT, WIDTH, 3)), *columns, Column("scene"))
    schema = Schema.from_json(json.loads(json.dumps(schema.to_json())))
    sample = to_sample(frame, scene, "x", wide_instances=True)
    schema.check(sample)
    record = sample_to_record(sample)
    np.testing.assert_array_equal(record_to_sample(record, schema).instance.array, frame.instance)
    # As the description for TensorFlow Datasets says: four bytes a pixel, the lowest first.
    picture = decode_example(record)["instance_label"]
    assert isinstance(picture, bytes)
    weights = np.array([1, 2**8, 2**16, 2**24], np.uint64)
    np.testing.assert_array_equal(decode_pixels(picture) @ weights, frame.instance[:, :, 0])
    narrow = Schema.of(
        Column("image", (HEIGHT, WIDTH, 3)), *annotation_columns(ANNOTATIONS, (HEIGHT, WIDTH), None, None),
        Column("scene"),
    )  # fmt: skip
    with pytest.raises(ValueError, match="instance must be uint16, got uint32"):
        narrow.check(sample)
    with pytest.raises(ValueError, match="'depth' cannot hold ids of 32 bits"):
        Column("depth", (HEIGHT, WIDTH, 1), wide=True)


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_each_annotation_comes_alone_and_equals_that_of_all_together(drawn: Renderer, name: str) -> None:
    scene = replace(a_scene(), objects=tuple(replace(one, instance=9 + i) for i, one in enumerate(a_scene().objects)))
    everything = to_sample(drawn.render(scene), scene, "x")
    with Renderer(HEIGHT, WIDTH, 1, (name,), pixels_per_triangle=0) as renderer:
        frame = renderer.render(scene)
        alone = to_sample(frame, scene, "x")
    expected = {column.path for column in annotation_columns((name,), (HEIGHT, WIDTH), None, None)}
    present = {field.path: value for field, value in alone.present}
    assert present.keys() == {"key", "file_name", "image", "scene", *expected}
    assert set(FIELDS_OF[name]) <= expected
    for path in expected:
        value, wanted = present[path], everything.value(path)
        np.testing.assert_array_equal(getattr(value, "array", value), getattr(wanted, "array", wanted))
    np.testing.assert_array_equal(alone.image.array, everything.image.array)


def test_an_unknown_annotation_is_named() -> None:
    with pytest.raises(Exception, match="no annotation smell; there are semantic, instance"):
        Renderer(8, 8, annotations=("depth", "smell"))


def test_flow_survives_its_encoding_or_is_unknown() -> None:
    flow = np.random.default_rng(0).normal(0, 200, (30, 40, 2)).astype(np.float32)
    flow[3, 4] = np.nan
    back = decode_flow(encode_flow(flow))
    fits = (np.abs(flow) < 511).all(axis=2)
    assert np.abs(back[fits] - flow[fits]).max() <= 1 / 128 + 1e-5
    assert np.isnan(back[~fits]).all()
    assert not fits[3, 4]


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of pycocotools with numpy 2
@pytest.mark.parametrize("fill", [lambda m: m, lambda m: ~m, np.zeros_like, np.ones_like])
def test_run_lengths_are_those_of_coco(fill: Callable[[np.ndarray], np.ndarray]) -> None:
    mask = fill(np.random.default_rng(1).random((13, 17)) < 0.4)
    counts = run_lengths(mask)
    assert sum(counts) == mask.size
    np.testing.assert_array_equal(from_run_lengths(counts, *mask.shape), mask)
    coco = pytest.importorskip("pycocotools.mask")
    coded = coco.frPyObjects({"size": list(mask.shape), "counts": counts}, *mask.shape)
    np.testing.assert_array_equal(coco.decode(coded).astype(bool), mask)


def test_run_lengths_of_a_part_are_those_of_the_whole() -> None:
    mask = np.zeros((9, 14), bool)
    for columns in (slice(3, 7), slice(0, 5), slice(9, 14)):
        mask[:] = False
        mask[:, columns] = np.random.default_rng(2).random((9, columns.stop - columns.start)) < 0.6
        mask[0, columns.start] = mask[-1, columns.stop - 1] = True
        assert run_lengths(mask[:, columns], columns.start, 14) == run_lengths(mask)


def test_empty_silhouettes_have_empty_boxes() -> None:
    masks = AmodalMasks(np.zeros((4, 5, 1), np.uint32), (3, 4))
    np.testing.assert_array_equal(masks.extents, np.zeros((2, 4)))
    np.testing.assert_array_equal(masks.areas, [0, 0])


def test_the_coarser_level_is_drawn_when_small_and_culling_changes_nothing(gl: None) -> None:
    near = thing(Levelled(40), affine(np.eye(3), (0, 0, 0)), 1)
    far = thing(Levelled(40), affine(np.eye(3) * 0.1, (-0.5, 0, -3)), 2)
    beside = thing(Levelled(40), affine(np.eye(3), (60, 0, 0)), 3)
    with Renderer(HEIGHT, WIDTH, 1, ANNOTATIONS, pixels_per_triangle=2) as renderer:
        frame = renderer.render(Scene(CAMERA, (near, far, beside)))
        assert {recipe.rings for recipe in renderer._resources.meshes._kept} == {40, 20, 10}
        small = renderer.render(Scene(CAMERA, (far,))).depth
        np.testing.assert_array_equal(frame.depth, renderer.render(Scene(CAMERA, (near, far))).depth)
        assert frame.amodal is not None
        assert not frame.amodal.mask(3).any()
    with Renderer(HEIGHT, WIDTH, 1, ANNOTATIONS, pixels_per_triangle=0) as renderer:
        np.testing.assert_array_equal(renderer.render(Scene(CAMERA, (replace(far, mesh=Levelled(10)),))).depth, small)
