"""The generated scene that the rendering benchmark draws: 20 textured objects of 10,000 triangles each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from datasets.schema import Column, Schema
from rendering.annotations import annotation_columns
from rendering.geometry import affine, intrinsics_from_field_of_view, look_at, rotation
from rendering.materials import Material
from rendering.meshes import Mesh
from rendering.randomisation import Randomisation
from rendering.scene import Camera, Scene, SceneObject
from rendering.textures import NoiseTexture

OBJECTS, RINGS, FRAMES = 20, 50, 16
_LEVELS = (50, 36, 25, 18, 12, 9, 6)


@dataclass(frozen=True)
class Pebble:
    """A lumpy ball with texture coordinates: 4 x rings x rings triangles."""

    kind: ClassVar[str] = "pebble"

    seed: int
    rings: int = RINGS

    def build(self) -> Mesh:
        """Lumps are a few waves along random directions; normals follow from the surface's slope."""
        return _pebble(self.seed, self.rings)

    def levels(self) -> tuple[tuple[int, Pebble], ...]:
        """Coarser grids of the same pebble."""
        return _pebble_levels(self.seed)


@lru_cache
def _pebble_levels(seed: int) -> tuple[tuple[int, Pebble], ...]:
    return tuple((4 * rings * rings, Pebble(seed, rings)) for rings in _LEVELS)


@lru_cache(maxsize=256)
def _pebble(seed: int, rings: int) -> Mesh:
    generator = np.random.default_rng(seed)
    waves, phases = generator.normal(size=(4, 3)) * 2.5, generator.random(4) * 6.28
    down, around = np.meshgrid(np.linspace(0, 1, rings + 1), np.linspace(0, 1, 2 * rings + 1), indexing="ij")
    polar, azimuth = down * np.pi, around * 2 * np.pi
    unit = np.stack([np.sin(polar) * np.sin(azimuth), np.cos(polar), np.sin(polar) * np.cos(azimuth)], axis=-1)
    unit = unit.reshape(-1, 3)
    angles = unit @ waves.T + phases
    radius = 1 + 0.06 * np.sin(angles).sum(axis=1, keepdims=True)
    slope = 0.06 * np.cos(angles) @ waves
    slope -= unit * np.einsum("ij,ij->i", slope, unit)[:, None]
    normals = unit - slope / radius
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    corner = (np.arange(rings)[:, None] * (2 * rings + 1) + np.arange(2 * rings)).ravel()
    below, after = corner + 2 * rings + 1, corner + 1
    faces = np.concatenate([np.stack([corner, below, after], 1), np.stack([after, below, below + 1], 1)])
    uvs = np.stack([3 * around, 2 * down], axis=-1).reshape(-1, 2)
    parts = (unit * radius, normals, uvs)
    vertices, shading, places = (np.ascontiguousarray(part, np.float32) for part in parts)
    return Mesh(vertices, shading, faces.astype(np.uint32), places)


@lru_cache
def scenes(height: int, width: int) -> list[Scene]:
    """Frames of a camera that moves around 20 pebbles; each has a place, size and texture of its own."""
    generator = np.random.default_rng(0)
    things = []
    for place in range(OBJECTS):
        middle = ((place % 5 - 2) * 0.8, generator.uniform(-0.3, 0.3), (place // 5 - 1.5) * 0.8)
        turn = rotation(*generator.uniform(-180, 180, 3)) * generator.uniform(0.25, 0.42)
        texture = NoiseTexture(((230, 220, 190), (90, 60, 40)), seed=place)
        things.append(SceneObject(Pebble(place), affine(turn, middle), Material((1, 1, 1), 0.7, 0.0,
                      base_colour_texture=texture), place % 8 + 1, place % 8, place + 1))  # fmt: skip
    intrinsics = intrinsics_from_field_of_view(height, width, 45)
    frames = []
    for turn in np.linspace(0, 2 * np.pi, FRAMES, endpoint=False):
        eye = (4.2 * np.sin(turn), 1.6, 4.2 * np.cos(turn))
        frames.append(Scene(Camera(height, width, intrinsics, look_at(eye, (0, 0, 0))), tuple(things)))
    return frames


@dataclass(frozen=True)
class BenchmarkScenes:
    """The same frames as a generator of scenes, for writing data sets of them."""

    name: ClassVar[str] = "benchmark"
    licence: ClassVar[str] = "public domain"
    randomisation: ClassVar[Randomisation] = Randomisation()  # none of it is drawn

    size: tuple[int, int]
    annotations: tuple[str, ...] = ("semantic", "instance", "depth", "normal", "object_coordinates", "boxes", "camera")

    @property
    def schema(self) -> Schema:
        """All columns but class names."""
        columns = annotation_columns(self.annotations, self.size, None, None)
        return Schema.of(Column("image", (*self.size, 3)), *columns, Column("scene"))

    def sample(self, generator: np.random.Generator) -> Scene:
        """One of the frames."""
        return scenes(*self.size)[int(generator.integers(FRAMES))]
