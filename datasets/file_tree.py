"""A source as one tree of files, be it unpacked or still in its official zip files. It is only ever read."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from datasets.archive import MAX_MEMBERS, Archive
from datasets.errors import BadSample, UsageError
from datasets.retries import persistently
from datasets.storage import below, file_names, folder_names, whole_file

T = TypeVar("T")


class FileTree:
    """The files below a folder and in the `*.zip` files that lie in it, or those of a single zip file.

    The root is a `Path` or another place of `datasets.storage`; zip files of another place are copied here first. Names
    are relative, with `/` between folders. A file that is unpacked hides the archived one of the same name.
    Nothing is looked into before it is asked for, and only what is asked for. It may be sent to other processes and
    used by several threads.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.RLock()
        self._archives: tuple[Archive, ...] | None = None
        self._archived: dict[str, Archive] | None = None

    def __getstate__(self) -> Path:
        return self.root

    def __setstate__(self, root: Path) -> None:
        self.__init__(root)  # type: ignore[misc]

    def places(self, folder: str) -> tuple[str, ...]:
        """Where a folder of that name lies: at the top, or one level below it, sorted.

        `places("gtFine")` is `("gtFine",)`, or `("gtFine_trainvaltest/gtFine",)` for an archive that was unpacked
        into a folder of its own.
        """
        found: set[str] = set()
        for name in self._in_archives():
            for start in (0, name.find("/") + 1):
                if name.startswith(folder + "/", start):
                    found.add(name[: start + len(folder)])
        if self.root.is_dir():
            tops = ["", *(f"{name}/" for name in folder_names(self.root))]
            found |= {top + folder for top in tops if (self.root / top / folder).is_dir()}
        return tuple(sorted(found))

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Every file in a folder and the folders below it, sorted.

        Raises:
            UsageError: an archive is refused, or there are more than a million files.
        """
        prefix = f"{folder}/" if folder else ""
        archived = list(self._in_archives())
        after = archived[bisect_left(archived, prefix) :]
        found = set(takewhile(lambda name: name.startswith(prefix), after))
        for name in file_names(self.root, folder):
            found.add(name)
            if len(found) > MAX_MEMBERS:
                raise UsageError(
                    f"{self.root / folder} holds more than {MAX_MEMBERS:,} files; name the set's own folder"
                )
        return tuple(sorted(found))

    def size(self, name: str) -> int:
        """Bytes of a file, unpacked; 0 when there is none."""
        try:
            return (self.root / name).stat().st_size
        except OSError:
            archive = self._in_archives().get(name)
            return archive.members[name].file_size if archive else 0

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            BadSample: it is missing or cannot be read.
        """
        try:
            return persistently(lambda: whole_file(below(self.root, name)))
        except (FileNotFoundError, NotADirectoryError):
            archive = self._in_archives().get(name)
            if archive is None:
                raise BadSample("the file is missing", name) from None
            return archive.read(name)
        except OSError as error:
            raise BadSample(f"the file cannot be read: {error.strerror}", name) from None

    def open_as(self, read: Callable[[bytes, str], T], name: str) -> T:
        """What a function of `datasets.reading` makes of a file.

        Raises:
            BadSample: the file is missing, cannot be read, or is not what the function wants.
        """
        return read(self.read(name), name)

    def close(self) -> None:
        """Close the archives; they open again when needed."""
        for archive in self._archives or ():
            archive.close()

    def _in_archives(self) -> dict[str, Archive]:
        """Every archived file, sorted by name."""
        with self._lock:
            if self._archived is None:
                paths = [self.root] if self.root.is_file() else sorted(self.root.glob("*.zip"))
                self._archives = tuple(Archive(path) for path in paths)
                self._archived = dict(sorted(_merge(self._archives).items()))
            return self._archived


def _merge(archives: tuple[Archive, ...]) -> dict[str, Archive]:
    """Files of several archives; all of them bring a README at the top, but no other file may differ between two."""
    merged: dict[str, Archive] = {}
    for archive in archives:
        for name, member in archive.members.items():
            other = merged.setdefault(name, archive)
            if other is not archive and "/" in name and other.members[name].CRC != member.CRC:
                raise UsageError(
                    f"{name!r} is another file in {other.path.name} than in {archive.path.name}; "
                    f"keep the archive that is meant and move the other away"
                )
    return merged
