"""Reading one frame of Cityscapes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from datasets.cityscapes_polygons import draw_label_ids
from datasets.errors import BadSample
from datasets.file_tree import FileTree
from datasets.raster import Raster
from datasets.reading import Noted, read_json, read_label_map, read_numbers, read_photograph
from datasets.sample import CameraPose, Sample
from datasets.schema import Schema
from datasets.source import Item

_DUMMY_IDS = 4  # unlabeled, ego vehicle, rectification border, out of roi: all that the labels of test hold
_MANY = 1000  # instanceIds hold id * 1000 + n for countable objects, the plain id for all else


def read_frame(tree: FileTree, item: Item, schema: Schema) -> Sample:
    """One frame with everything that the schema names.

    Raises:
        BadSample: a file is missing or damaged.
        ValueError: two pixel maps differ in size.
    """
    files = item.facts
    image, notes = tree.open_as(read_photograph, files["image"])
    values: dict[str, Any] = {}
    if "instance" in schema:
        values["instance"], more = tree.open_as(read_numbers, _named(item, "instance", "instanceIds.png"))
        notes += tuple(f"instance-{note}" for note in more)
    if "semantic" in schema:
        values["semantic"], more = _read_semantic(tree, item, values.get("instance"))
        notes += more
    if "disparity" in schema:
        values["disparity"], more = tree.open_as(read_numbers, files["disparity"])
        notes += tuple(f"disparity-{note}" for note in more)
    if "calibration" in schema:
        values["calibration"], values["camera"] = _read_calibration(tree, files["calibration"])
    if "vehicle" in schema:
        values["vehicle"], _ = tree.open_as(read_json, files["vehicle"])
    return Sample(key=item.key, file_name=item.file, image=image, notes=notes, **values)


def ids_of_instances(instances: np.ndarray) -> np.ndarray:
    """The uint8 label ids that a uint16 map of instanceIds implies.

    Raises:
        BadSample: a number stands for no label id.
    """
    ids = np.where(instances >= _MANY, instances // _MANY, instances)
    if ids.max() > np.iinfo(np.uint8).max:
        raise BadSample(f"instance number {instances[ids > np.iinfo(np.uint8).max][0]} stands for no label id")
    return ids.astype(np.uint8)


def _read_semantic(tree: FileTree, item: Item, instance: Raster | None) -> Noted:
    """Label ids: as delivered, else what the instance map implies, else drawn from the polygons."""
    if "semantic" in item.facts:
        semantic, notes = tree.open_as(read_label_map, item.facts["semantic"])
    elif instance is not None:
        semantic, notes = Raster.from_array(ids_of_instances(instance.array)), ("labels-from-instance-ids",)
    else:
        name = _named(item, "polygons", "labelIds.png")
        _, document = tree.open_as(read_json, name)
        semantic, notes = Raster.from_array(draw_label_ids(document, name)), ("labels-drawn-from-polygons",)
    dummy = item.split == "test" and semantic.array.max() < _DUMMY_IDS
    return semantic, (*notes, *(("labels-are-dummies",) if dummy else ()))


def _read_calibration(tree: FileTree, name: str) -> tuple[str, CameraPose]:
    """The text of a camera file and its intrinsics in pixels."""
    text, document = tree.open_as(read_json, name)
    try:
        fx, fy, u0, v0 = numbers = [float(document["intrinsic"][member]) for member in ("fx", "fy", "u0", "v0")]
    except (KeyError, TypeError, ValueError, OverflowError):
        numbers = []
    if not numbers or not np.isfinite(numbers).all() or min(fx, fy) <= 0:
        said = json.dumps(document)[:200]
        raise BadSample(f"intrinsic must hold finite fx, fy, u0 and v0, the first two above 0, got {said}", name)
    return text, CameraPose(np.array([[fx, 0, u0], [0, fy, v0], [0, 0, 1]], np.float32))


def _named(item: Item, kind: str, ending: str) -> str:
    """The file of that kind.

    Raises:
        BadSample: there is none.
    """
    if kind not in item.facts:
        raise BadSample(f"the frame has no {ending} file, nor anything that its labels could be made from")
    return str(item.facts[kind])
