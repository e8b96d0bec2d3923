"""A folder in which one process works at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from datasets.errors import UsageError

LOCK_NAME = ".lock"


@contextlib.contextmanager
def alone_in(folder: Path, doing: str) -> Iterator[None]:
    """Make a folder and hold it for this process; the system frees it when the process ends, however that ends.

    Args:
        folder: two processes that go on with the same work in it would take each other's unfinished files away.
        doing: what the other process is said to do there, such as `runs a study`.

    Raises:
        UsageError: another process holds it.
    """
    from filelock import FileLock, Timeout  # costs time that modules which must be read at once do not have

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"another process {doing} in {folder}; wait for it, stop it, or choose another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()
