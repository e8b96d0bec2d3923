"""Is this machine able to run the jobs? Every check says what it found and, when it failed, what mends it."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from datasets.kernels import kernels
from rendering.context import INSTALL_COMMAND, probe

_PACKAGES = ("tensorflow", "keras", "apache-beam", "vispy", "PyOpenGL", "trimesh", "numpy", "imagecodecs", "simplejpeg")
_DISK_BYTES = 2_000_000_000
_SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        ok: whether it will do.
        found: what is there.
        remedy: what to do when it will not do; a command where one exists.
    """

    name: str
    ok: bool
    found: str
    remedy: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def examine() -> tuple[Check, ...]:
    """All checks, the OpenGL one in a process of its own so that a crashing driver is a finding too."""
    packages = (_package(name) for name in _PACKAGES)
    return (_python(), *packages, _own_datasets(), _loops(), _opengl(), _disk(), _shared_memory())


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Check("Python", ok, found, "" if ok else "use Python 3.11, 3.12 or 3.13 and run `make setup`")


def _package(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed", "run `make setup`")


def _own_datasets() -> Check:
    import datasets

    place = Path(datasets.__file__ or "").parent
    ok = (place / "fields.py").is_file()
    remedy = "" if ok else "uninstall Hugging Face's package `datasets` from this environment: `pip uninstall datasets`"
    return Check("import datasets", ok, "ours" if ok else f"another package, {place}", remedy)


def _loops() -> Check:
    built = kernels() is not None
    found = "built" if built else "not built, so label maps are read slowly; install a C compiler, run `make setup`"
    return Check("loops in C", True, found)


def _opengl() -> Check:
    found = probe()
    words = f"{found.renderer}, OpenGL {found.version}" if found.ok else found.message
    return Check("headless OpenGL", found.ok, words, "" if found.ok else INSTALL_COMMAND)


def _disk() -> Check:
    free = shutil.disk_usage(Path.cwd()).free
    return Check("disk", free > _DISK_BYTES, f"{free / 1e9:.1f} GB free here", "free 2 GB, or work on another disk")


def _shared_memory() -> Check:
    ok = os.access(_SHARED_MEMORY, os.W_OK)
    return Check(
        "shared memory",
        ok,
        f"{_SHARED_MEMORY} {'can' if ok else 'cannot'} be written",
        "" if ok else f"mount a tmpfs at {_SHARED_MEMORY}: worker processes need it",
    )
