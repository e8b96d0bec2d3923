"""What the pipelines ask of a source of samples, be it a folder of photographs or a renderer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from datasets.errors import BadSample, UsageError
from datasets.sample import Sample
from datasets.schema import Schema


@dataclass(frozen=True)
class Item:
    """One future sample, small enough to be sent to a worker.

    Attributes:
        key: the sample's key.
        split: the split it belongs to.
        file: the file it mainly comes from, relative to the source's root.
        size_bytes: about how large its record will be.
        facts: whatever else the source needs to read it; plain picklable values.
    """

    key: str
    split: str
    file: str = ""
    size_bytes: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a source is going to give, known before any pixel is read.

    Attributes:
        items: in no particular order; keys are unique.
        split_names: what the source itself calls each split.
        fingerprint: SHA-256 in hexadecimal over what was planned from.
        findings: what lies in the source and is not converted or not complete, by kind: names of each.
        configuration: the source's own options that shape the output.
    """

    items: tuple[Item, ...]
    split_names: Mapping[str, str]
    fingerprint: str
    findings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = Counter(item.key.casefold() for item in self.items)
        repeated = next((key for key, count in counts.items() if count > 1), None)
        if repeated is not None:
            items = [item for item in self.items if item.key.casefold() == repeated]
            files = ", ".join(item.file for item in items)
            raise UsageError(
                f"key {items[0].key!r} stands for more than one item ({files}); keys must differ in more than upper "
                f"and lower case, or they cannot be told apart as file names everywhere"
            )
        if not self.items:
            raise UsageError("the source gives no items at all; is this the right folder and split?")


@dataclass(frozen=True)
class Rejection:
    """An item that could not become a sample, and why."""

    key: str
    split: str
    file: str
    reason: str


Reader = Callable[[Sequence[Item]], Iterator[Sample | Rejection]]
"""Turns items into samples, one for one and in order."""


class Source(Protocol):
    """A source of samples.

    Attributes:
        name: of the data set that comes out.
        version: of the conversion: raised when the same source would give other records.
        about: one paragraph for the data set's description.
        licence: terms of the source.
        schema: fields of every sample.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def about(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def schema(self) -> Schema: ...

    def plan(self) -> Plan:
        """List the items."""
        ...

    def open_reader(self) -> AbstractContextManager[Reader]:
        """What reading needs, held by one worker for as long as it works."""
        ...


def read_each(read: Callable[[Item], Sample]) -> Reader:
    """A reader that calls `read` for each item and turns `BadSample` and `ValueError` into rejections."""

    def reader(items: Sequence[Item]) -> Iterator[Sample | Rejection]:
        for item in items:
            try:
                yield read(item)
            except BadSample as error:
                yield Rejection(item.key, item.split, error.file or item.file, error.reason)
            except ValueError as error:
                yield Rejection(item.key, item.split, item.file, str(error))

    return reader
