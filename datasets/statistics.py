"""Statistics of a split, gathered shard by shard in the pass that writes it, and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from datasets.errors import BadSample
from datasets.sample import Sample
from datasets.schema import Schema


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
        notes: by kind of conversion that was needed: the keys, sorted.
    """

    examples: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[int]] = field(default_factory=dict)
    pixels: dict[str, Counter[int]] = field(default_factory=dict)
    images: dict[str, Counter[int]] = field(default_factory=dict)
    objects: int | None = None
    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, sample: Sample, schema: Schema) -> None:
        """Count one sample.

        Raises:
            BadSample: a pixel carries an id that its label space does not have.
        """
        pixel_counts = {
            column.path: id_counts(sample, schema, column.path)
            for column in schema.columns
            if column.field.kind == "raster" and column.space
        }
        self.examples += 1
        self.sizes[f"{sample.image.width}x{sample.image.height}"] += 1
        for path, counts in pixel_counts.items():
            present = np.flatnonzero(counts).tolist()
            self.pixels.setdefault(path, Counter()).update({index: int(counts[index]) for index in present})
            self.images.setdefault(path, Counter()).update(present)
        for column in schema.columns:
            if column.field.kind != "raster" and column.space:
                self.labels.setdefault(column.path, Counter()).update(np.ravel(sample.value(column.path)).tolist())
        if sample.objects is not None:
            self.objects = (self.objects or 0) + len(sample.objects.bbox)
        for note in sample.notes + _flags(pixel_counts):
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
                    mine.setdefault(path, Counter()).update({int(index): count for index, count in counts.items()})
            if part["objects"] is not None:
                total.objects = (total.objects or 0) + part["objects"]
            for note, keys in part["notes"].items():
                total.notes.setdefault(note, []).extend(keys)
        return total


def id_counts(sample: Sample, schema: Schema, path: str) -> np.ndarray:
    """`(256,)` pixels of each id in one label map.

    Raises:
        BadSample: an id is not in the label space; the message lists the ids.
    """
    space = schema[path].space
    counts = np.bincount(sample.value(path).array.ravel(), minlength=256)
    unknown = space.unknown_ids(counts) if space else ()
    if unknown:
        raise BadSample(f"{path} holds ids {list(unknown)} that label space {schema[path].label_space!r} does not have")
    return counts


def _flags(pixel_counts: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """A label map with a single id is kept but named: it is often a label that nobody drew."""
    return tuple(f"{path}-holds-one-id-only" for path, counts in pixel_counts.items() if np.count_nonzero(counts) == 1)


def _plain(table: Mapping[str, Counter[int]]) -> dict[str, dict[str, int]]:
    return {path: {str(index): counts[index] for index in sorted(counts)} for path, counts in sorted(table.items())}
