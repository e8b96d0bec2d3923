"""From a rendered frame to a sample of a data set."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scipy.ndimage import find_objects

from datasets.sample import CameraPose, Objects, Sample
from datasets.schema import Column
from rendering.amodal import AmodalMasks
from rendering.frame import ANNOTATIONS, Frame
from rendering.geometry import project
from rendering.lens import distort
from rendering.object_boxes import ObjectBox
from rendering.scene import Scene, SceneObject

FIELDS_OF: dict[str, tuple[str, ...]] = {
    "semantic": ("semantic",),
    "instance": ("instance",),
    "depth": ("depth",),
    "normal": ("normal",),
    "object_coordinates": ("object_coordinates",),
    "optical_flow": ("optical_flow",),
    "boxes": ("objects.bbox", "objects.label", "objects.instance"),
    "amodal": ("amodal", "objects.amodal_bbox", "objects.visible_fraction"),
    "boxes_3d": ("objects.box_3d",),
    "poses": ("objects.pose",),
    "keypoints": ("objects.keypoints",),
    "camera": ("camera.intrinsics", "camera.world_to_camera"),
    "distortion": ("camera.intrinsics", "camera.world_to_camera", "camera.distortion"),
}
"""The fields of a sample that each annotation fills."""

_CHANNELS = {"semantic": 1, "instance": 1, "depth": 1, "normal": 3, "object_coordinates": 3, "optical_flow": 3}
_OF_OBJECTS = ("amodal", "boxes_3d", "poses", "keypoints")
_FEW = 4096  # ids up to here need no list of those that occur
_MANY = 2**20  # a table of so many is made quickly, and a look-up in it takes a third of a search


def annotation_columns(
    annotations: tuple[str, ...], size: tuple[int, int], semantic_space: str | None, class_space: str | None,
    wide_instances: bool = False,
) -> tuple[Column, ...]:  # fmt: skip
    """The columns that `to_sample` fills from a frame with these annotations, beside `image`, `label` and `scene`.

    Args:
        annotations: names of `rendering.frame.ANNOTATIONS`; those of objects bring the boxes along.
        size: (height, width) of the frames.
        semantic_space: label space of the semantic map.
        class_space: label space of the objects' classes.
        wide_instances: whether instance maps hold ids of 32 bits.
    """
    spaces = {"semantic": semantic_space, "objects.label": class_space}
    names = (*annotations, *(("boxes",) if any(name in annotations for name in _OF_OBJECTS) else ()))
    columns = []
    for path in dict.fromkeys(path for name in ANNOTATIONS if name in names for path in FIELDS_OF[name]):
        shape = (*size, _CHANNELS[path]) if path in _CHANNELS else ()
        columns.append(Column(path, shape, spaces.get(path), wide_instances and path == "instance"))
    return tuple(columns)


def to_sample(frame: Frame, scene: Scene, key: str, assets: str | None = None, wide_instances: bool = False) -> Sample:
    """A frame with everything that it and its scene know, under a key of the caller's choice.

    Files below the folder `assets` are named relative to it in the stored scene. Instance maps hold 16 bits, or 32 with
    `wide_instances`.

    An object of which no pixel centre is visible is left out of `objects`; the stored scene still has it.

    Raises:
        ValueError: an instance id is beyond 65535 and the maps are not wide.
    """
    asked, camera = frame.annotations, scene.camera
    kept: dict[str, Any] = {name: getattr(frame, name) for name in ("semantic", "depth") if name in asked}
    if "instance" in asked:
        kept["instance"] = frame.instance if wide_instances else _as_uint16(frame.instance)
    if "normal" in asked:
        kept["normal"] = frame.normal_code
    if "object_coordinates" in asked:
        kept["object_coordinates"] = frame.coordinates_code
    if "optical_flow" in asked:
        kept["optical_flow"] = frame.flow_code
    objects = None
    if frame.instance is not None and ("boxes" in asked or any(name in asked for name in _OF_OBJECTS)):
        objects = visible_objects(frame.instance, scene.objects, **_object_rows(frame, scene))
        if frame.amodal is not None and objects.instance is not None:
            kept["amodal"] = _masks_json(frame.amodal, objects.instance)
    if "camera" in asked or "distortion" in asked:
        bent = np.array(scene.sensor.distortion, np.float32) if "distortion" in asked else None
        matrices = camera.intrinsics.astype(np.float32), camera.world_to_camera.astype(np.float32)
        kept["camera"] = CameraPose(*matrices, bent)
    return Sample(
        key=key, file_name=f"{key}.png", image=frame.colour,  # type: ignore[arg-type]  # arrays become rasters
        label=scene.label, objects=objects, scene=scene.to_json(assets), **kept,
    )  # fmt: skip


def visible_objects(instance: np.ndarray, things: tuple[SceneObject, ...], **rows: dict[int, np.ndarray]) -> Objects:
    """The objects that own a pixel, in the scene's order, with boxes tight around their pixels' outer edges.

    Args:
        instance: `(height, width, 1)` instance map.
        things: the scene's objects; parts of one thing count once.
        rows: further members of `Objects`, by instance; `visible_fraction` is given as the pixels of the silhouette.
    """
    height, width = instance.shape[:2]
    things = tuple(thing for thing in things if thing.instance)
    owners = {thing.instance: thing for thing in reversed(things)}
    ids = np.array(sorted(owners), np.int64)
    labels = instance[:, :, 0]
    if ids.size and ids[-1] > _FEW:
        labels = _places(ids, labels)
        ids = np.arange(1, len(ids) + 1)
    places = dict(zip(sorted(owners), ids.tolist(), strict=True))
    slices = find_objects(labels.astype(np.int32), max_label=int(ids[-1]) if ids.size else 1)
    seen = [name for name in dict.fromkeys(thing.instance for thing in things) if slices[places[name] - 1]]
    edges = [[s[0].start, s[1].start, s[0].stop, s[1].stop] for s in (slices[places[name] - 1] for name in seen)]
    members = {name: np.array([values[one] for one in seen], np.float32) for name, values in rows.items()}
    for name, values in members.items():
        members[name] = values.reshape(-1, *_ROW_SHAPES[name])
    if "visible_fraction" in members:
        counts = np.bincount(labels.ravel(), minlength=int(ids[-1]) + 1 if ids.size else 1)
        pixels = np.array([counts[places[one]] for one in seen], np.float32)
        members["visible_fraction"] = np.minimum(pixels / np.maximum(members["visible_fraction"], 1), 1)
    return Objects(
        bbox=(np.array(edges, np.float64).reshape(-1, 4) / (height, width, height, width)).astype(np.float32),
        label=np.array([owners[one].class_index for one in seen], np.int64),
        instance=np.array(seen, np.int64),
        **members,
    )


_ROW_SHAPES: dict[str, tuple[int, ...]] = {
    "amodal_bbox": (4,), "visible_fraction": (), "box_3d": (6,), "pose": (4, 4), "keypoints": (9, 3),
}  # fmt: skip


def _object_rows(frame: Frame, scene: Scene) -> dict[str, dict[int, np.ndarray]]:
    rows: dict[str, dict[int, np.ndarray]] = {}
    if frame.amodal is not None:
        height, width = frame.colour.shape[:2]
        shares = frame.amodal.extents / (height, width, height, width)
        rows["amodal_bbox"] = dict(zip(frame.amodal.instances, shares, strict=True))
        rows["visible_fraction"] = dict(zip(frame.amodal.instances, frame.amodal.areas, strict=True))
    if "boxes_3d" in frame.annotations:
        rows["box_3d"] = {
            one: np.concatenate([(box.low_m + box.high_m) / 2, box.high_m - box.low_m])
            for one, box in frame.boxes.items()
        }
    if "poses" in frame.annotations:
        rows["pose"] = {one: scene.camera.world_to_camera @ box.pose for one, box in frame.boxes.items()}
    if "keypoints" in frame.annotations and frame.boxes:
        rows["keypoints"] = dict(zip(frame.boxes, keypoints(list(frame.boxes.values()), scene), strict=True))
    return {name: values for name, values in rows.items() if values}


def keypoints(boxes: list[ObjectBox], scene: Scene) -> np.ndarray:
    """`(n, 9, 3)` float32 u, v, depth of each box's centre and corners as the camera of a scene sees them."""
    points = np.array([np.vstack([(box.low_m + box.high_m) / 2, box.corners_m]) for box in boxes])
    poses = np.array([scene.camera.world_to_camera @ box.pose for box in boxes])
    placed = (np.einsum("nij,nkj->nki", poses[:, :3, :3], points) + poses[:, None, :3, 3]).reshape(-1, 3)
    ahead = placed[:, 2] > 0
    pixels = np.full((len(placed), 2), np.nan)
    pixels[ahead] = project(scene.camera.intrinsics, placed[ahead])
    if any(scene.sensor.distortion):
        pixels[ahead] = distort(scene.camera.intrinsics, pixels[ahead], scene.sensor.distortion)
    depth = np.where(ahead, placed[:, 2], np.nan)
    return np.column_stack([pixels, depth]).reshape(-1, 9, 3).astype(np.float32)


def _places(ids: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where each label stands in a rising list of ids, counted from 1; 0 where it does not."""
    largest = max(int(ids[-1]), int(labels.max(initial=0)))
    if largest < _MANY:
        table = np.zeros(largest + 1, np.int32)
        table[ids] = np.arange(1, len(ids) + 1)
        return table.take(labels)
    found = np.searchsorted(ids, labels).clip(max=len(ids) - 1)
    return np.where(ids[found] == labels, found + 1, 0)


def _masks_json(masks: AmodalMasks, instances: np.ndarray) -> str:
    size = list(masks.bits.shape[:2])
    rows: list[dict[str, Any]] = [{"size": size, "counts": masks.run_lengths(one)} for one in instances.tolist()]
    return json.dumps(rows, separators=(",", ":"))


def _as_uint16(instance: np.ndarray | None) -> np.ndarray | None:
    if instance is not None and instance.size and int(instance.max()) > 65535:
        raise ValueError(f"instance id {instance.max()} is beyond 65535; ask for wide instances, in the columns too")
    return None if instance is None else instance.astype(np.uint16)
