"""PLY and STL files: triangles without a material. The headers are held against the bytes that are there."""

from __future__ import annotations

import io
import logging
import re
import struct
import warnings

import numpy as np

from rendering.assets.folder import AssetFolder, BadAsset
from rendering.assets.parts import RawPart, Surface

_STL_HEADER, _STL_TRIANGLE = 84, 50
_PLY_BYTES = {
    "char": 1, "uchar": 1, "int8": 1, "uint8": 1, "short": 2, "ushort": 2, "int16": 2, "uint16": 2, "int": 4, "uint": 4,
    "int32": 4, "uint32": 4, "float": 4, "float32": 4, "double": 8, "float64": 8,
}  # fmt: skip


def read_stl(data: bytes, folder: AssetFolder, path: str) -> tuple[list[RawPart], list[str]]:
    """The triangles of a binary or ASCII STL file; its unit and up axis are nowhere stated.

    Raises:
        BadAsset: damaged, or the header announces more triangles than there are.
    """
    count = struct.unpack_from("<I", data, 80)[0] if len(data) >= _STL_HEADER else 0
    if len(data) >= _STL_HEADER and len(data) == _STL_HEADER + count * _STL_TRIANGLE:
        folder.limits.check_vertices(3 * count, "the header")
        rows = np.frombuffer(data, np.dtype([("floats", "<f4", 12), ("tail", "<u2")]), count, _STL_HEADER)
        corners = rows["floats"][:, 3:].reshape(-1, 3).astype(np.float64)
    elif data[:512].lstrip().lower().startswith(b"solid") and b"\0" not in data[:512]:
        corners = _ascii_corners(data, folder)
    else:
        there = max(len(data) - _STL_HEADER, 0) // _STL_TRIANGLE
        raise BadAsset(f"the STL header announces {count:,} triangles, there are {there:,}")
    if not np.isfinite(corners).all():
        row = int(np.argwhere(~np.isfinite(corners))[0][0])
        raise BadAsset(f"triangle {row // 3} has a corner at {corners[row].tolist()}; it must be finite")
    return [RawPart(corners, np.arange(len(corners)).reshape(-1, 3))], []


def read_ply(data: bytes, folder: AssetFolder, path: str) -> tuple[list[RawPart], list[str]]:
    """The triangles of a PLY file, with vertex colours where it has them.

    Raises:
        BadAsset: damaged, without faces, or the header announces more than there is.
    """
    _check_ply_header(data, folder)
    import trimesh

    logger = logging.getLogger("trimesh")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mesh = trimesh.load(io.BytesIO(data), file_type="ply", process=False)
    except Exception as error:  # on damaged files trimesh was seen to raise whatever came of it, UnboundLocalError too
        raise BadAsset(f"it is damaged ({type(error).__name__}: {error})") from None
    finally:
        logger.setLevel(level)
    if not isinstance(mesh, trimesh.Trimesh):
        raise BadAsset("it holds points without triangles")
    colours = None
    if mesh.visual.kind == "vertex":
        shown = np.asarray(mesh.visual.vertex_colors, np.float64) / 255
        light = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
        colours = np.column_stack([light[:, :3], shown[:, 3]])
    surface = Surface() if colours is None else Surface(base_colour=(1.0, 1.0, 1.0))
    faces = np.asarray(mesh.faces, np.int64)
    return [RawPart(np.asarray(mesh.vertices, np.float64), faces, surface, colours=colours)], []


def _ascii_corners(data: bytes, folder: AssetFolder) -> np.ndarray:
    found = re.findall(rb"^\s*vertex\s+(\S+)\s+(\S+)\s+(\S+)\s*$", data, re.MULTILINE | re.IGNORECASE)
    folder.limits.check_vertices(len(found), "the file")
    if not found or len(found) % 3:
        raise BadAsset(f"its text holds {len(found)} vertices; each triangle needs 3")
    try:
        return np.array(found).astype(np.float64)
    except ValueError as error:
        raise BadAsset(f"a vertex is no number: {error}") from None


def _check_ply_header(data: bytes, folder: AssetFolder) -> None:
    """Compare every announced count with the least bytes that so many elements take."""
    end = data.find(b"end_header")
    if not data.startswith(b"ply") or end < 0:
        raise BadAsset("it has no PLY header")
    ascii_, needed, count, name = False, 0, 0, ""
    for line in data[:end].decode("latin-1").splitlines():
        words = line.split()
        if words[:1] == ["format"]:
            ascii_ = words[1:2] == ["ascii"]
        elif words[:1] == ["element"]:
            name, count = words[1], int(words[2])
            if count < 0:
                raise BadAsset(f"the PLY header announces {count} of {name}")
            folder.limits.check_vertices(count, f"the PLY element {name!r}")
        elif words[:1] == ["property"]:
            needed += count * (2 if ascii_ else _PLY_BYTES.get(words[1] if words[1] != "list" else words[2], 1))
    if needed > len(data) - end:
        raise BadAsset(f"the PLY header announces elements of {needed:,} bytes or more, there are {len(data) - end:,}")
