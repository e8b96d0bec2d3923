"""Three-dimensional models from files: read, checked, repaired, or refused with the reason.

glTF 2.0 (.gltf, .glb), Wavefront (.obj with .mtl), PLY and STL. glTF and OBJ are read here rather than by a library
because hostile and broken files must end in one clear sentence, and because libraries were seen to drop skins,
Draco geometry and material factors without one.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from datasets.errors import UsageError
from rendering.assets.bare_meshes import read_ply, read_stl
from rendering.assets.folder import AssetFolder, BadAsset, Limits, read_bounded
from rendering.assets.gltf import read_gltf
from rendering.assets.parts import AssetPart, RawPart
from rendering.assets.repair import finish_parts
from rendering.assets.wavefront import read_wavefront

Reader = Callable[[bytes, AssetFolder, str], tuple[list[RawPart], list[str]]]

READERS: dict[str, Reader] = {
    ".gltf": read_gltf,
    ".glb": read_gltf,
    ".obj": read_wavefront,
    ".ply": read_ply,
    ".stl": read_stl,
}
"""What reads a file, by the end of its name."""

_LFS = b"version https://git-lfs.github.com/spec/"

# What damaged files were seen to raise inside the readers besides their own complaints; none of it is a fault of ours.
_DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError, ValueError,
           struct.error)  # fmt: skip


@dataclass(frozen=True, eq=False)
class AssetFile:
    """A model as its file has it, ready to draw.

    Attributes:
        path: the file.
        parts: one mesh for every material, in the axes and units of the file.
        notes: every repair and everything that was left out, a sentence each.
        digest: 16 hexadecimal digits that follow from the parts; the same file gives the same ones anywhere.
    """

    path: str
    parts: tuple[AssetPart, ...]
    notes: tuple[str, ...]
    digest: str

    @property
    def bounds(self) -> np.ndarray:
        """`(2, 3)` float64: least and greatest coordinates."""
        vertices = [part.mesh.vertices for part in self.parts]
        low, high = np.min([v.min(axis=0) for v in vertices], axis=0), np.max([v.max(axis=0) for v in vertices], axis=0)
        return np.array([low, high], np.float64)

    @property
    def triangles(self) -> int:
        """How many triangles all parts have."""
        return sum(len(part.mesh.faces) for part in self.parts)


def read_asset_file(path: str | Path, limits: Limits | None = None) -> AssetFile:
    """Read a model. Only its own folder is read from, and no more than `limits` allow.

    Raises:
        UsageError: the file is missing, of no known kind, damaged, hostile, too large, or without any triangle; the
            message names the file and the reason.
    """
    path, limits = Path(path), limits or Limits()
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"asset '{path}': files of this kind are not read; there are {', '.join(READERS)}")
    try:
        data = read_bounded(path, limits)
        if data.startswith(_LFS):
            raise BadAsset("it is a Git LFS pointer, not the file itself; run `git lfs pull` where it came from")
        if not data.strip():
            raise BadAsset("it is empty")
        with np.errstate(all="ignore"):
            raw_parts, notes = reader(data, AssetFolder(path.parent, limits), str(path))
            parts, more = finish_parts(raw_parts)
    except FileNotFoundError:
        raise UsageError(f"asset '{path}': there is no such file") from None
    except BadAsset as error:
        raise UsageError(f"asset '{path}': {error}") from None
    except _DAMAGE as error:
        raise UsageError(f"asset '{path}': it is damaged ({type(error).__name__}: {error})") from error
    return AssetFile(str(path), parts, tuple(dict.fromkeys((*notes, *more))), _digest(parts))


@lru_cache(maxsize=512)
def kept_asset_file(path: str) -> AssetFile:
    """`read_asset_file`, read once a process."""
    return read_asset_file(path)


def _digest(parts: tuple[AssetPart, ...]) -> str:
    total = hashlib.sha256()
    for part in parts:
        mesh = part.mesh
        for array in (mesh.vertices, mesh.normals, mesh.faces, mesh.uvs, mesh.colours):
            total.update(b"none" if array is None else array.tobytes())
    return total.hexdigest()[:16]
