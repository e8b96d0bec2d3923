"""Trees, bushes and conifers: metres, standing on y = 0."""

from __future__ import annotations

import numpy as np

from rendering.meshes import Mesh
from rendering.streets.sketch import Sketch

_CROWNS = (  # height of the crown's middle, its half extents, number of bunches of leaves
    (4.6, (2.3, 2.1, 2.3), 64), (6.2, (2.8, 3.4, 2.8), 84), (3.6, (1.7, 1.5, 1.7), 46), (7.5, (1.6, 4.6, 1.6), 76),
    (5.4, (3.3, 2.3, 3.3), 84), (5.0, (2.4, 2.7, 2.4), 64),
)  # fmt: skip


def trunk(variant: float) -> Mesh:
    """A stem with its first boughs."""
    sketch, middle, (wide, high, deep), generator = Sketch(), *_form(variant)
    fork = max(middle - 0.75 * high, 1.0)
    thick = 0.06 + 0.026 * middle
    sketch.tube((0, 0, 0), (0, fork, 0), (thick * 1.2, thick * 0.8), sides=7)
    for _ in range(6):
        turn, reach = generator.uniform(0, 2 * np.pi), generator.uniform(0.3, 0.75)
        end = (wide * reach * np.cos(turn), middle + generator.uniform(-0.3, 0.6) * high, deep * reach * np.sin(turn))
        sketch.tube((0, fork - 0.1, 0), end, (thick * 0.6, thick * 0.15), sides=4)
    return sketch.mesh(coloured=False)


def crown(variant: float) -> Mesh:
    """Bunches of leaves around a core that lets no sky through; normals follow the crown as a whole."""
    sketch, middle, extents, generator = Sketch(), *_form(variant)
    count = _CROWNS[int(variant) % len(_CROWNS)][2]
    centre, half = np.array([0.0, middle, 0.0]), np.array(extents)
    units = generator.normal(size=(count, 3))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    lumps = generator.normal(size=(5, 3))
    lumps /= np.linalg.norm(lumps, axis=1, keepdims=True)
    bulge = 0.78 + 0.3 * (units @ lumps.T).clip(0).max(axis=1)
    for unit, reach in zip(units, bulge * generator.uniform(0.72, 1.02, count), strict=True):
        size = generator.uniform(0.5, 0.85) * min(extents) * 0.62
        _card(sketch, centre + unit * half * reach, unit, size, generator)
    for lump in lumps:
        sketch_ball = centre + lump * half * 0.3
        _core(sketch, sketch_ball, half * 0.56)
    return sketch.mesh(textured=True)


def far_crown(variant: float) -> Mesh:
    """The crown without holes, for trees so far off that no leaf is seen."""
    sketch, middle, extents, generator = Sketch(), *_form(variant)
    centre, half = np.array([0.0, middle, 0.0]), np.array(extents)
    for number in range(7):
        unit = generator.normal(size=3)
        unit /= np.linalg.norm(unit)
        sketch.ball(centre + unit * half * 0.45, half * generator.uniform(0.45, 0.62), (0.85,) * 3, 8, 0.16, number)
    return sketch.mesh(textured=True)


def twigs(variant: float) -> Mesh:
    """A winter's crown: boughs, branches and cards of twigs."""
    sketch, middle, extents, generator = Sketch(), *_form(variant)
    centre, half = np.array([0.0, middle, 0.0]), np.array(extents)
    start = np.array([0.0, max(middle - 0.75 * extents[1], 1.0), 0.0])
    for _ in range(26):
        unit = generator.normal(size=3)
        unit[1] = abs(unit[1]) * 1.1 - 0.25
        unit /= np.linalg.norm(unit)
        end = centre + unit * half * generator.uniform(0.75, 1.0)
        bend = (start + end) / 2 + (0, 0.25, 0)
        _branch(sketch, start, bend, (0.07, 0.045))
        _branch(sketch, bend, end, (0.045, 0.012))
        for at in (bend, end, (bend + end) / 2):
            _bough(sketch, at, unit + 0.35 * generator.normal(size=3), generator.uniform(1.0, 1.9), generator)
    return sketch.mesh(textured=True)


