"""One labelled image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np

from datasets.fields import FIELDS, Field
from datasets.raster import Raster


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of one image, a row each in every array.

    Attributes:
        bbox: `(n, 4)` float32: ymin, xmin, ymax, xmax as shares of the image height and width.
        label: `(n,)` int64 class index.
        instance: `(n,)` int64 id in the instance map, or None where the source has no such map.
        amodal_bbox: `(n, 4)` float32: `bbox` of the whole silhouette, hidden pixels included, within the frame.
        visible_fraction: `(n,)` float32 share of the silhouette that is seen.
        box_3d: `(n, 6)` float32 centre and extent of the oriented box in the object's own axes, metres.
        pose: `(n, 4, 4)` float32 rigid transforms from the object's axes to the camera's, metres.
        keypoints: `(n, 9, 3)` float32 u, v, depth of the oriented box's centre and corners.
    """

    bbox: np.ndarray
    label: np.ndarray
    instance: np.ndarray | None = None
    amodal_bbox: np.ndarray | None = None
    visible_fraction: np.ndarray | None = None
    box_3d: np.ndarray | None = None
    pose: np.ndarray | None = None
    keypoints: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class CameraPose:
    """Where the camera of one image stood and how it projects (conventions: `datasets.fields`).

    Attributes:
        intrinsics: `(3, 3)` float32, pixels.
        world_to_camera: `(4, 4)` float32, metres, or None where the source does not know.
        distortion: `(2,)` float32 k1, k2 of radial distortion, or None where the source does not say.
    """

    intrinsics: np.ndarray
    world_to_camera: np.ndarray | None = None
    distortion: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled image, checked when made. What is unknown is None.

    Pixel maps may be given as arrays `(height, width, channels)` or as `Raster`; they are kept as `Raster`.
    `present` holds the fields that are not None, in the order of the table, with their values.
    `notes` name every conversion that was needed to read the source (`gif-first-frame`), and `unmapped_pixels` counts
    pixels of source ids that have no counterpart in the label space; both are counted for the whole data set and not
    stored in the record.

    Raises:
        ValueError: a field has another shape or type than `datasets.fields` says, or two pixel maps differ in size.
    """

    key: str
    image: Raster
    file_name: str = ""
    semantic: Raster | None = None
    instance: Raster | None = None
    depth: Raster | None = None
    normal: Raster | None = None
    object_coordinates: Raster | None = None
    optical_flow: Raster | None = None
    amodal: str | None = None
    label: int | None = None
    species: int | None = None
    objects: Objects | None = None
    camera: CameraPose | None = None
    disparity: Raster | None = None
    calibration: str | None = None
    vehicle: str | None = None
    scene: str | None = None
    notes: tuple[str, ...] = ()
    unmapped_pixels: Mapping[int, int] = field(default_factory=dict)
    present: tuple[tuple[Field, Any], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.key:
            raise ValueError("a sample needs a key, got an empty one")
        present: list[tuple[Field, Any]] = []
        for owner, members in _MEMBERS:
            held = getattr(self, owner)
            if held is None:
                continue
            if owner in _RASTERS and isinstance(held, np.ndarray):
                held = Raster.from_array(held)
                object.__setattr__(self, owner, held)
            for member, spec in members:
                value = getattr(held, member) if member else held
                if value is not None:
                    self._check(spec, value)
                    present.append((spec, value))
        object.__setattr__(self, "present", tuple(present))

    def value(self, path: str) -> Any:
        """What the field of that path holds, None when absent."""
        owner, _, member = path.partition(".")
        value = getattr(self, owner)
        return value if not member or value is None else getattr(value, member)

    def _check(self, spec: Field, value: Any) -> None:
        if spec.kind == "raster":
            if value.dtype not in spec.dtypes or value.shape[2] not in spec.shape:
                self._refuse(spec, f"{_either(spec.dtypes)} (height, width, {_either(spec.shape)})", value)
            if value.shape[:2] != self.image.shape[:2]:
                raise ValueError(
                    f"sample {self.key!r}: {spec.path} is {value.width}x{value.height} "
                    f"but the image is {self.image.width}x{self.image.height}"
                )
        elif spec.kind == "tensor":
            if _name(value.dtype) not in spec.dtypes or value.shape != spec.shape:
                self._refuse(spec, f"{_either(spec.dtypes)} {spec.shape}", value)
        elif spec.kind == "sequence":
            assert self.objects is not None
            rows = len(self.objects.bbox)
            if _name(value.dtype) not in spec.dtypes or value.shape != (rows, *spec.shape):
                self._refuse(spec, f"{_either(spec.dtypes)} {(rows, *spec.shape)}", value)
        elif spec.kind == "text" and not isinstance(value, str):
            raise ValueError(f"sample {self.key!r}: {spec.path} must be text, got {type(value).__name__}")
        elif spec.kind == "class" and (not isinstance(value, int | np.integer) or value < 0):
            raise ValueError(f"sample {self.key!r}: {spec.path} must be a class index of 0 or more, got {value!r}")

    def _refuse(self, spec: Field, wanted: str, value: Any) -> None:
        raise ValueError(f"sample {self.key!r}: {spec.path} must be {wanted}, got {value.dtype} {value.shape}")


_RASTERS = frozenset(path for path, spec in FIELDS.items() if spec.kind == "raster")
_MEMBERS = tuple(
    (owner, tuple((path.partition(".")[2], spec) for path, spec in members))
    for owner, members in groupby(FIELDS.items(), lambda entry: entry[0].partition(".")[0])
)
"""Attributes of a sample in the order of the table, each with its members, or with an empty name for itself."""


@cache
def _name(dtype: np.dtype[Any]) -> str:
    return dtype.name  # numpy puts it together anew each time


def _either(choices: tuple[Any, ...]) -> str:
    return " or ".join(str(choice) for choice in choices)
