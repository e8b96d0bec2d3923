"""What a source may ask of the place where its files lie, be it on this machine or in an object store.

`pathlib.Path` is the place on this machine. Another kind of place (`pipelines.remote_path`) is handed in by value: it
has the methods below, and whatever insists on a local file (`open`, `zipfile`) gets a copy through `__fspath__`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

_PIECE_BYTES = 1 << 24


class Place(Protocol):
    """A file or a folder. Errors are `OSError`s, as `pathlib` raises them."""

    @property
    def name(self) -> str:
        """The last part."""

    def __truediv__(self, name: str) -> Place:
        """What lies below."""

    def __fspath__(self) -> str:
        """A file of this machine with the same bytes."""

    def release(self) -> None:
        """Remove what `__fspath__` copied here."""

    def exists(self) -> bool:
        """Whether it is a file or a folder."""

    def is_file(self) -> bool:
        """Whether it is a file."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""

    def read_bytes(self) -> bytes:
        """The bytes of a file."""

    def read_text(self, encoding: str | None = None) -> str:
        """The text of a file."""

    def stat(self) -> Any:
        """`st_size` in bytes."""

    def iterdir(self) -> Iterable[Any]:
        """What lies in a folder."""

    def glob(self, pattern: str) -> Iterable[Any]:
        """What lies in a folder and has a name like the pattern."""


class RemoteFolder(Place, Protocol):
    """A folder that is listed as a whole: asking file by file would cost a request each."""

    def file_sizes(self) -> dict[str, int]:
        """Bytes of every file below, by its name relative to the folder."""


def below(root: Path, name: str) -> Path | str:
    """A file below a root, named in the cheapest way that `whole_file` takes."""
    return f"{root}/{name}" if isinstance(root, Path) else root / name


def whole_file(place: Any) -> bytes:
    """The bytes of a file, read with as few calls as there can be: small ones cost more to open than to read."""
    if not isinstance(place, Path | str):
        return place.read_bytes()
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        parts = [os.read(descriptor, size + 1)]  # one byte more, so that this finds the end, too
        if len(parts[0]) == size:
            return parts[0]
        while parts[-1]:  # it grows or shrinks, says nothing of its size, or is larger than one call may read
            parts.append(os.read(descriptor, _PIECE_BYTES))
        return b"".join(parts)
    finally:
        os.close(descriptor)


def files_in(root: Any, folder: str) -> dict[str, int]:
    """Bytes of every file right in a folder, by its name; nothing where there is no such folder."""
    if not isinstance(root, Path):
        return {name: size for name, size in (root / folder).file_sizes().items() if "/" not in name}
    with _entries(root / folder) as entries:
        return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}


def names_in(root: Any, folder: str) -> set[str]:
    """The names alone, which on this machine are listed in half the time."""
    if not isinstance(root, Path):
        return set(files_in(root, folder))
    with _entries(root / folder) as entries:
        return {entry.name for entry in entries if entry.is_file()}


@contextmanager
def _entries(folder: Path) -> Iterator[Iterable[os.DirEntry[str]]]:
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        yield ()
        return
    with entries:
        yield entries


def release(place: Any) -> None:
    """Let go of the copy that was made here of a file that lies elsewhere; it is copied anew when asked for again."""
    if not isinstance(place, Path):
        place.release()


def folder_names(root: Any) -> list[str]:
    """Names of the folders right below a root."""
    if isinstance(root, Path):
        return [entry.name for entry in os.scandir(root) if entry.is_dir()]
    return sorted({name.partition("/")[0] for name in root.file_sizes() if "/" in name})


def file_names(root: Any, folder: str) -> Iterator[str]:
    """Every file in a folder and below it, relative to the root; links are followed, but never round in a circle."""
    if isinstance(root, Path):
        yield from _walk(root, folder)
    else:
        prefix = f"{folder}/" if folder else ""
        yield from (name for name in sorted(root.file_sizes()) if name.startswith(prefix))


def _walk(root: Path, folder: str, above: tuple[tuple[int, int], ...] = ()) -> Iterator[str]:
    try:
        status = os.stat(root / folder)
        entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except OSError:
        return
    identity = status.st_dev, status.st_ino
    if identity in above:
        return
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir():
            yield from _walk(root, name, (*above, identity))
        elif entry.is_file():
            yield name
