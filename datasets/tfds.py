"""The two files by which `tfds.builder_from_directory` reads a data set with none of our code.

Follows tensorflow_datasets/core/proto/{dataset_info,feature}.proto in their JSON form.
"""

from __future__ import annotations

import json
from typing import Any

from datasets.manifest import Manifest
from datasets.schema import Column

DATASET_INFO_NAME = "dataset_info.json"
FEATURES_NAME = "features.json"
_FEATURES = "tensorflow_datasets.core.features"


def dataset_info_json(manifest: Manifest) -> str:
    """The text of `dataset_info.json`."""
    document = {
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.about,
        "redistributionInfo": {"license": manifest.licence},
        "fileFormat": "tfrecord",
        "splits": [
            {
                "name": name,
                "shardLengths": [str(shard.examples) for shard in facts.shards],
                "numBytes": str(facts.bytes),
                "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
            }
            for name, facts in sorted(manifest.splits.items())
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def features_json(manifest: Manifest) -> str:
    """The text of `features.json`."""
    tree: dict[str, Any] = {}
    for column in manifest.schema.columns:
        owner, _, member = column.field.feature.rpartition("/")
        if owner:
            tree.setdefault(owner, {})[member] = _feature(column)
        else:
            tree[member] = _feature(column)
    sequences = {c.field.feature.partition("/")[0] for c in manifest.schema.columns if c.field.kind == "sequence"}
    nested = {name: _nested(name, value, sequences) for name, value in tree.items()}
    return json.dumps(_dictionary(nested), indent=2) + "\n"


def label_files(manifest: Manifest) -> dict[str, str]:
    """Names and texts of the `FEATURE.labels.txt` files that name the classes of class columns."""
    return {
        f"{column.field.feature.replace('/', '-')}.labels.txt": "\n".join(column.space.names) + "\n"
        for column in manifest.schema.columns
        if column.space and column.field.kind != "raster"
    }


def _nested(name: str, value: dict[str, Any], sequences: set[str]) -> dict[str, Any]:
    if "pythonClassName" in value:
        return value
    content = _dictionary(value)
    if name not in sequences:
        return content
    return {
        "pythonClassName": f"{_FEATURES}.sequence_feature.Sequence",
        "sequence": {"feature": content, "length": "-1"},
    }


def _dictionary(features: dict[str, Any]) -> dict[str, Any]:
    return {
        "pythonClassName": f"{_FEATURES}.features_dict.FeaturesDict",
        "featuresDict": {"features": features},
    }


def _feature(column: Column) -> dict[str, Any]:
    field = column.field
    if field.kind == "text":
        return {"pythonClassName": f"{_FEATURES}.text_feature.Text", "text": {}}
    if field.kind == "raster":
        shape, dtype = ((*column.shape[:2], 4), "uint8") if column.wide else (column.shape, column.dtype)
        image = {"shape": {"dimensions": [str(-1 if size is None else size) for size in shape]}, "dtype": dtype}
        return {"pythonClassName": f"{_FEATURES}.image_feature.Image", "image": image}
    if column.space:
        count = {"numClasses": str(len(column.space))}
        return {"pythonClassName": f"{_FEATURES}.class_label_feature.ClassLabel", "classLabel": count}
    if field.feature.endswith("bbox"):
        box = {"shape": {"dimensions": ["4"]}, "dtype": "float32", "bboxFormat": "REL_YXYX"}
        return {"pythonClassName": f"{_FEATURES}.bounding_boxes.BBoxFeature", "boundingBox": box}
    extent = {"dimensions": [str(size) for size in field.shape]} if field.shape else {}
    tensor = {"shape": extent, "dtype": field.dtypes[0], "encoding": "none"}
    return {"pythonClassName": f"{_FEATURES}.tensor_feature.Tensor", "tensor": tensor}
