"""Every request to a Beam filesystem (`gs://`, `s3://`, `hdfs://`), with the patience that networks need.

Object stores put an object in its place whole when its writer is closed, have no folders and no rename. Nothing here
asks for more than that.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileSystem
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from datasets.errors import UsageError
from datasets.retries import persistently

T = TypeVar("T")

_BLOCK_BYTES = 8 << 20
_MIME_TYPE = "application/octet-stream"
_PASSING_STATUS = frozenset({408, 425, 429, *range(500, 600)})
_MISSING_STATUS = 404


@dataclass(frozen=True)
class RemoteStorage:
    """The objects below a URL; names are relative, with `/` between parts.

    Every method tries again what may pass (connections, throttling, 5xx), and raises `OSError` as local files would.

    Attributes:
        url: without a slash at its end.
    """

    url: str

    def place(self, name: str) -> str:
        """The URL of an object."""
        return f"{self.url}/{name}" if name else self.url

    def read(self, name: str) -> bytes:
        """The bytes of an object.

        Raises:
            FileNotFoundError: there is none.
        """

        def attempt() -> bytes:
            with FileSystems.open(self.place(name), compression_type=CompressionTypes.UNCOMPRESSED) as stream:
                return stream.read()

        return self._tried(attempt, name)

    def write(self, name: str, data: bytes) -> None:
        """Put an object in its place whole."""
        self._tried(lambda: self._put(name, iter((data,))), name)
        self._check_size(name, len(data))

    def upload(self, name: str, file: BinaryIO) -> None:
        """Put an object in its place whole, from an open file of this machine, read from its beginning."""

        def attempt() -> None:
            file.seek(0)
            self._put(name, iter(lambda: file.read(_BLOCK_BYTES), b""))

        self._tried(attempt, name)
        self._check_size(name, file.seek(0, 2))

    def download(self, name: str, file: BinaryIO) -> None:
        """Write the bytes of an object to an open file of this machine."""

        def attempt() -> None:
            file.seek(0)
            file.truncate()
            with FileSystems.open(self.place(name), compression_type=CompressionTypes.UNCOMPRESSED) as stream:
                while block := stream.read(_BLOCK_BYTES):
                    file.write(block)

        self._tried(attempt, name)
        file.flush()

    def exists(self, name: str) -> bool:
        """Whether there is an object of that name."""
        return self._tried(lambda: FileSystems.exists(self.place(name)), name)

    def mark(self, name: str) -> str:
        """What the store itself says of an object's content (its length, and its checksum where it keeps one)."""
        filesystem = self._filesystem()

        def attempt() -> str:
            checksum = ""
            with contextlib.suppress(NotImplementedError):
                checksum = str(filesystem.checksum(self.place(name)))
            return f"{filesystem.size(self.place(name))} {checksum}"

        return self._tried(attempt, name)

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Bytes of every object whose name begins so, by name, in one listing; empty where there is none."""
        start = self.place(prefix) if prefix else f"{self.url}/"
        try:
            found = self._tried(lambda: list(_listed(self._filesystem(), start)), prefix)
        except FileNotFoundError:
            return {}
        skip = len(self.url) + 1
        return {path[skip:]: size for path, size in sorted(found) if path.startswith(start) and not path.endswith("/")}

    def delete(self, *names: str) -> None:
        """Remove objects; those that are not there are no error."""
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                self._tried(lambda name=name: FileSystems.delete([self.place(name)]), name)  # type: ignore[misc]

    def _put(self, name: str, blocks: Iterator[bytes]) -> None:
        """Closed only when all blocks are written: closing is what makes an object appear."""
        stream = FileSystems.create(self.place(name), _MIME_TYPE, CompressionTypes.UNCOMPRESSED)
        for block in blocks:
            stream.write(block)
        stream.close()

    def _check_size(self, name: str, wanted: int) -> None:
        came = self._tried(lambda: self._filesystem().size(self.place(name)), name)
        if came != wanted:
            raise OSError(errno.EIO, f"{wanted:,} bytes were sent and {came:,} arrived", self.place(name))

    def _filesystem(self) -> FileSystem:
        try:
            return FileSystems.get_filesystem(self.url)
        except ValueError as error:
            raise UsageError(f"{self.url}: {error}") from None

    def _tried(self, call: Callable[[], T], name: str) -> T:
        self._filesystem()

        def attempt() -> T:
            try:
                return call()
            except UsageError:
                raise
            except Exception as error:  # what the filesystems raise is anything
                raise _as_os_error(error, self.place(name)) from error

        return persistently(attempt)


def set_filesystem_options(beam_options: Sequence[str]) -> None:
    """Give Beam's filesystems their options (`--hdfs_host` and the like) in this process."""
    if beam_options:
        FileSystems.set_options(PipelineOptions(list(beam_options)))


def _listed(filesystem: FileSystem, start: str) -> Iterator[tuple[str, int]]:
    """Path and size of what is below; filesystems with folders may list one level only, folders with a size of 0."""
    for found in filesystem._list(start):  # `match` would take brackets in the path for a pattern
        path = str(found.path)
        if not found.size_in_bytes and filesystem.has_dirs() and path.rstrip("/") != start.rstrip("/"):
            below = list(_listed_or_nothing(filesystem, path.rstrip("/") + "/"))
            yield from below or [(path, 0)]
        else:
            yield path, int(found.size_in_bytes)


def _listed_or_nothing(filesystem: FileSystem, start: str) -> Iterator[tuple[str, int]]:
    with contextlib.suppress(BeamIOError):
        yield from _listed(filesystem, start)


def _as_os_error(error: Exception, place: str) -> OSError:
    """An error of a filesystem as the error that a local file would give; one that may pass becomes `EAGAIN`."""
    causes = list(_causes(error))
    said = str(causes[-1]) or type(causes[-1]).__name__
    statuses = {_status(cause) for cause in causes}
    if _MISSING_STATUS in statuses or any(isinstance(cause, FileNotFoundError) for cause in causes):
        return FileNotFoundError(errno.ENOENT, "there is no such object", place)
    if statuses & _PASSING_STATUS or any(isinstance(cause, ConnectionError | TimeoutError) for cause in causes):
        return OSError(errno.EAGAIN, said, place)
    if any("not found" in str(cause).lower() or "no such file" in str(cause).lower() for cause in causes):
        return FileNotFoundError(errno.ENOENT, "there is no such object", place)
    numbers = [cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno]
    return OSError(numbers[-1] if numbers else errno.EREMOTEIO, said, place)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those inside it, the innermost last."""
    if error is None:
        return
    yield error
    for inner in (getattr(error, "exception_details", None) or {}).values():
        if isinstance(inner, BaseException):
            yield from _causes(inner)
    yield from _causes(error.__cause__)


def _status(error: BaseException) -> int | None:
    """The HTTP status that an error carries, under whatever name its library has for it."""
    holders = (error, getattr(error, "response", None), getattr(error, "resp", None))
    for holder in holders:
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int):
                return value
            if isinstance(value, str) and value.isdigit():
                return int(value)
    return None
