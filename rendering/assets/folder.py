"""Bounded reading of the files that an asset names: nothing outside its folder, no network, nothing huge."""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote


class BadAsset(Exception):
    """Why a file cannot become an asset; `rendering.assets.files` names the file and raises what users see."""


@dataclass(frozen=True)
class Limits:
    """What one asset may cost. The defaults let pass whatever a frame could sensibly show.

    Attributes:
        file_bytes: of every single file.
        vertices: of all parts together, also corners of triangles.
        texture_pixels: of every single texture.
        seconds: for reading one asset.
    """

    file_bytes: int = 512 * 2**20
    vertices: int = 8_000_000
    texture_pixels: int = 8192 * 8192
    seconds: float = 120.0

    def check_vertices(self, count: int, what: str) -> None:
        """Refuse a count before memory is taken for it.

        Raises:
            BadAsset: more than `vertices`.
        """
        if count > self.vertices:
            raise BadAsset(f"{what} announces {count:,} vertices; at most {self.vertices:,} are read")


@dataclass(frozen=True)
class AssetFolder:
    """The folder of an asset's main file, the only one that is read from."""

    root: Path
    limits: Limits = Limits()
    started: float = field(default_factory=time.monotonic)

    def check_time(self) -> None:
        """Give up on what takes too long; called wherever the file decides how long something takes.

        Raises:
            BadAsset: more than `limits.seconds` have passed since the folder was opened.
        """
        if time.monotonic() - self.started > self.limits.seconds:
            raise BadAsset(f"reading it takes longer than {self.limits.seconds:g} seconds")

    def resolve(self, uri: str) -> Path:
        """The file that a relative URI names.

        Raises:
            BadAsset: it is absolute, has a scheme, or leads out of the folder, also through a symbolic link.
        """
        name = unquote(uri).replace("\\", "/")
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", name) or name.startswith("/") or "\0" in name:
            raise BadAsset(f"it refers to {uri[:80]!r}; only files in its own folder are read")
        root = self.root.resolve()
        path = (root / PurePosixPath(name)).resolve()
        if not path.is_relative_to(root):
            raise BadAsset(f"it refers to {uri[:80]!r}, which leads out of its folder and is not read")
        return path

    def read(self, uri: str) -> bytes:
        """The bytes of a `data:` URI, or of the file that a relative URI names.

        Raises:
            BadAsset: the URI is refused, or the file is missing, no regular file, or too large.
        """
        if uri[:5].lower() == "data:":
            return self._decode(uri)
        path = self.resolve(uri)
        try:
            return read_bounded(path, self.limits)
        except FileNotFoundError:
            raise BadAsset(f"it refers to {uri[:80]!r}, which is missing") from None

    def _decode(self, uri: str) -> bytes:
        header, comma, body = uri.partition(",")
        if not comma or not header.lower().endswith(";base64"):
            raise BadAsset(f"it holds a data URI that is not base64: {uri[:40]!r}")
        try:
            return base64.b64decode(unquote(body), validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadAsset(f"it holds a damaged data URI: {error}") from None


def read_bounded(path: Path, limits: Limits) -> bytes:
    """The bytes of a regular file.

    Raises:
        BadAsset: no regular file (a pipe would block for ever), or larger than `limits.file_bytes`.
        FileNotFoundError: it does not exist.
    """
    # Not blocking, and judged by the open descriptor: what is checked is what is read.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise BadAsset(f"{path.name} is not a regular file")
        if facts.st_size > limits.file_bytes:
            raise BadAsset(f"{path.name} has {facts.st_size:,} bytes; at most {limits.file_bytes:,} are read")
        return file.read(limits.file_bytes)
