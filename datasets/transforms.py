"""What may be done to samples on their way into a data set: crop, resize, look classes up in another label space.

A sample that needs none of it passes through untouched, its source's bytes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from datasets.errors import BadSample, UsageError
from datasets.fields import FIELDS
from datasets.label_lookups import Lookup, lookup
from datasets.raster import Raster
from datasets.sample import CameraPose, Objects, Sample
from datasets.schema import Column, Schema
from datasets.source import Item, Plan, Reader, Rejection, Source

_SMALLEST_VISIBLE = 1e-6


@dataclass(frozen=True)
class Crop:
    """A rectangle of pixels: `width` x `height`, its upper left corner at (`left`, `top`)."""

    width: int
    height: int
    left: int
    top: int

    @classmethod
    def parse(cls, text: str) -> Crop:
        """`WIDTHxHEIGHT+LEFT+TOP`.

        Raises:
            UsageError: the text says something else.
        """
        try:
            size, left, top = text.split("+")
            width, height = size.lower().split("x")
            crop = cls(int(width), int(height), int(left), int(top))
        except ValueError:
            raise UsageError(f"--crop must be WIDTHxHEIGHT+LEFT+TOP such as 2048x896+0+0, got {text!r}") from None
        if min(crop.width, crop.height) < 1 or min(crop.left, crop.top) < 0:
            raise UsageError(f"--crop must name pixels inside the image, got {text!r}")
        return crop


@dataclass(frozen=True)
class Transform:
    """What is done to every sample, in this order.

    Attributes:
        crop: the part that is kept.
        size: (height, width) that pixel maps are resized to: images by area where they shrink and bicubic where they
            grow, all others by nearest neighbour. Disparity, a length in pixels, is scaled with the width.
        label_space: the space that class ids of pixels are looked up in; ids without a counterpart are ignored.
        lane_marking: what the lane markings of SYNTHIA become in another space: `ignore` or `road`.
    """

    crop: Crop | None = None
    size: tuple[int, int] | None = None
    label_space: str | None = None
    lane_marking: str = "ignore"

    @property
    def changes_nothing(self) -> bool:
        """Whether samples pass through untouched."""
        return self.crop is None and self.size is None and self.label_space is None

    def lookup_for(self, schema: Schema) -> Lookup | None:
        """The look-up of class ids, None where they stay.

        Raises:
            UsageError: the samples have no class ids of pixels, or there is no look-up between the two spaces.
        """
        if self.label_space is None:
            return None
        if "semantic" not in schema:
            raise UsageError(f"--label-space {self.label_space}: this data set has no class ids of pixels")
        return lookup(str(schema["semantic"].label_space), self.label_space, lane_marking=self.lane_marking)

    def schema(self, schema: Schema) -> Schema:
        """The schema of transformed samples."""
        found = self.lookup_for(schema)
        return Schema(tuple(self._column(column, found) for column in schema.columns))

    def apply(self, sample: Sample, found: Lookup | None) -> Sample:
        """One transformed sample; `found` is what `lookup_for` gave.

        Raises:
            BadSample: the crop does not lie inside the image.
        """
        if self.crop is not None:
            sample = _cropped(sample, self.crop)
        if self.size is not None and sample.image.shape[:2] != self.size:
            sample = _resized(sample, self.size)
        if found is not None and sample.semantic is not None:
            sample = _looked_up(sample, found)
        return sample

    def _column(self, column: Column, found: Lookup | None) -> Column:
        if column.field.kind != "raster":
            return column
        height, width, channels = column.shape
        if self.crop is not None:
            height, width = self.crop.height, self.crop.width
        if self.size is not None:
            height, width = self.size
        space = found.target if found and column.path == "semantic" else column.label_space
        return Column(column.path, (height, width, channels), space)


@dataclass(frozen=True)
class TransformedSource:
    """A source whose samples are transformed.

    Attributes:
        source: where they come from.
        transform: what is done to each.
    """

    source: Source
    transform: Transform

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.source.name

    @property
    def version(self) -> str:
        """Version of the conversion."""
        return self.source.version

    @property
    def about(self) -> str:
        """The source's own words."""
        return self.source.about

    @property
    def licence(self) -> str:
        """Terms of the source."""
        return self.source.licence

    @property
    def schema(self) -> Schema:
        """Fields of the transformed samples."""
        return self.transform.schema(self.source.schema)

    def plan(self) -> Plan:
        """The source's plan, with the transform among its options."""
        plan = self.source.plan()
        found = self.transform.lookup_for(self.source.schema)
        options = asdict(self.transform) | {"label_lookup": found.name if found else None}
        return replace(plan, configuration={**plan.configuration, "transform": options})

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """The source's reader, followed by the transform."""
        found = self.transform.lookup_for(self.source.schema)
        with self.source.open_reader() as reader:
            yield lambda items: self._samples(reader, items, found)

    def _samples(self, reader: Reader, items: Sequence[Item], found: Lookup | None) -> Iterator[Sample | Rejection]:
        for item, result in zip(items, reader(items), strict=True):
            if isinstance(result, Rejection):
                yield result
                continue
            try:
                yield self.transform.apply(result, found)
            except BadSample as error:
                yield Rejection(item.key, item.split, error.file or item.file, error.reason)


