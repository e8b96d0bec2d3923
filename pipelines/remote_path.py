"""A file or folder behind a URL that sources use like a `pathlib.Path`: see `datasets.storage`."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, gettempdir
from types import SimpleNamespace

from datasets.errors import UsageError
from pipelines.remote_storage import RemoteStorage, set_filesystem_options


def is_remote(text: str) -> bool:
    """Whether a path on the command line is a URL."""
    return "://" in text


def place_of(text: str | Path, beam_options: Sequence[str] = ()) -> Path:
    """What a path on the command line names: a local path, or a URL that is used like one.

    Some filesystems (`hdfs://`) find their server in options of Beam's.
    """
    if is_remote(str(text)):
        set_filesystem_options(beam_options)
    return RemotePath(str(text)) if is_remote(str(text)) else Path(text)  # type: ignore[return-value]


class RemotePath:
    """A place below a URL. A folder is listed once, when something in it is first asked for, and then remembered.

    It may be sent to other processes, which list anew. `os.fspath` copies a file here for readers that insist on one.
    """

    def __init__(self, url: str, root: str = "", listing: dict[str, int] | None = None) -> None:
        self.url = url.rstrip("/")
        self._root = root or self.url
        self._listing: dict[str, int] = {} if listing is None else listing

    def __getstate__(self) -> tuple[str, str]:
        return self.url, self._root

    def __setstate__(self, state: tuple[str, str]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def __truediv__(self, name: object) -> RemotePath:
        return RemotePath(f"{self.url}/{str(name).strip('/')}" if str(name) else self.url, self._root, self._listing)

    def __str__(self) -> str:
        return self.url

    def __repr__(self) -> str:
        return f"RemotePath({self.url!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and other.url == self.url

    def __hash__(self) -> int:
        return hash(self.url)

    def __fspath__(self) -> str:
        return _local_copy(self.url)

    def release(self) -> None:
        """Remove the copy that `os.fspath` made here."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_copy_place(self.url))

    @property
    def name(self) -> str:
        """The last part."""
        return self.url.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The last part without its suffix."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """The suffix of the last part."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> RemotePath:
        """The folder that holds it."""
        return RemotePath(self.url.rpartition("/")[0])

    def exists(self) -> bool:
        """Whether it is a file or a folder."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Whether it is a file."""
        return self._key() in self._sizes() if self._key() else RemoteStorage(self.url).exists("")

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        prefix = f"{self._key()}/" if self._key() else ""
        return any(name.startswith(prefix) for name in self._sizes())

    def stat(self) -> SimpleNamespace:
        """`st_size` in bytes.

        Raises:
            FileNotFoundError: it is no file.
        """
        if self._key() not in self._sizes():
            raise FileNotFoundError(errno.ENOENT, "there is no such object", self.url)
        return SimpleNamespace(st_size=self._sizes()[self._key()])

    def read_bytes(self) -> bytes:
        """The bytes of a file."""
        parent, _, name = self.url.rpartition("/")
        return RemoteStorage(parent).read(name)

    def read_text(self, encoding: str | None = None) -> str:
        """The text of a file."""
        return self.read_bytes().decode(encoding or "utf-8")

    def iterdir(self) -> Iterator[RemotePath]:
        """What lies in the folder, sorted."""
        return (self / name for name in sorted({name.partition("/")[0] for name in self.file_sizes()}))

    def glob(self, pattern: str) -> Iterator[RemotePath]:
        """What lies in the folder, or as many folders deeper as the pattern has slashes, and has a name like it."""
        depth = pattern.count("/") + 1
        names = {"/".join(name.split("/")[:depth]) for name in self.file_sizes() if name.count("/") >= depth - 1}
        wanted = pattern.split("/")
        for name in sorted(names):
            if all(fnmatchcase(part, like) for part, like in zip(name.split("/"), wanted, strict=True)):
                yield self / name

    def file_sizes(self) -> dict[str, int]:
        """Bytes of every file below, by its name relative to the folder."""
        prefix = f"{self._key()}/" if self._key() else ""
        return {name[len(prefix) :]: size for name, size in self._sizes().items() if name.startswith(prefix)}

    def _key(self) -> str:
        return self.url[len(self._root) + 1 :]

    def _sizes(self) -> dict[str, int]:
        if not self._listing:
            self._listing.update(RemoteStorage(self._root).sizes())
        return self._listing


@cache
def _copies() -> TemporaryDirectory[str]:
    """Copies of this process; gone when it ends."""
    return TemporaryDirectory(prefix="realitygap-copies-")


def copied_folder(url: str) -> str:
    """A folder of this machine with all files below a URL.

    Its path depends on the URL and on what lies there alone, so that it is the same on every worker: the files that a
    rendered frame comes from are named in its scene.
    """
    storage = RemoteStorage(url.rstrip("/"))
    sizes = storage.sizes()
    if not sizes:
        raise UsageError(f"{url} holds no files")
    folder = Path(gettempdir()) / "realitygap-assets" / sha256(repr((url, sizes)).encode()).hexdigest()[:16]
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as fresh:
            for name in sizes:
                _download_below(storage, name, Path(fresh))
            with contextlib.suppress(OSError):  # another worker of this machine was faster
                os.rename(fresh, folder)
                os.mkdir(fresh)
    return str(folder)


def _download_below(storage: RemoteStorage, name: str, folder: Path) -> None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{storage.url} is refused: the name {name!r} leads out of it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w+b") as file:
        storage.download(name, file)


def _local_copy(url: str) -> str:
    path = _copy_place(url)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        parent, _, name = url.rpartition("/")
        with open(f"{path}.{threading.get_ident()}.part", "w+b") as file:
            RemoteStorage(parent).download(name, file)
        os.replace(file.name, path)
    return path


def _copy_place(url: str) -> str:
    return os.path.join(_copies().name, sha256(url.encode()).hexdigest(), url.rpartition("/")[2])
