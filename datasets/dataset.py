"""A finished dataset directory, opened for reading."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import UsageError, VerificationError
from datasets.key_index import INDEX_NAME, find
from datasets.manifest import MANIFEST_NAME, REJECTED_NAME, Manifest, SplitFacts
from datasets.records import record_to_sample
from datasets.sample import Sample
from datasets.schema import Schema
from datasets.source import Rejection
from datasets.tfrecord import read_record, read_records


@dataclass(frozen=True)
class Split:
    """One split of an opened data set: its name, its shard files in order, its number of examples."""

    name: str
    files: tuple[Path, ...]
    examples: int


@dataclass(frozen=True)
class Dataset:
    """An opened data set. Only shards that the manifest names are ever read.

    Attributes:
        directory: the folder that holds `manifest.json`.
        manifest: what it says.
        fingerprint: SHA-256 of the manifest's bytes, which name every shard's checksum: it identifies the data.
    """

    directory: Path
    manifest: Manifest
    fingerprint: str

    @classmethod
    def open(cls, path: Path) -> Dataset:
        """Open `DATA_DIR/NAME/VERSION`, or `DATA_DIR/NAME` where there is one version.

        Raises:
            UsageError: there is no finished data set.
            VerificationError: the manifest is damaged.
        """
        directory = _find_directory(path)
        manifest_path = directory / MANIFEST_NAME
        digest = hashlib.sha256(manifest_path.read_bytes()).hexdigest()
        return cls(directory, Manifest.read(manifest_path), digest)

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.manifest.name

    @property
    def schema(self) -> Schema:
        """Fields of every record."""
        return self.manifest.schema

    def split(self, name: str) -> Split:
        """One split.

        Raises:
            UsageError: there is none of that name.
        """
        facts = self._split_facts(name)
        return Split(name, tuple(self.directory / shard.file for shard in facts.shards), facts.examples)

    def samples(self, split: str) -> Iterator[Sample]:
        """Every sample of a split, in the stored order.

        Raises:
            RecordFault: a shard is damaged.
        """
        for file in self.split(split).files:
            for _, record in read_records(file):
                yield record_to_sample(record, self.schema)

    def first_sample(self) -> Sample:
        """The first sample of the first split that has any.

        Raises:
            UsageError: the data set has none.
            RecordFault: the shard is damaged.
        """
        for split in self.manifest.splits:
            for sample in self.samples(split):
                return sample
        raise UsageError(f"data set {self.name!r} has no examples")

    def sample(self, key: str) -> Sample:
        """The sample of a key, found through the index without reading the shards.

        Raises:
            UsageError: there is none of that key.
            RecordFault: its shard is damaged.
        """
        place = find(self.directory / INDEX_NAME, key)
        if place is None:
            raise UsageError(f"data set {self.name!r} has no example {key!r}")
        return record_to_sample(read_record(self.directory / place.file, place.offset), self.schema)

    def rejections(self) -> tuple[Rejection, ...]:
        """What could not be converted, and why.

        Raises:
            VerificationError: the file that says it is missing or damaged.
        """
        lines = self.text(REJECTED_NAME).split("\n")
        return tuple(_rejection(line, number) for number, line in enumerate(lines, 1) if line)

    def text(self, name: str) -> str:
        """The text of one of the files beside the shards, with its line ends as they are.

        Raises:
            VerificationError: it is missing, cannot be read or is no text.
        """
        try:
            return (self.directory / name).read_bytes().decode()
        except FileNotFoundError:
            raise VerificationError(f"{name}: the file is missing") from None
        except OSError as error:
            raise VerificationError(f"{name}: cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise VerificationError(f"{name}: is no text: {error}") from None

    def _split_facts(self, name: str) -> SplitFacts:
        if name not in self.manifest.splits:
            there_are = ", ".join(self.manifest.splits)
            raise UsageError(f"data set {self.name!r} has no split {name!r}; there are {there_are}")
        return self.manifest.splits[name]


def _rejection(line: str, number: int) -> Rejection:
    try:
        return Rejection(**json.loads(line))
    except (ValueError, TypeError) as error:
        raise VerificationError(f"{REJECTED_NAME}: line {number} is not what was written there: {error}") from None


def finished_versions(path: Path) -> list[Path]:
    """The folders of the finished versions that lie in `DATA_DIR/NAME`, sorted; none where that is no folder."""
    return sorted(found.parent for found in path.glob(f"*/{MANIFEST_NAME}") if not found.parent.name.startswith("."))


def _find_directory(path: Path) -> Path:
    if (path / MANIFEST_NAME).is_file():
        return path
    versions = finished_versions(path)
    if len(versions) == 1:
        return versions[0]
    if versions:
        raise UsageError(f"{path} holds several versions; name one of {', '.join(str(found) for found in versions)}")
    unfinished = sorted(found.name for found in path.glob(".*.unfinished")) if path.is_dir() else []
    if unfinished:
        raise UsageError(f"{path} holds an unfinished build ({unfinished[0]}); run its command again to finish it")
    raise UsageError(f"{path} is no data set: there is no {MANIFEST_NAME} in it or one level below")
