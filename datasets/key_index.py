"""Random access by key: a sorted text file that is searched by halves, however large the set.

One line a sample: `KEY<tab>SPLIT<tab>SHARD FILE<tab>BYTE OFFSET`, sorted by the bytes of the key. Keys are escaped so
that they hold neither tabs nor line ends.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

INDEX_NAME = "keys.tsv"


@dataclass(frozen=True)
class Place:
    """Where a sample lies: its split, its shard file, the byte offset of its record."""

    key: str
    split: str
    file: str
    offset: int


def index_text(places: Iterable[Place]) -> str:
    """The text of the index."""
    rows = sorted((_escaped(place.key), place.split, place.file, place.offset) for place in places)
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def find(path: Path, key: str) -> Place | None:
    """The place of a key, None when it is not there. Reads a few pages of the index, not all of it."""
    wanted = _escaped(key).encode() + b"\t"
    if path.stat().st_size == 0:
        return None
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        low, high = 0, len(text)
        while low < high:
            start = text.rfind(b"\n", 0, (low + high) // 2) + 1
            end = text.find(b"\n", start) + 1
            line = text[start:end]
            if line.startswith(wanted):
                return _parsed(line.decode())
            if line < wanted:
                low = end
            else:
                high = start
    return None


def places(path: Path) -> Iterator[Place]:
    """Every place of the index, sorted by key."""
    with open(path, encoding="utf-8", newline="\n") as file:
        yield from map(_parsed, file)


def _parsed(line: str) -> Place:
    key, split, file, offset = line.rstrip("\n").split("\t")
    return Place(unquote(key), split, file, int(offset))


def _escaped(key: str) -> str:
    return quote(key, safe="/_-.~ ")
