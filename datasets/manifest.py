"""`manifest.json`: what a dataset directory says about itself, and nothing that differs between two equal builds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from datasets.errors import VerificationError
from datasets.labels import LABEL_SPACES
from datasets.schema import Schema

MANIFEST_NAME = "manifest.json"
REJECTED_NAME = "rejected.jsonl"
FORMAT = "realitygap-dataset"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class ShardFacts:
    """One committed shard: file name, number of examples, bytes and SHA-256 of the file."""

    file: str
    examples: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class SplitFacts:
    """One split: the source's own name for it, its shards, statistics of its samples."""

    source_name: str
    shards: tuple[ShardFacts, ...]
    statistics: Mapping[str, Any]

    @property
    def examples(self) -> int:
        """Number of samples."""
        return sum(shard.examples for shard in self.shards)

    @property
    def bytes(self) -> int:
        """Size of all shards."""
        return sum(shard.bytes for shard in self.shards)


@dataclass(frozen=True)
class Manifest:
    """The facts of one data set.

    Attributes:
        name, version, about, licence: as the source says.
        schema: the fields of every record.
        splits: by name.
        configuration: every option that shaped the output, the seed among them.
        fingerprint: SHA-256 of what the source planned from.
        findings: what lay in the source and was not converted or not complete, by kind.
        rejected: number of lines in `rejected.jsonl`.
        versions: of this project and of the libraries that made the bytes.
        origin: facts of the machine that shape the pixels (the OpenGL driver of a rendered set).
    """

    name: str
    version: str
    about: str
    licence: str
    schema: Schema
    splits: Mapping[str, SplitFacts]
    configuration: Mapping[str, Any]
    fingerprint: str
    findings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rejected: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The text of the file; equal manifests give equal text."""
        spaces = sorted({column.label_space for column in self.schema.columns if column.label_space})
        document = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "version": self.version,
            "about": self.about,
            "licence": self.licence,
            "fields": self.schema.to_json(),
            "label_spaces": {name: asdict(LABEL_SPACES[name]) for name in spaces},
            "splits": {name: asdict(facts) for name, facts in sorted(self.splits.items())},
            "configuration": dict(self.configuration),
            "fingerprint": self.fingerprint,
            "findings": {kind: list(names) for kind, names in sorted(self.findings.items())},
            "rejected": self.rejected,
            "versions": dict(sorted(self.versions.items())),
            "origin": dict(sorted(self.origin.items())),
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            VerificationError: the file is no manifest, or one of a later format.
        """
        try:
            document = json.loads(path.read_text("utf-8"))
            if document["format"] != FORMAT or document["format_version"] != FORMAT_VERSION:
                raise VerificationError(
                    f"{path} is {document['format']} version {document['format_version']}; "
                    f"this program reads {FORMAT} version {FORMAT_VERSION}"
                )
            return cls._from_document(document)
        except (ValueError, KeyError, TypeError) as error:
            raise VerificationError(f"{path} is not a manifest that this program wrote: {error!r}") from None

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Manifest:
        plain = (
            "name",
            "version",
            "about",
            "licence",
            "configuration",
            "fingerprint",
            "rejected",
            "versions",
            "origin",
        )
        return cls(
            **{key: document[key] for key in plain},
            schema=Schema.from_json(document["fields"]),
            splits={name: _split_facts(facts) for name, facts in document["splits"].items()},
            findings={kind: tuple(names) for kind, names in document["findings"].items()},
        )


def _split_facts(facts: dict[str, Any]) -> SplitFacts:
    shards = tuple(ShardFacts(**shard) for shard in facts["shards"])
    return SplitFacts(facts["source_name"], shards, facts["statistics"])
