"""Label ids drawn from the polygons of Cityscapes, pixel for pixel as cityscapesScripts draws them.

Follows cityscapesscripts/preparation/json2labelImg.py (release 2.3), which draws with Pillow in the order of the file.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from datasets.errors import BadSample
from datasets.images import MAX_PIXELS
from datasets.label_tables import CITYSCAPES_LABELS

_IDS = {row.name: row.id for row in CITYSCAPES_LABELS}


def draw_label_ids(document: Any, name: str) -> np.ndarray:
    """`(height, width, 1)` uint8 label ids; later objects cover earlier ones, what no object covers is unlabeled.

    Deleted objects and license plates, whose id is negative, are not drawn. `cargroup` counts as `car`.

    Args:
        document: the value of a polygons file: imgHeight, imgWidth and objects, each with label and polygon.
        name: what errors call the file.

    Raises:
        BadSample: something is missing, a label is unknown, or the image would be too large.
    """
    try:
        height, width = int(document["imgHeight"]), int(document["imgWidth"])
        objects = [_read_object(entry) for entry in document["objects"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise BadSample(f"this is no polygons file: {type(error).__name__} {error}", name) from None
    if not (height > 0 and width > 0 and height * width <= MAX_PIXELS):
        raise BadSample(f"the polygons lie on {width}x{height} pixels; wanted 1 to {MAX_PIXELS:,}", name)
    image = Image.new("L", (width, height), _IDS["unlabeled"])
    pen = ImageDraw.Draw(image)
    for label, polygon in objects:
        label_id = _IDS.get(label, _IDS.get(label.removesuffix("group")))
        if label_id is None:
            raise BadSample(f"label {label!r} is not in the table of Cityscapes", name)
        if label_id >= 0:
            pen.polygon(polygon, fill=label_id)
    return np.asarray(image)[:, :, np.newaxis].copy()


def _read_object(entry: Any) -> tuple[str, list[tuple[float, float]]]:
    """Label and corners (x, y) of one object; a deleted one becomes a license plate, which is not drawn."""
    if entry.get("deleted"):
        return "license plate", []
    corners = [(float(x), float(y)) for x, y in entry["polygon"]]
    if len(corners) < 2 or not np.isfinite(corners).all():
        raise ValueError(f"object {entry['label']!r} has no polygon of finite corners")
    return str(entry["label"]), corners
