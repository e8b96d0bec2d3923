"""Simple solid things, built in: boxes with rounded edges, and whatever a lathe turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from datasets.errors import UsageError
from rendering.meshes import Mesh, MeshRecipe, shade, unique_rows

_STEPS = (48, 24, 12)
"""How many flat pieces a full turn is made of, by level of detail."""

_BOX_STEPS = (8, 4, 2, 1)
"""How many flat pieces a rounded edge is made of, by level of detail."""


@dataclass(frozen=True)
class RoundedBox:
    """A box that stands on y = 0 over the origin.

    Attributes:
        width_m: extent along x.
        height_m: extent along y.
        length_m: extent along z.
        rounding: radius of the edges as a share of the shortest side, up to 0.5.
        detail: level of detail, 0 is the finest.

    Raises:
        UsageError: a value is outside its range.
    """

    kind: ClassVar[str] = "rounded_box"

    width_m: float = 1.0
    height_m: float = 1.0
    length_m: float = 1.0
    rounding: float = 0.1
    detail: int = 0

    def __post_init__(self) -> None:
        if not min(self.width_m, self.height_m, self.length_m) > 0 or not 0 < self.rounding <= 0.5:
            raise UsageError(f"rounded box: sides must be above 0 and rounding above 0 and at most 0.5, got {self}")
        _check_detail(self.detail, len(_BOX_STEPS))

    def build(self) -> Mesh:
        """A closed mesh with texture coordinates in metres; the same object for equal recipes."""
        return _build_box(self)

    def levels(self) -> tuple[tuple[int, MeshRecipe], ...]:
        """`(triangles, recipe)` of this level and all simpler ones."""
        simpler = [replace(self, detail=detail) for detail in range(self.detail, len(_BOX_STEPS))]
        return tuple((len(recipe.build().faces), recipe) for recipe in simpler)


@dataclass(frozen=True)
class Turned:
    """A solid of revolution that stands on y = 0 around the y axis.

    Attributes:
        form: a name of `FORMS`.
        height_m: extent along y; a ball's and a ring's follow from their radii.
        radius_m: greatest distance from the axis.
        slimness: what the form makes of it: how thin the wall, neck, tip or ring is, 0 to 1.
        detail: level of detail, 0 is the finest.

    Raises:
        UsageError: the form is unknown or a value outside its range.
    """

    kind: ClassVar[str] = "turned"

    form: str
    height_m: float = 1.0
    radius_m: float = 0.5
    slimness: float = 0.5
    detail: int = 0

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise UsageError(f"turned solid: no form {self.form!r}; there are {', '.join(FORMS)}")
        if not min(self.height_m, self.radius_m) > 0 or not 0 <= self.slimness <= 1:
            raise UsageError(f"turned solid: height and radius must be above 0, slimness within 0 to 1, got {self}")
        _check_detail(self.detail, len(_STEPS))

    def build(self) -> Mesh:
        """A closed mesh with texture coordinates in metres; the same object for equal recipes."""
        return _build_turned(self)

    def levels(self) -> tuple[tuple[int, MeshRecipe], ...]:
        """`(triangles, recipe)` of this level and all simpler ones."""
        simpler = [replace(self, detail=detail) for detail in range(self.detail, len(_STEPS))]
        return tuple((len(recipe.build().faces), recipe) for recipe in simpler)


def _cylinder(height: float, radius: float, slimness: float, steps: int) -> np.ndarray:
    return np.array([(0, 0), (radius, 0), (radius, height), (0, height)])


def _cone(height: float, radius: float, slimness: float, steps: int) -> np.ndarray:
    tip = 0.4 * radius * (1 - slimness)
    return np.array([(0, 0), (radius, 0), (tip, height), (0, height)])


def _ball(height: float, radius: float, slimness: float, steps: int) -> np.ndarray:
    turn = np.linspace(-np.pi / 2, np.pi / 2, steps // 2 + 1)
    return np.column_stack([np.cos(turn), np.sin(turn) + 1]) * radius


def _ring(height: float, radius: float, slimness: float, steps: int) -> np.ndarray:
    thick = radius * (0.15 + 0.2 * (1 - slimness))
    turn = np.linspace(-np.pi, np.pi, steps // 2 + 1)
    profile = np.column_stack([np.cos(turn), np.sin(turn) + 1]) * thick + (radius - thick, 0)
    return np.vstack([profile[:-1], profile[:1]])


def _cup(height: float, radius: float, slimness: float, steps: int) -> np.ndarray:
    wall, foot = radius * (0.06 + 0.1 * (1 - slimness)), radius * (1 - 0.35 * slimness)
    return np.array([(0, 0), (foot, 0), (radius, height), (radius - wall, height), (foot - wall, wall), (0, wall)])


def _bowl(height: float, radius: float, slimness: float, steps: int) -> np.ndarray:
    turn = np.linspace(-np.pi / 2, 0, steps // 4 + 1)
    wall = 0.05 + 0.1 * (1 - slimness)
    outside = np.column_stack([np.cos(turn), np.sin(turn) + 1]) * (radius, height)
    inside = (np.column_stack([np.cos(turn), np.sin(turn)]) * (1 - wall) + (0, 1))[::-1] * (radius, height)
    return np.vstack([outside, inside])


def _bottle(height: float, radius: float, slimness: float, steps: int) -> np.ndarray:
    neck, turn = radius * (0.25 + 0.25 * (1 - slimness)), np.linspace(0, np.pi, steps // 4 + 1)
    shoulder = np.column_stack([neck + (radius - neck) * (1 + np.cos(turn)) / 2, (0.55 + 0.2 * turn / np.pi) * height])
    return np.vstack([[(0, 0), (radius, 0)], shoulder, [(neck, height), (0, height)]])


FORMS: dict[str, Callable[[float, float, float, int], np.ndarray]] = {
    "cylinder": _cylinder,
    "cone": _cone,
    "ball": _ball,
    "ring": _ring,
    "cup": _cup,
    "bowl": _bowl,
    "bottle": _bottle,
}
"""Outlines `(k, 2)` of radius and height, from the foot on the axis, or around a hole, upwards and inwards."""


@lru_cache(maxsize=512)
def _build_turned(solid: Turned) -> Mesh:
    steps = _STEPS[solid.detail]
    outline = FORMS[solid.form](solid.height_m, solid.radius_m, solid.slimness, steps)
    turn = np.arange(steps + 1) % steps * 2 * np.pi / steps
    radius, height = outline[:, 0, None], outline[:, 1, None]
    points = np.stack([radius * np.sin(turn), np.broadcast_to(height, (len(outline), steps + 1)),
                       radius * np.cos(turn)], axis=-1)  # fmt: skip
    below, above = points[:-1], points[1:]
    quads = np.stack([below[:, :-1], below[:, 1:], above[:, 1:], above[:, :-1]], axis=2).reshape(-1, 4, 3)
    return _closed_mesh(np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]), solid.radius_m)


@lru_cache(maxsize=512)
def _build_box(box: RoundedBox) -> Mesh:
    size = np.array([box.width_m, box.height_m, box.length_m])
    radius, steps = float(box.rounding * size.min()), _BOX_STEPS[box.detail]
    # A cube cut into a grid, blown up to a ball, whose octants are then moved apart to the corners of the box.
    angles = np.linspace(-np.pi / 4, np.pi / 4, 2 * steps + 1)
    grid = np.sort(np.concatenate([np.tan(angles), [0.0]]))  # the middle line twice: the octants part there
    side = np.concatenate([np.full(steps + 1, -1.0), np.full(steps + 1, 1.0)])
    (u, v), (u_side, v_side) = np.meshgrid(grid, grid, indexing="ij"), np.meshgrid(side, side, indexing="ij")
    soup = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            cube, octant = np.empty((*u.shape, 3)), np.empty((*u.shape, 3))
            cube[..., axis] = octant[..., axis] = sign
            cube[..., axis - 2], octant[..., axis - 2] = u, u_side
            cube[..., axis - 1], octant[..., axis - 1] = v, v_side
            ball = cube / np.linalg.norm(cube, axis=-1, keepdims=True)
            points = ball * radius + octant * (size / 2 - radius) + (0, size[1] / 2, 0)
            quads = np.stack([points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]], axis=2)
            quads = quads.reshape(-1, 4, 3)[:, :: int(sign)]
            soup += [quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]
    return _closed_mesh(np.concatenate(soup), float(size.max()))


def _closed_mesh(soup: np.ndarray, size: float) -> Mesh:
    """A smooth mesh from loose triangles `(m, 3, 3)` with texture coordinates from the side it faces, in metres."""
    soup = np.round(soup / size, 12) * size + 0.0  # equal corners to the bit, and no -0
    areas = np.linalg.norm(np.cross(soup[:, 1] - soup[:, 0], soup[:, 2] - soup[:, 0]), axis=1)
    soup = soup[areas > 1e-12 * size * size]
    first, index = unique_rows(soup.reshape(-1, 3))
    mesh = shade(soup.reshape(-1, 3)[first], index.reshape(-1, 3))
    corners = mesh.vertices[mesh.faces]
    across = np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])).argmax(axis=1)
    # Seen along x: (z, -y); along y: (x, z); along z: (x, -y); v runs down.
    u_axis, v_axis, v_sign = np.array([2, 0, 0])[across], np.array([1, 2, 1])[across], np.array([-1, 1, -1])[across]
    rows = np.arange(len(corners))[:, None]
    places = np.arange(3)[None]
    uvs = np.stack(
        [corners[rows, places, u_axis[:, None]], corners[rows, places, v_axis[:, None]] * v_sign[:, None]], axis=-1
    )
    flat = np.hstack([corners.reshape(-1, 3), mesh.normals[mesh.faces].reshape(-1, 3), uvs.reshape(-1, 2)])
    first, index = unique_rows(flat)
    rows_kept = flat[first].astype(np.float32)
    vertices, normals, uv = (np.ascontiguousarray(rows_kept[:, cut]) for cut in (slice(3), slice(3, 6), slice(6, 8)))
    return Mesh(vertices, normals, index.reshape(-1, 3).astype(np.uint32), uv)


def _check_detail(detail: int, levels: int) -> None:
    if not 0 <= detail < levels:
        raise UsageError(f"solid: detail must be 0 to {levels - 1}, got {detail}")
