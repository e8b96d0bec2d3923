"""Meshes put together from boxes, prisms, tubes and balls, with a colour for each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from rendering.backgrounds import Colour
from rendering.meshes import Mesh

WHITE: Colour = (1.0, 1.0, 1.0)


class Sketch:
    """Collects pieces; `mesh` joins them.

    Pieces that enclose a space are turned outwards by themselves, seen from their own middle. Colours multiply the
    material's base colour.
    """

    def __init__(self) -> None:
        self._points: list[np.ndarray] = []
        self._normals: list[np.ndarray] = []
        self._colours: list[np.ndarray] = []
        self._uvs: list[np.ndarray] = []
        self._faces: list[np.ndarray] = []
        self._count = 0

    def polygon(
        self, points: ArrayLike, colour: Colour = WHITE, uvs: ArrayLike | None = None, inside: ArrayLike | None = None
    ) -> None:
        """A flat convex polygon `(k, 3)`, anticlockwise seen from its front, or turned away from a point inside."""
        corners = np.asarray(points, np.float64)
        places = np.zeros((len(corners), 2)) if uvs is None else np.asarray(uvs, np.float64)
        normal = _cross(corners[1] - corners[0], corners[2] - corners[0])
        if not normal.any():
            normal = _cross(corners[2] - corners[0], corners[-1] - corners[0])
        if inside is not None and normal @ (corners.mean(axis=0) - np.asarray(inside)) < 0:
            corners, places, normal = corners[::-1], places[::-1], -normal
        normal = normal / max(float(np.linalg.norm(normal)), 1e-12)
        fan = [(0, k, k + 1) for k in range(1, len(corners) - 1)]
        self.patch(corners, np.broadcast_to(normal, corners.shape), fan, colour, places)

    def patch(
        self, points: np.ndarray, normals: np.ndarray, faces: ArrayLike, colour: Colour = WHITE,
        uvs: np.ndarray | None = None,
    ) -> None:  # fmt: skip
        """Any triangles `(m, 3)` over points `(n, 3)` with their normals."""
        self._points.append(points)
        self._normals.append(np.asarray(normals))
        self._colours.append(np.broadcast_to(np.array(colour), points.shape))
        self._uvs.append(np.zeros((len(points), 2)) if uvs is None else uvs)
        self._faces.append(np.asarray(faces, np.int64).reshape(-1, 3) + self._count)
        self._count += len(points)

    def box(
        self, low: ArrayLike, high: ArrayLike, colour: Colour = WHITE, taper: float = 0.0,
        bottom: bool = False,
    ) -> None:  # fmt: skip
        """An upright box; its top is narrower by this share. The bottom is mostly not seen."""
        (x0, y0, z0), (x1, y1, z1) = np.asarray(low).tolist(), np.asarray(high).tolist()
        dx, dz = taper * (x1 - x0) / 2, taper * (z1 - z0) / 2
        foot = [(x0, y0, z0), (x1, y0, z0), (x1, y0, z1), (x0, y0, z1)]
        top = [(x0 + dx, y1, z0 + dz), (x1 - dx, y1, z0 + dz), (x1 - dx, y1, z1 - dz), (x0 + dx, y1, z1 - dz)]
        self.loft([foot, top], colour, (bottom, True))

    def loft(self, rings: Sequence[ArrayLike], colour: Colour = WHITE, caps: tuple[bool, bool] = (True, True)) -> None:
        """A convex solid through closed rings `(k, 3)` of as many points each, with flat faces."""
        loops = [np.asarray(ring, np.float64) for ring in rings]
        middle = np.mean([loop.mean(axis=0) for loop in loops], axis=0)
        for first, second in pairwise(loops):
            for k in range(len(first)):
                after = (k + 1) % len(first)
                self.polygon([first[k], first[after], second[after], second[k]], colour, inside=middle)
        for loop, wanted in ((loops[0], caps[0]), (loops[-1], caps[1])):
            if wanted:
                self.polygon(loop, colour, inside=middle)

    def prism(
        self, outline: Sequence[tuple[float, float]], half_width: float, colour: Colour = WHITE, bevel: float = 0.0
    ) -> None:
        """A convex outline of (z, y) drawn out along x to both sides, its edges cut off by `bevel` metres."""
        flat = np.array(outline, np.float64)
        middle = flat.mean(axis=0)
        shrunk = middle + (flat - middle) * (1 - bevel / np.abs(flat - middle).max(axis=0))
        rows = [(-half_width, shrunk), (bevel - half_width, flat), (half_width - bevel, flat), (half_width, shrunk)]
        if not bevel:
            rows = [rows[0], rows[-1]]
        self.loft([np.column_stack([np.full(len(flat), x), ring[:, 1], ring[:, 0]]) for x, ring in rows], colour)

    def tube(
        self, start: ArrayLike, end: ArrayLike, radii: tuple[float, float], colour: Colour = WHITE, sides: int = 6,
        caps: bool = False,
    ) -> None:  # fmt: skip
        """A round stick between two points, smoothly shaded."""
        a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
        along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
        aside = _cross(along, np.eye(3)[int(np.argmin(np.abs(along)))])
        aside /= np.linalg.norm(aside)
        turn = np.arange(sides) * 2 * np.pi / sides
        around = np.cos(turn)[:, None] * aside + np.sin(turn)[:, None] * _cross(along, aside)
        points = np.concatenate([a + radii[0] * around, b + radii[1] * around])
        k = np.arange(sides)
        n = (k + 1) % sides
        faces = np.concatenate([np.column_stack([k, n, n + sides]), np.column_stack([k, n + sides, k + sides])])
        self.patch(points, np.concatenate([around, around]), faces, colour)
        if caps:
            middle = (a + b) / 2
            self.polygon(points[:sides], colour, inside=middle)
            self.polygon(points[sides:], colour, inside=middle)

    def ball(
        self, centre: ArrayLike, radii: ArrayLike, colour: Colour = WHITE, steps: int = 6, rough: float = 0.0,
        seed: int = 0,
    ) -> None:  # fmt: skip
        """An ellipsoid, dented by a share of its radius."""
        around, up = np.meshgrid(
            np.arange(steps + 1) % steps * 2 * np.pi / steps, np.linspace(-np.pi / 2, np.pi / 2, steps // 2 + 1)
        )
        unit = np.stack([np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around)], axis=-1)
        dents = 1 + rough * (np.random.default_rng(seed).random(unit.shape[:2]) - 0.5)
        dents[:, -1] = dents[:, 0]
        dents[[0, -1]] = 1  # all columns meet at the poles
        points = (np.asarray(centre) + unit * dents[:, :, None] * np.asarray(radii)).reshape(-1, 3)
        rows, columns = unit.shape[:2]
        corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
        faces = np.concatenate(
            [np.column_stack([corner, corner + 1, corner + columns + 1]),
             np.column_stack([corner, corner + columns + 1, corner + columns])]
        )  # fmt: skip
        self.patch(points, unit.reshape(-1, 3), faces, colour, np.column_stack([around.ravel(), up.ravel()]))

    def disc(self, centre: ArrayLike, radius: float, facing: float, colour: Colour = WHITE, sides: int = 12) -> None:
        """A disc across the x axis that faces +x or -x."""
        turn = np.arange(sides) * 2 * np.pi / sides
        ring = np.column_stack([np.zeros(sides), np.sin(turn), np.cos(turn)]) * radius + np.asarray(centre)
        self.polygon(ring, colour, inside=np.asarray(centre) - (facing, 0, 0))

    def mesh(self, coloured: bool = True, textured: bool = False) -> Mesh:
        """Everything as one mesh, with colours or texture coordinates as asked for."""
        points, normals, colours, uvs = (
            np.concatenate(rows) for rows in (self._points, self._normals, self._colours, self._uvs)
        )
        tint = np.column_stack([colours, np.ones(len(colours))]).astype(np.float32)
        return Mesh(
            points.astype(np.float32),
            np.ascontiguousarray(normals, np.float32),
            np.concatenate(self._faces).astype(np.uint32),
            np.ascontiguousarray(uvs, np.float32) if textured else None,
            tint if coloured else None,
        )


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two vectors; numpy's own takes ten times as long for any number of them."""
    (a, b, c), (d, e, f) = one.tolist(), other.tolist()
    return np.array([b * f - c * e, c * d - a * f, a * e - b * d])


@lru_cache(maxsize=1024)
def linear(red: float, green: float, blue: float) -> Colour:
    """A linear-light colour from its sRGB levels."""
    shares = (level / 255 for level in (red, green, blue))
    r, g, b = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return r, g, b
