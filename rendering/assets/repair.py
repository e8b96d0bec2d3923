"""From a file's raw parts to meshes that can be drawn: checked, repaired, joined by material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rendering.assets.folder import BadAsset
from rendering.assets.orientation import is_closed, turn_outwards
from rendering.assets.parts import AssetPart, RawPart, Surface
from rendering.meshes import Mesh, shade, unique_rows

_FLAT = 1e-12  # a triangle whose height is less than this share of its longest side has no area
_MOST_PAIRS = 10_000_000  # of faces that meet at a point; beyond, comparing all for creases takes gigabytes
_FARTHEST = 1e15  # coordinates whose squares still fit float32


def finish_parts(raw_parts: Sequence[RawPart]) -> tuple[tuple[AssetPart, ...], tuple[str, ...]]:
    """Parts of the same material joined and repaired, and a note for every repair.

    Triangles without area are dropped, missing normals made, a closed surface that is inside out is turned, and what
    is closed is drawn from one side only, since its other side cannot be seen.

    Raises:
        BadAsset: a coordinate is not finite or an index out of range, or no triangle has any area.
    """
    notes: list[str] = []
    groups: dict[Surface, list[RawPart]] = {}
    for raw in raw_parts:
        _check(raw)
        kept = _with_area(raw)
        if dropped := len(raw.triangles) - len(kept.triangles):
            notes.append(f"dropped {dropped} triangles without area")
        if len(kept.triangles):
            groups.setdefault(raw.surface, []).append(kept)
    if not groups:
        raise BadAsset("it holds no triangle with any area" if raw_parts else "it holds no mesh")
    joined = [_join(group) for group in groups.values()]
    joined, turned = turn_outwards(joined)
    if turned:
        notes.append(f"turned {turned} closed surfaces that were inside out")
    return tuple(_finish(part, notes) for part in joined), tuple(dict.fromkeys(notes))


def _check(raw: RawPart) -> None:
    named = f" of material {raw.surface.name!r}" if raw.surface.name else ""
    for name, values in (("position", raw.positions), ("texture coordinate", raw.uvs), ("colour", raw.colours)):
        if values is not None and not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0][0])
            raise BadAsset(f"the {name} of vertex {row}{named} is {values[row].tolist()}; it must be finite")
    if raw.positions.size and np.abs(raw.positions).max() > _FARTHEST:
        raise BadAsset(f"a vertex{named} lies at {np.abs(raw.positions).max():g}, too far off for any unit")
    if raw.triangles.size and not 0 <= raw.triangles.min() <= raw.triangles.max() < len(raw.positions):
        wrong = raw.triangles.min() if raw.triangles.min() < 0 else raw.triangles.max()
        raise BadAsset(f"a triangle{named} names vertex {wrong}, but there are {len(raw.positions)}")


def _with_area(raw: RawPart) -> RawPart:
    """The part without triangles that no picture could show."""
    if not len(raw.triangles):
        return raw
    corners = raw.positions[raw.triangles]
    edges = corners - np.roll(corners, 1, axis=1)
    longest = np.square(edges).sum(axis=2).max(axis=1)
    area = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    return replace(raw, triangles=raw.triangles[area > _FLAT * longest])


def _join(parts: Sequence[RawPart]) -> RawPart:
    """One part of several with the same surface; an attribute that only some have is filled up."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0] + [len(part.positions) for part in parts[:-1]])
    triangles = np.concatenate([part.triangles + offset for part, offset in zip(parts, offsets, strict=True)])

    def filled(name: str, fill: Sequence[float]) -> np.ndarray | None:
        values = [getattr(part, name) for part in parts]
        if all(value is None for value in values):
            return None
        return np.concatenate(
            [
                np.tile(np.array(fill, np.float64), (len(part.positions), 1)) if value is None else value
                for part, value in zip(parts, values, strict=True)
            ]
        )

    # A normal of zero length is made anew from its faces.
    return RawPart(
        np.concatenate([part.positions for part in parts]),
        triangles,
        parts[0].surface,
        filled("normals", (0, 0, 0)),
        filled("uvs", (0, 0)),
        filled("colours", (1, 1, 1, 1)),
    )


def _finish(part: RawPart, notes: list[str]) -> AssetPart:
    corners = part.triangles.ravel()
    first, index = unique_rows(part.positions[corners])
    welded, triangles = part.positions[corners][first], index.reshape(-1, 3)
    surface = part.surface
    if surface.double_sided and surface.alpha_cutoff is None and is_closed(triangles):
        surface = replace(surface, double_sided=False)
    if surface.textured and part.uvs is None:
        notes.append(f"material {surface.name!r} has a texture but its triangles no coordinates: drawn without it")
        surface = replace(
            surface, base_colour_image=None, metallic_roughness_image=None, normal_image=None, emissive_image=None
        )
    normals = _corner_normals(part, welded, triangles, notes)
    # float32 before corners are compared, or equal ones would stay apart
    columns = [part.positions[corners].astype(np.float32), normals.astype(np.float32)]
    extras = [part.uvs if surface.textured else None, part.colours]
    columns += [values[corners].astype(np.float32) for values in extras if values is not None]
    rows = np.hstack(columns)
    first, index = unique_rows(rows)
    rows, uvs, colours, at = rows[first], None, None, 6
    if extras[0] is not None:
        uvs, at = np.ascontiguousarray(rows[:, 6:8]), 8
    if extras[1] is not None:
        colours = np.ascontiguousarray(rows[:, at : at + 4])
    mesh = Mesh(
        np.ascontiguousarray(rows[:, :3]),
        np.ascontiguousarray(rows[:, 3:6]),
        index.reshape(-1, 3).astype(np.uint32),
        uvs,
        colours,
    )
    return AssetPart(mesh, surface)


def _corner_normals(part: RawPart, welded: np.ndarray, triangles: np.ndarray, notes: list[str]) -> np.ndarray:
    """`(3 m, 3)` unit normals of all corners: the file's where they are usable, else from the faces."""
    given = None if part.normals is None else part.normals[part.triangles.ravel()]
    lengths = None if given is None else np.linalg.norm(given, axis=1)
    if given is not None and lengths is not None:
        usable = np.isfinite(lengths) & (lengths > 1e-6)
        if usable.all():
            return given / lengths[:, None]
    made = _made_normals(welded, triangles)
    if given is None or lengths is None:
        return made
    notes.append("made normals anew where the file's have no length")
    return np.where(usable[:, None], given / np.where(usable, lengths, 1)[:, None], made)


def _made_normals(welded: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """`(3 m, 3)`: smooth but for creases; at points where very many faces meet, smooth throughout."""
    scale = np.abs(welded).max()
    if np.square(np.bincount(triangles.ravel())).sum() <= _MOST_PAIRS:
        mesh = shade(welded / scale, triangles)
        return mesh.normals[mesh.faces.ravel()].astype(np.float64)
    corners = (welded / scale)[triangles]
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.zeros_like(welded)
    np.add.at(sums, triangles.ravel(), np.repeat(areas, 3, axis=0))
    normals, own = sums[triangles.ravel()], np.repeat(areas, 3, axis=0)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.where(lengths > 1e-9 * np.linalg.norm(own, axis=1, keepdims=True), normals, own)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)
