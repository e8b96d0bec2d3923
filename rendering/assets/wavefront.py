"""Wavefront OBJ files as parts (Wavefront, "Advanced Visualizer", appendix B1); every fault is named with its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from rendering.assets.folder import AssetFolder, BadAsset
from rendering.assets.parts import RawPart, Surface
from rendering.assets.polygons import triangulate_polygon
from rendering.assets.wavefront_materials import read_materials

_SHORTEST = {"v": 3, "vt": 1, "vn": 3}
_IGNORED_SHAPES = frozenset({"p", "l", "curv", "curv2", "surf"})


@dataclass(eq=False)
class _Lines:
    """What the lines of the file hold, faces as rows of (position, coordinate, normal) indices, -1 for none."""

    vectors: dict[str, list[list[float]]] = field(default_factory=lambda: {"v": [], "vt": [], "vn": []})
    faces: dict[str, list[list[tuple[int, int, int]]]] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_wavefront(data: bytes, folder: AssetFolder, path: str) -> tuple[list[RawPart], list[str]]:
    """All triangles of an OBJ file, one part a material, and notes on what was left out.

    Polygons are cut into triangles. A material library or texture that is missing leaves a plain grey, with a note.

    Raises:
        BadAsset: a line cannot be understood, or a face names what does not exist.
    """
    lines = _read_lines(data, folder)
    surfaces = read_materials(lines.libraries, folder, lines.notes) if lines.libraries else {}
    vectors = {name: _table(rows, name) for name, rows in lines.vectors.items()}
    parts = []
    for name, faces in lines.faces.items():
        if name and name not in surfaces:
            lines.notes.append(f"material {name!r} is not defined: drawn plain grey")
        parts.append(_part(faces, vectors, surfaces.get(name, Surface(name)), folder))
    return parts, lines.notes


def _read_lines(data: bytes, folder: AssetFolder) -> _Lines:
    lines, material, corners = _Lines(), "", 0
    for number, line in _logical_lines(data):
        word, _, rest = line.partition(" ")
        if word in _SHORTEST:
            values = _numbers(rest, number, word)
            lines.vectors[word].append(values)
            corners += 1
        elif word == "f":
            face = _face(rest, number, {name: len(rows) for name, rows in lines.vectors.items()})
            lines.faces.setdefault(material, []).append(face)
            corners += 3 * (len(face) - 2)
        elif word == "usemtl":
            material = rest.strip()
        elif word == "mtllib":
            lines.libraries.append(rest.strip())
        elif word in _IGNORED_SHAPES:
            lines.notes.append("points, lines or curves were left out")
        if number % 4096 == 0:
            folder.check_time()
            folder.limits.check_vertices(corners, f"the file up to line {number}")
    folder.limits.check_vertices(corners, "the file")
    return lines


def _logical_lines(data: bytes) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, comments cut, spaces evened, those that end in a backslash joined."""
    held, started = "", 0
    for number, line in enumerate(data.decode("utf-8", "replace").lstrip("\ufeff").splitlines(), 1):
        started = started if held else number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        line, held = held + line, ""
        if "#" in line:
            line = line[: line.index("#")]
        line = line.strip().replace("\t", " ")
        if line:
            yield started, line


def _numbers(text: str, number: int, word: str) -> list[float]:
    try:
        values = [float(part) for part in text.split()]
    except ValueError:
        raise BadAsset(f"line {number}: {word!r} must be followed by numbers, got {text[:40]!r}") from None
    if len(values) < _SHORTEST[word]:
        raise BadAsset(f"line {number}: {word!r} needs {_SHORTEST[word]} numbers, got {text[:40]!r}")
    if not np.isfinite(values).all():
        raise BadAsset(f"line {number}: {word!r} must be finite, got {text[:40]!r}")
    return values


def _face(text: str, number: int, counts: dict[str, int]) -> list[tuple[int, int, int]]:
    """The corners of a face, indices from 0; only what stands above it in the file may be named."""
    corners = []
    for corner in text.split():
        fields = (*corner.split("/"), "", "")[:3]
        try:
            given = [int(value) if value else None for value in fields]
        except ValueError:
            raise BadAsset(f"line {number}: {corner!r} is no corner of a face") from None
        found = []
        for value, (name, count) in zip(given, counts.items(), strict=True):
            if value is None and name != "v":
                found.append(-1)
                continue
            index = (value or 0) - 1 if (value or 0) > 0 else count + (value or 0)
            if not value or not 0 <= index < count:
                raise BadAsset(f"line {number}: the face names {name} {value}, but there are {count} before it")
            found.append(index)
        corners.append((found[0], found[1], found[2]))
    if len(corners) < 3:
        raise BadAsset(f"line {number}: a face needs 3 corners or more, got {len(corners)}")
    return corners


def _table(rows: Sequence[list[float]], name: str) -> np.ndarray:
    """Rows as one array; colours behind positions are kept where all have them."""
    if name == "v" and rows and all(len(row) in (6, 7) for row in rows):
        return np.array([row[:3] + row[-3:] for row in rows])  # a seventh number is a weight, before the colour
    width = 2 if name == "vt" else 3
    return np.array([[*row, 0.0][:width] for row in rows]).reshape(-1, width)


def _part(
    faces: Sequence[list[tuple[int, int, int]]], vectors: dict[str, np.ndarray], surface: Surface, folder: AssetFolder
) -> RawPart:
    corners = np.concatenate([_triangulated(face, vectors["v"], folder) for face in faces]).reshape(-1, 3)
    positions = vectors["v"][corners[:, 0], :3]
    triangles = np.arange(len(corners)).reshape(-1, 3)
    uvs = normals = colours = None
    if len(vectors["vt"]) and (corners[:, 1] >= 0).any():
        uvs = np.where(corners[:, 1:2] >= 0, vectors["vt"][corners[:, 1]], 0)
        uvs = np.column_stack([uvs[:, 0], 1 - uvs[:, 1]])  # v runs up here, down in glTF
    if len(vectors["vn"]) and (corners[:, 2] >= 0).any():
        normals = np.where(corners[:, 2:] >= 0, vectors["vn"][corners[:, 2]], 0)
    if vectors["v"].shape[1] == 6:
        shown = np.clip(vectors["v"][corners[:, 0], 3:], 0, 1)
        linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
        colours = np.column_stack([linear, np.ones(len(linear))])
    return RawPart(positions, triangles, surface, normals, uvs, colours)


def _triangulated(face: list[tuple[int, int, int]], positions: np.ndarray, folder: AssetFolder) -> np.ndarray:
    """`(corners - 2, 3, 3)` rows of the corners of its triangles."""
    rows = np.array(face)
    if len(rows) == 3:
        return rows[None]
    folder.check_time()
    return rows[triangulate_polygon(positions[rows[:, 0], :3])]
