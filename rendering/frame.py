"""One rendered frame: colours and the exact annotation of every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rendering.amodal import AmodalMasks
from rendering.object_boxes import ObjectBox

MAPS = ("semantic", "instance", "depth", "normal", "object_coordinates", "optical_flow")
"""Annotations that are one value a pixel."""

ANNOTATIONS = (*MAPS, "boxes", "amodal", "boxes_3d", "poses", "keypoints", "camera", "distortion")
"""Every annotation by name; what each becomes in a sample stands in `rendering.annotations.FIELDS_OF`."""

DEFAULT_ANNOTATIONS = ("semantic", "instance", "depth", "normal", "boxes", "camera")
"""What a renderer gives unless asked for something else."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What the renderer read back; row 0 is the top of the image. What was not asked for is None.

    Colour is antialiased. All other maps hold the surface at the very centre of each pixel and are never blended.

    Attributes:
        colour: `(height, width, 3)` uint8 sRGB.
        semantic: `(height, width, 1)` uint8, 0 where no object is.
        instance: `(height, width, 1)` uint32, 0 where no object is.
        normal_code: `(height, width, 3)` uint16, the unit normal n in camera axes as round(32767 n) + 32768; 0, 0, 0
            where no surface is. It is the interpolated normal of the mesh; normal textures do not show.
        depth: `(height, width, 1)` float32 metres along the optical axis; infinite where no surface is.
        coordinates_code: `(height, width, 3)` uint16, the place c within the object's box (0 to 1 along each of its
            axes: Wang et al., "Normalized object coordinate space", CVPR 2019) as round(65534 c) + 1; 0, 0, 0 where no
            object is.
        flow_code: `(height, width, 3)` uint16, how far the surface at this pixel moves to the next frame, f pixels to
            the right and down as round(64 f) + 32768, and 1; 0, 0, 0 where no surface is, where it is no longer in
            front of the camera or moves beyond 511 pixels (the form of the KITTI benchmark: Menze and Geiger, 2015).
        annotations: names of what was asked for.
        amodal: the whole silhouettes.
        boxes: each object's own axes and box, by instance.
    """

    colour: np.ndarray
    semantic: np.ndarray | None = None
    instance: np.ndarray | None = None
    normal_code: np.ndarray | None = None
    depth: np.ndarray | None = None
    coordinates_code: np.ndarray | None = None
    flow_code: np.ndarray | None = None
    annotations: tuple[str, ...] = DEFAULT_ANNOTATIONS
    amodal: AmodalMasks | None = None
    boxes: Mapping[int, ObjectBox] = field(default_factory=dict)

    @cached_property
    def normal(self) -> np.ndarray | None:
        """`(height, width, 3)` float32 unit vectors in camera axes; 0, 0, 0 where no surface is."""
        return None if self.normal_code is None else decode_normals(self.normal_code)

    @cached_property
    def object_coordinates(self) -> np.ndarray | None:
        """`(height, width, 3)` float32 from 0 to 1; NaN where no object is."""
        return None if self.coordinates_code is None else decode_coordinates(self.coordinates_code)

    @cached_property
    def optical_flow(self) -> np.ndarray | None:
        """`(height, width, 2)` float32 pixels to the right and down, right to 1/128; NaN where unknown."""
        return None if self.flow_code is None else decode_flow(self.flow_code)


def encode_normals(normals: np.ndarray) -> np.ndarray:
    """`(height, width, 3)` uint16 as `datasets.fields` stores them, from float unit vectors; 0, 0, 0 stays so."""
    present = np.any(normals != 0, axis=2, keepdims=True)
    return np.where(present, np.rint(32767 * normals) + 32768, 0).astype(np.uint16)


def decode_normals(encoded: np.ndarray) -> np.ndarray:
    """The inverse of `encode_normals`: `(height, width, 3)` float32, right to 1 part in 32767."""
    present = np.any(encoded != 0, axis=2, keepdims=True)
    return np.where(present, (encoded.astype(np.float32) - 32768) / 32767, 0).astype(np.float32)


def decode_coordinates(encoded: np.ndarray) -> np.ndarray:
    """`(height, width, 3)` float32 object coordinates from their stored form, right to 1 part in 65534; else NaN."""
    present = np.any(encoded != 0, axis=2, keepdims=True)
    return np.where(present, (encoded.astype(np.float32) - 1) / 65534, np.nan).astype(np.float32)


def encode_flow(flow: np.ndarray) -> np.ndarray:
    """`(height, width, 3)` uint16 as `datasets.fields` stores optical flow (KITTI's form): 64 flow + 32768, and 1.

    Movement beyond 511 pixels, which does not fit, is stored as unknown: 0, 0, 0.
    """
    with np.errstate(invalid="ignore"):
        known = np.all(np.abs(flow) < 511, axis=2, keepdims=True)
    coded = np.rint(64 * np.where(known, flow, 0)) + 32768
    return np.where(known, np.concatenate([coded, np.ones_like(coded[:, :, :1])], axis=2), 0).astype(np.uint16)


def decode_flow(encoded: np.ndarray) -> np.ndarray:
    """The inverse of `encode_flow`: `(height, width, 2)` float32 pixels, right to 1/128; NaN where unknown."""
    flow = (encoded[:, :, :2].astype(np.float32) - 32768) / 64
    return np.where(encoded[:, :, 2:] > 0, flow, np.nan).astype(np.float32)
