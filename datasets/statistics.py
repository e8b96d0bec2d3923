"""Statistics of a split, gathered shard by shard in the pass that writes it, and added up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from datasets.errors import BadSample
from datasets.sample import Sample
from datasets.schema import Column, Schema
from datasets.sums import sum_squares

_ROWS_MEASURED = 256


@dataclass
class Statistics:
    """Counts over samples.

    Attributes:
        examples: number of samples.
        sizes: images of each `WIDTHxHEIGHT`.
        labels: by column of kind class or object class: how many of each class index.
        pixels: by column of class ids: pixels of each stored id.
        images: by column of class ids: images in which the id occurs.
        objects: number of objects, where the data set has any.
        instances: number of different ids but 0 in the instance maps, added up over the images.
        unmapped: pixels of each source id that became "ignore" in the label space asked for.
        colours: per channel the number of pixels, the sum and the sum of squares of their values, from every image
            that was decoded anyway; of large images from evenly spread rows.
        notes: by kind of conversion that was needed: the keys, sorted.
    """

    examples: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    pixels: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    images: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    objects: int | None = None
    instances: int | None = None
    unmapped: Counter[int] = field(default_factory=Counter)
    colours: np.ndarray | None = None
    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, sample: Sample, schema: Schema, notes: tuple[str, ...] = ()) -> None:
        """Count one sample, and further notes on it.

        Raises:
            BadSample: a map cannot be decoded, or a pixel carries an id that its label space does not have; then
                nothing of the sample is counted.
        """
        pixel_counts = {column.path: id_counts(sample, column) for column in schema.label_maps}
        instances = None if sample.instance is None else sample.instance.instance_count
        colours = _colour_sums(sample.image.array) if sample.image.decoded else None
        self.examples += 1
        self.sizes[f"{sample.image.width}x{sample.image.height}"] += 1
        for path, counts in pixel_counts.items():
            pixels, images = self.pixels[path], self.images[path]
            for index, count in counts.items():
                pixels[index] += count
                images[index] += 1
        for column in schema.class_columns:
            classes, value = self.labels[column.path], sample.value(column.path)
            for index in value.tolist() if isinstance(value, np.ndarray) else (int(value),):
                classes[index] += 1
        if sample.objects is not None:
            self.objects = (self.objects or 0) + len(sample.objects.bbox)
        if instances is not None:
            self.instances = (self.instances or 0) + instances
        if sample.unmapped_pixels:
            self.unmapped.update(sample.unmapped_pixels)
        if colours is not None:
            self.colours = colours if self.colours is None else self.colours + colours
        for note in sample.notes + notes + _flags(pixel_counts):
            self.notes.setdefault(note, []).append(sample.key)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a manifest, in a fixed order."""
        return {
            "examples": self.examples,
            "sizes": dict(sorted(self.sizes.items())),
            "labels": _plain(self.labels),
            "pixels": _plain(self.pixels),
            "images": _plain(self.images),
            "objects": self.objects,
            "instances": self.instances,
            "unmapped": {str(index): self.unmapped[index] for index in sorted(self.unmapped)},
            "colours": None if self.colours is None else self.colours.tolist(),
            "notes": {note: sorted(keys) for note, keys in sorted(self.notes.items())},
        }

    @classmethod
    def total(cls, parts: Iterable[Mapping[str, Any]]) -> Statistics:
        """The sum of what `to_json` gave for each part."""
        total = cls()
        for part in parts:
            total.examples += part["examples"]
            total.sizes.update(part["sizes"])
            for mine, theirs in (
                (total.labels, part["labels"]),
                (total.pixels, part["pixels"]),
                (total.images, part["images"]),
            ):
                for path, counts in theirs.items():
                    mine[path].update({int(index): count for index, count in counts.items()})
            for name in ("objects", "instances"):
                if part[name] is not None:
                    setattr(total, name, (getattr(total, name) or 0) + part[name])
            total.unmapped.update({int(index): count for index, count in part["unmapped"].items()})
            if part["colours"] is not None:
                sums = np.array(part["colours"], np.int64)
                total.colours = sums if total.colours is None else total.colours + sums
            for note, keys in part["notes"].items():
                total.notes.setdefault(note, []).extend(keys)
        return total


def colour_moments(colours: list[list[int]]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, 0 to 255, from what `Statistics.colours` holds."""
    count, total, squares = (np.array(row, np.float64) for row in colours)
    mean = total / count
    return mean.tolist(), np.sqrt(np.maximum(squares / count - mean**2, 0)).tolist()


def id_counts(sample: Sample, column: Column) -> dict[int, int]:
    """Pixels of each id that occurs in one label map.

    Raises:
        BadSample: an id is not in the label space; the message lists the ids.
    """
    pixels = sample.value(column.path).id_counts
    present = np.flatnonzero(pixels)
    counts = dict(zip(present.tolist(), pixels[present].tolist(), strict=True))
    unknown = column.space.unknown_ids(counts) if column.space else ()
    if unknown:
        raise BadSample(
            f"{column.path} holds ids {list(unknown)} that label space {column.label_space!r} does not have"
        )
    return counts


def _colour_sums(pixels: np.ndarray) -> np.ndarray:
    """`(3, channels)` int64: number, sum and sum of squares of a `(height, width, channels)` uint8 image's values."""
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)[:: -(-height // _ROWS_MEASURED)]
    sums, squares = sum_squares(rows)
    by_channel = [part.reshape(width, channels).sum(axis=0, dtype=np.int64) for part in (sums, squares)]
    return np.stack([np.full(channels, len(rows) * width), *by_channel])


def _flags(pixel_counts: Mapping[str, Mapping[int, int]]) -> tuple[str, ...]:
    """A label map with a single id is kept but named: it is often a label that nobody drew."""
    return tuple(f"{path}-holds-one-id-only" for path, counts in pixel_counts.items() if len(counts) == 1)


def _plain(table: Mapping[str, Counter[int]]) -> dict[str, dict[str, int]]:
    return {path: {str(index): counts[index] for index in sorted(counts)} for path, counts in sorted(table.items())}
