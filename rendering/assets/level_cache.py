"""Levels of detail kept on disk, so that each asset is simplified once and not once a process."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np

from datasets.cache_folder import cache_folder
from rendering.meshes import Mesh

_FORMAT = 2
_ARRAYS = ("vertices", "normals", "faces", "uvs", "colours")

Levels = tuple[tuple[Mesh | None, ...], ...]


def cached_levels(meshes: Sequence[Mesh], digest: str) -> Levels:
    """`simplified_levels`, from the cache where they are there, else made and put there.

    A cache that cannot be read or written costs time and nothing else.

    Args:
        meshes: the parts of one asset.
        digest: of their content; it names the file, together with the versions of what made it.
    """
    path = cache_folder() / "levels" / f"{digest}-{_FORMAT}-{version('fast-simplification')}.npz"
    try:
        return _load(path, len(meshes))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # Imported here: most processes find their levels prepared and never need it.
        from rendering.assets.simplification import simplified_levels

        levels = simplified_levels(meshes)
        with suppress(OSError):
            _store(path, levels)
        return levels


def _load(path: Path, parts: int) -> Levels:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        count = int(stored["levels"])
        return tuple(
            tuple(_mesh({name: stored[key] for name in _ARRAYS if (key := f"{level}.{part}.{name}") in stored})
                  for part in range(parts))
            for level in range(count)
        )  # fmt: skip


def _mesh(arrays: dict[str, np.ndarray]) -> Mesh | None:
    return Mesh(**arrays) if arrays else None


def _store(path: Path, levels: Levels) -> None:
    """Written whole under another name first: several workers may prepare the same asset."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{level}.{part}.{name}": array
        for level, row in enumerate(levels)
        for part, mesh in enumerate(row)
        for name in _ARRAYS
        if mesh is not None and (array := getattr(mesh, name)) is not None
    }
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            np.savez_compressed(file, levels=np.array(len(levels)), **arrays)
            file.close()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
