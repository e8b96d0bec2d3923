"""Meshes and textures that only tests use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rendering.meshes import Mesh


@dataclass(frozen=True)
class Box:
    """An axis-aligned box with a texture on each side."""

    kind: ClassVar[str] = "test_box"

    low: tuple[float, float, float] = (-0.5, -0.5, -0.5)
    high: tuple[float, float, float] = (0.5, 0.5, 0.5)

    def build(self) -> Mesh:
        vertices, normals, uvs = [], [], []
        for axis in range(3):
            for side, sign in ((0, -1), (1, 1)):
                first, second = (axis + 1) % 3, (axis + 2) % 3
                for a, b in ((0, 0), (1, 0), (1, 1), (0, 1)) if side else ((0, 0), (0, 1), (1, 1), (1, 0)):
                    unit = np.zeros(3)
                    unit[[axis, first, second]] = side, a, b
                    vertices.append(np.where(unit > 0, self.high, self.low))
                    normals.append(sign * np.eye(3)[axis])
                    uvs.append((a, b))
        faces = np.array([(4 * k + i, 4 * k + j, 4 * k + m) for k in range(6) for i, j, m in ((0, 1, 2), (0, 2, 3))])
        return Mesh(
            np.array(vertices, np.float32), np.array(normals, np.float32), faces.astype(np.uint32),
            np.array(uvs, np.float32),
        )  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A square of side 1 in the plane z = 0 that faces +z; its texture stands upright."""

    kind: ClassVar[str] = "test_card"

    colours: tuple[tuple[float, float, float, float], ...] = ()

    def build(self) -> Mesh:
        corners = np.array([(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)], np.float32)
        uvs = np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float32)
        colours = np.array(self.colours, np.float32) if self.colours else None
        normals = np.tile(np.array([0, 0, 1], np.float32), (4, 1))
        return Mesh(corners, normals, np.array([(0, 1, 2), (0, 2, 3)], np.uint32), uvs, colours)


@dataclass(frozen=True)
class Pixels:
    """A texture from nested tuples of R, G, B, alpha."""

    kind: ClassVar[str] = "test_pixels"

    rows: tuple[tuple[tuple[int, int, int, int], ...], ...]

    def build(self) -> np.ndarray:
        return np.array(self.rows, np.uint8)


@dataclass(frozen=True)
class Levelled:
    """A ball with levels of detail."""

    kind: ClassVar[str] = "test_levelled"

    rings: int = 40

    def build(self) -> Mesh:
        n = self.rings
        polar, around = np.meshgrid(np.linspace(0, np.pi, n + 1), np.linspace(0, 2 * np.pi, 2 * n + 1), indexing="ij")
        points = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1)
        corner = (np.arange(n)[:, None] * (2 * n + 1) + np.arange(2 * n)).ravel()
        below, after = corner + 2 * n + 1, corner + 1
        faces = np.concatenate([np.stack([corner, below, after], 1), np.stack([after, below, below + 1], 1)])
        flat = points.reshape(-1, 3).astype(np.float32)
        return Mesh(flat, flat, faces.astype(np.uint32))

    def levels(self) -> tuple[tuple[int, Levelled], ...]:
        return tuple((4 * n * n, Levelled(n)) for n in (self.rings, self.rings // 2, self.rings // 4))
