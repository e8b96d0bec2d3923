"""Files and folders of this machine that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""How the name of a file ends that is still being written."""


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all, also after a power cut."""
    with whole_file(path) as file:
        file.write(text.encode())


@contextmanager
def whole_file(path: Path, synced: bool = True) -> Iterator[BinaryIO]:
    """A file to write; it has its name when the block ends well and its bytes are on the disk, else it is removed.

    Not `synced`, a power cut may leave the name without the bytes.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with open(temporary, "wb") as file:
            yield file
            if synced:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):  # why the writing failed matters more
            temporary.unlink()
        raise


def make_folders(folder: Path) -> None:
    """Make a folder and those above it that are missing, so that they last through a power cut."""
    if not folder.is_dir():
        make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside a folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