def transformed(source: Source, transform: Transform) -> Source:
    """The source itself where nothing is to be done."""
    return source if transform.changes_nothing else TransformedSource(source, transform)


def _each_raster(sample: Sample, change: Callable[[str, np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Every pixel map of a sample, changed."""
    rasters = {path: sample.value(path) for path, field in FIELDS.items() if field.kind == "raster"}
    return {
        path: Raster.from_array(change(path, raster.array)) for path, raster in rasters.items() if raster is not None
    }


def _cropped(sample: Sample, crop: Crop) -> Sample:
    height, width = sample.image.shape[:2]
    bottom, right = crop.top + crop.height, crop.left + crop.width
    if bottom > height or right > width:
        raise BadSample(f"the crop reaches to {right}x{bottom}, the image is {width}x{height}")
    if (crop.height, crop.width) == (height, width):
        return sample
    rasters = _each_raster(sample, lambda path, pixels: pixels[crop.top : bottom, crop.left : right])
    shift = np.array([[1, 0, -crop.left], [0, 1, -crop.top], [0, 0, 1]], np.float32)
    objects = sample.objects and _cropped_objects(sample.objects, crop, height, width)
    return replace(sample, **rasters, objects=objects, camera=_moved_camera(sample.camera, shift))


def _cropped_objects(objects: Objects, crop: Crop, height: int, width: int) -> Objects:
    """Boxes cut at the crop's edges; those that lie outside it are left out."""
    start = np.array([crop.top / height, crop.left / width] * 2, np.float32)
    extent = np.array([crop.height / height, crop.width / width] * 2, np.float32)
    boxes = np.clip((objects.bbox - start) / extent, 0, 1)
    inside = ((boxes[:, 2:] - boxes[:, :2]) > _SMALLEST_VISIBLE).all(axis=1)
    instance = None if objects.instance is None else objects.instance[inside]
    return Objects(boxes[inside].astype(np.float32), objects.label[inside], instance)


def _resized(sample: Sample, size: tuple[int, int]) -> Sample:
    (height, width), old = size, sample.image.shape
    rows = ((np.arange(height) + 0.5) * old[0] / height).astype(np.int64)
    columns = ((np.arange(width) + 0.5) * old[1] / width).astype(np.int64)

    def change(path: str, pixels: np.ndarray) -> np.ndarray:
        if path == "image":
            return _smoothly(pixels, size)
        nearest = pixels[rows[:, None], columns]
        return _scaled_disparity(nearest, width / old[1]) if path == "disparity" else nearest

    scale = np.diag([width / old[1], height / old[0], 1]).astype(np.float32)
    return replace(sample, **_each_raster(sample, change), camera=_moved_camera(sample.camera, scale))


def _smoothly(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    shrinks = size[0] <= pixels.shape[0] and size[1] <= pixels.shape[1]
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    resized = image.resize((size[1], size[0]), Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC)
    return np.asarray(resized).reshape(*size, pixels.shape[2])


def _scaled_disparity(stored: np.ndarray, factor: float) -> np.ndarray:
    """Stored values p of disparities (p - 1) / 256, scaled by a factor; 0, no measurement, stays."""
    scaled = np.round((stored.astype(np.float64) - 1) * factor) + 1
    return np.where(stored == 0, 0, np.clip(scaled, 1, 65535)).astype(np.uint16)


def _moved_camera(camera: CameraPose | None, change: np.ndarray) -> CameraPose | None:
    return camera and replace(camera, intrinsics=(change @ camera.intrinsics).astype(np.float32))


def _looked_up(sample: Sample, found: Lookup) -> Sample:
    assert sample.semantic is not None
    ids = Raster.from_array(found(sample.semantic.array))
    return replace(sample, semantic=ids, unmapped_pixels=found.unmapped(sample.semantic.id_counts))
