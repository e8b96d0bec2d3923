"""One sample as a picture: its image beside every map that it carries."""

from __future__ import annotations

import numpy as np
from PIL import Image

from datasets.images import decode_colours
from datasets.raster import Raster
from datasets.sample import Sample
from datasets.schema import Schema

_GAP = 4
_PAPER = 245
_BOX_COLOUR = (255, 64, 64)


def preview(sample: Sample, schema: Schema, min_height: int = 160) -> Image.Image:
    """The sample's panels side by side: image with boxes, class ids in their colours, instances, depth, normals.

    Small images are enlarged by a whole factor, without smoothing, to at least `min_height` pixels.
    """
    panels = [_boxed(photograph(sample.image), sample)]
    panels += [panel_of(path, sample.value(path), schema) for path in schema.paths if _is_map(path, schema)]
    height, width = panels[0].shape[:2]
    factor = max(1, -(-min_height // height))
    sheet = np.full((height * factor, (width * factor + _GAP) * len(panels) - _GAP, 3), _PAPER, np.uint8)
    for place, panel in enumerate(panels):
        left = place * (width * factor + _GAP)
        sheet[:, left : left + width * factor] = panel.repeat(factor, 0).repeat(factor, 1)
    return Image.fromarray(sheet)


def photograph(image: Raster) -> np.ndarray:
    """`(height, width, 3)` uint8 colours of an image."""
    return decode_colours(image.data)


def panel_of(path: str, raster: Raster, schema: Schema) -> np.ndarray:
    """`(height, width, 3)` uint8 colours that show one map."""
    pixels = raster.array
    space = schema[path].space
    if space is not None:
        return space.colour_table[pixels[:, :, 0]]
    if path == "depth":
        return _shades_of_distance(pixels[:, :, 0])
    if pixels.shape[2] == 3:
        return (pixels >> 8).astype(np.uint8)
    return _instance_colours(pixels[:, :, 0])


def _is_map(path: str, schema: Schema) -> bool:
    return path != "image" and schema[path].field.kind == "raster"


def _shades_of_distance(depth: np.ndarray) -> np.ndarray:
    """Near is light; what has no surface is black."""
    seen = np.isfinite(depth)
    if not seen.any():
        return np.zeros((*depth.shape, 3), np.uint8)
    near, far = depth[seen].min(), depth[seen].max()
    share = np.where(seen, (far - np.where(seen, depth, far)) / max(far - near, 1e-6), 0.0)
    shade = np.where(seen, 60 + 195 * share, 0).astype(np.uint8)
    return np.repeat(shade[:, :, None], 3, axis=2)


def _instance_colours(ids: np.ndarray) -> np.ndarray:
    """A colour for each id by an integer hash; 0 stays dark."""
    mixed = ids.astype(np.uint32) * np.uint32(2654435761)
    channels = np.stack([(mixed >> shift) & 0xFF for shift in (8, 16, 24)], axis=2)
    return np.where(ids[:, :, None] == 0, 24, 64 + channels * 3 // 4).astype(np.uint8)


def _boxed(pixels: np.ndarray, sample: Sample) -> np.ndarray:
    if sample.objects is None:
        return pixels
    height, width = pixels.shape[:2]
    framed = pixels.copy()
    for ymin, xmin, ymax, xmax in sample.objects.bbox:
        top, bottom = round(ymin * height), max(round(ymax * height) - 1, 0)
        left, right = round(xmin * width), max(round(xmax * width) - 1, 0)
        framed[[top, bottom], left : right + 1] = _BOX_COLOUR
        framed[top : bottom + 1, [left, right]] = _BOX_COLOUR
    return framed
