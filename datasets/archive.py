"""One zip file, read without unpacking it and without believing what it says about itself.

Layout of the end records: APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import os
import shlex
import stat
import struct
import tarfile
import threading
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from datasets.errors import BadSample, UsageError

MAX_MEMBERS = 1_000_000
"""Archives that announce more are refused before their index is read."""

MAX_MEMBER_BYTES = 512 << 20
"""Members that announce more are refused; the largest official file is below 10 MB."""

MAX_RATIO = 300
"""Members larger than 1 MiB that announce a higher compression are refused; deflate can reach 1,032."""

_SMALL_BYTES = 1 << 20
_END_BYTES = 22 + 0xFFFF
_IN_ZIP64 = 0xFFFF

# What the standard reader was seen to raise on damaged bytes (found by changing some at random).
_READER_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError)


class Archive:
    """The files of one zip. It may be sent to other processes and used by several threads.

    Raises:
        UsageError: when first looked into: it is no zip, or a member is absolute, leads upwards, is a link, is
            encrypted, or would grow beyond the limits of this module.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._members: dict[str, zipfile.ZipInfo] | None = None
        self._opened: tuple[int, zipfile.ZipFile] | None = None

    def __getstate__(self) -> Path:
        return self.path

    def __setstate__(self, path: Path) -> None:
        self.__init__(path)  # type: ignore[misc]

    @property
    def members(self) -> dict[str, zipfile.ZipInfo]:
        """Every file by its name, folders left out."""
        with self._lock:
            if self._members is None:
                self._members = _index(self.path)
            return self._members

    def read(self, name: str) -> bytes:
        """The bytes of a member.

        Raises:
            BadSample: its data are damaged or fail their checksum.
        """
        member = self.members[name]
        try:
            with self._file().open(member) as file:
                return file.read()
        except _READER_ERRORS as error:
            raise BadSample(f"the file cannot be read from {self.path.name}: {error}", name) from None

    def close(self) -> None:
        """Close the file; it opens again when needed."""
        with self._lock:
            if self._opened and self._opened[0] == os.getpid():
                self._opened[1].close()
            self._opened = None

    def _file(self) -> zipfile.ZipFile:
        """Open once a process: after a fork two processes would share one reading position."""
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = os.getpid(), zipfile.ZipFile(self.path)
            return self._opened[1]


def _index(path: Path) -> dict[str, zipfile.ZipInfo]:
    try:
        announced = _announced_members(path)
        if announced > MAX_MEMBERS:
            raise UsageError(f"{path} announces {announced:,} members; at most {MAX_MEMBERS:,} are read")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _READER_ERRORS as error:
        raise UsageError(f"{path} cannot be read as a zip file: {error}. Fetch it again") from None
    if len(members) > MAX_MEMBERS:
        raise UsageError(f"{path} holds {len(members):,} members; at most {MAX_MEMBERS:,} are read")
    index: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        fault = _fault(member) or ("is there twice" if member.filename in index else None)
        if fault:
            raise UsageError(f"{path} is refused: member {member.filename!r} {fault}. No official archive does that")
        if not member.is_dir():
            index[member.filename] = member
    return index


def _fault(member: zipfile.ZipInfo) -> str | None:
    """Why a member cannot be trusted, or None."""
    name = member.filename
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or parts[0].endswith(":"):
        return "has a name that is no relative path"
    if ".." in parts:
        return "leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link"
    if member.flag_bits & 1:
        return "is encrypted"
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is packed by method {member.compress_type}, neither stored nor deflated"
    if member.file_size > MAX_MEMBER_BYTES:
        return f"announces {member.file_size:,} bytes, more than {MAX_MEMBER_BYTES:,}"
    if member.file_size > max(_SMALL_BYTES, MAX_RATIO * member.compress_size):
        return f"announces {member.file_size:,} bytes in {member.compress_size:,}, more than {MAX_RATIO} times"
    return None


def _announced_members(path: Path) -> int:
    """The number of members that the end record states; 0 where there is no end record."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _END_BYTES)
        file.seek(start)
        tail = file.read()
        at = tail.rfind(b"PK\5\6")
        if at < 0:
            return 0
        (count,) = struct.unpack_from("<H", tail, at + 10)
        locator = start + at - 20
        if count != _IN_ZIP64 or locator < 0:
            return int(count)
        file.seek(locator)
        signature, offset = struct.unpack("<4s4xQ4x", file.read(20))
        if signature != b"PK\6\7" or offset > size:
            return int(count)
        file.seek(offset)
        return int(struct.unpack("<32xQ", file.read(40))[0])


def refuse_tar(path: Path) -> None:
    """Say what to do with a tar archive, which is never unpacked or looked into by us.

    Its members may lead outside, be links or devices, and none can be read without reading all before it.

    Raises:
        UsageError: the path is a tar archive, packed or not.
    """
    if isinstance(path, Path) and path.is_file() and tarfile.is_tarfile(path):
        raise UsageError(
            f"{path} is a tar archive. Unpack it into a folder of its own and name that folder: "
            f"mkdir FOLDER && tar -xf {shlex.quote(path.name)} -C FOLDER"
        )