def conifer(variant: float) -> Mesh:
    """Ragged tiers of green around a stem."""
    sketch, generator = Sketch(), np.random.default_rng(900 + int(variant))
    height = (6.5, 9.0, 4.5)[int(variant) % 3]
    for level in np.linspace(0.12, 0.95, 11).tolist():
        radius = (1 - level) * height * 0.27 + 0.15
        for k in range(8):
            turn = 2 * np.pi * (k + level * 7) / 8
            unit = np.array([np.cos(turn), 0.45, np.sin(turn)])
            unit /= np.linalg.norm(unit)
            place = np.array([0.0, level * height, 0.0]) + unit * (radius * 0.62, 0.0, radius * 0.62)
            _card(sketch, place, unit, radius * 0.55 + 0.25, generator)
        _core(sketch, np.array([0.0, level * height, 0.0]), np.array([radius * 0.6, height * 0.07, radius * 0.6]))
    return sketch.mesh(textured=True)


def bush(variant: float) -> Mesh:
    """A round shrub of about a metre."""
    sketch, generator = Sketch(), np.random.default_rng(700 + int(variant))
    centre, half = np.array([0.0, 0.5, 0.0]), np.array([0.62, 0.5, 0.62])
    for _ in range(34):
        unit = generator.normal(size=3)
        unit[1] = abs(unit[1])
        unit /= np.linalg.norm(unit)
        _card(
            sketch, centre + unit * half * generator.uniform(0.75, 1.0), unit, generator.uniform(0.2, 0.34), generator
        )
    _core(sketch, centre, half * 0.8)
    return sketch.mesh(textured=True)


def _form(variant: float) -> tuple[float, tuple[float, float, float], np.random.Generator]:
    number = int(variant)
    middle, extents, _ = _CROWNS[number % len(_CROWNS)]
    return middle, extents, np.random.default_rng(500 + number)


def _card(sketch: Sketch, place: np.ndarray, unit: np.ndarray, size: float, generator: np.random.Generator) -> None:
    """A square in any direction, shaded as the crown's surface; darker below."""
    first = generator.normal(size=3)
    first /= np.linalg.norm(first)
    second = np.cross(first, generator.normal(size=3))
    second /= np.linalg.norm(second)
    corners = place + size * np.array([-first - second, first - second, first + second, -first + second])
    shade = float(generator.uniform(0.72, 1.0) * (0.8 + 0.2 * unit[1]))
    uvs = np.array([(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
    _both_sides(sketch, corners, unit, shade, uvs)


def _branch(sketch: Sketch, start: np.ndarray, end: np.ndarray, radii: tuple[float, float]) -> None:
    """A stick whose texture coordinates lie where the picture of boughs has no hole."""
    stick = Sketch()
    stick.tube(start, end, radii, sides=3)
    mesh = stick.mesh()
    uvs = np.full((len(mesh.vertices), 2), (0.5, 0.97))
    sketch.patch(mesh.vertices.astype(float), mesh.normals.astype(float), mesh.faces, (0.6, 0.6, 0.6), uvs)


def _bough(sketch: Sketch, foot: np.ndarray, ahead: np.ndarray, size: float, generator: np.random.Generator) -> None:
    """A square that grows from its foot in one direction."""
    along = ahead / np.linalg.norm(ahead)
    aside = np.cross(along, generator.normal(size=3))
    aside *= size / 2 / np.linalg.norm(aside)
    corners = foot + np.array([-aside, aside, aside + size * along, size * along - aside])
    uvs = np.array([(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
    _both_sides(sketch, corners, along, float(generator.uniform(0.7, 1.0)), uvs)


def _both_sides(sketch: Sketch, corners: np.ndarray, unit: np.ndarray, shade: float, uvs: np.ndarray) -> None:
    """A square seen from both sides, each shaded as it lies but leaning towards the crown's surface."""
    face = np.cross(corners[1] - corners[0], corners[2] - corners[0])
    face /= np.linalg.norm(face)
    for side, faces in ((face, [(0, 1, 2), (0, 2, 3)]), (-face, [(0, 2, 1), (0, 3, 2)])):
        normal = side + 0.7 * unit
        normals = np.tile(normal / np.linalg.norm(normal), (4, 1))
        sketch.patch(corners, normals, faces, (shade,) * 3, uvs)


def _core(sketch: Sketch, place: np.ndarray, half: np.ndarray) -> None:
    """A dark ball; its texture coordinates all lie on the leaf in the picture's middle, where nothing is a hole."""
    ball = Sketch()
    ball.ball(place, half.tolist(), steps=8)
    mesh = ball.mesh()
    uvs = np.full((len(mesh.vertices), 2), 0.5)
    sketch.patch(mesh.vertices.astype(float), mesh.normals.astype(float), mesh.faces, (0.5, 0.5, 0.5), uvs)
