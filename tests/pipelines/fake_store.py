"""An object store in this process's memory that misbehaves on demand: `fake://bucket/name`.

It has what object stores have and no more: whole objects that appear when their writer is closed, listings, sizes,
checksums. No folders, and rename is an error.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import ClassVar

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata, FileSystem

Fault = Callable[[str, str, int], None]
"""Called with the operation, the path and the number of the call; raises what the network would."""


class TooManyRequests(Exception):
    """As the libraries of object stores raise it: with a status."""

    status_code = 429


class FakeStore(FileSystem):
    """The store; its objects and faults are class attributes, for Beam makes an instance for every request."""

    objects: ClassVar[dict[str, bytes]] = {}
    written: ClassVar[list[str]] = []
    fault: Fault = staticmethod(lambda operation, path, call: None)
    calls = 0

    @classmethod
    def reset(cls) -> None:
        cls.objects, cls.written, cls.calls = {}, [], 0
        cls.fault = staticmethod(lambda operation, path, call: None)

    @classmethod
    def scheme(cls) -> str:
        return "fake"

    @classmethod
    def _request(cls, operation: str, path: str) -> None:
        cls.calls += 1
        try:
            cls.fault(operation, path, cls.calls)
        except Exception as error:
            raise BeamIOError(f"{operation} failed", {path: error}) from None

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join((basepath.rstrip("/"), *paths))

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        raise NotImplementedError("object stores have no folders")

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        self._request("list", dir_or_prefix)
        for path, data in list(self.objects.items()):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(data))

    def create(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> io.BytesIO:
        assert compression_type == CompressionTypes.UNCOMPRESSED
        self._request("create", path)
        return _Upload(path)

    def open(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> io.BytesIO:
        assert compression_type == CompressionTypes.UNCOMPRESSED
        self._request("open", path)
        return io.BytesIO(self._object(path))

    def _object(self, path: str) -> bytes:
        if path not in self.objects:
            raise BeamIOError("open failed", {path: FileNotFoundError(path)})
        return self.objects[path]

    def copy(self, sources: list[str], destinations: list[str]) -> None:
        raise NotImplementedError

    def rename(self, sources: list[str], destinations: list[str]) -> None:
        raise NotImplementedError("object stores have no rename")

    def exists(self, path: str) -> bool:
        self._request("exists", path)
        return path in self.objects

    def size(self, path: str) -> int:
        self._request("size", path)
        return len(self._object(path))

    def last_updated(self, path: str) -> float:
        raise NotImplementedError

    def checksum(self, path: str) -> str:
        self._request("checksum", path)
        return hashlib.md5(self._object(path)).hexdigest()

    def metadata(self, path: str) -> FileMetadata:
        return FileMetadata(path, self.size(path))

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            self._request("delete", path)
            self.objects.pop(path, None)


class _Upload(io.BytesIO):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def write(self, data: bytes) -> int:  # type: ignore[override]
        FakeStore._request("write", self._path)
        return super().write(data)

    def close(self) -> None:
        if not self.closed:
            FakeStore._request("close", self._path)
            FakeStore.objects[self._path] = self.getvalue()
            FakeStore.written.append(self._path)
        super().close()

    def __del__(self) -> None:  # an upload that was given up leaves nothing
        io.BytesIO.close(self)
