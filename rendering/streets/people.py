"""People with limbs: standing, walking and riding; metres, facing +z, soles on y = 0."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rendering.backgrounds import Colour
from rendering.meshes import Mesh
from rendering.streets.sketch import Sketch, linear

SKINS = (linear(236, 200, 174), linear(214, 168, 134), linear(150, 104, 76), linear(96, 66, 50))
HAIRS = (linear(52, 38, 28), linear(24, 20, 20), linear(150, 110, 62), linear(120, 116, 112))
TROUSERS = (linear(44, 52, 78), linear(30, 30, 34), linear(96, 88, 74), linear(70, 72, 78), linear(130, 116, 94),
            linear(52, 44, 44))  # fmt: skip
SHOES = (linear(26, 24, 24), linear(90, 62, 44), linear(210, 208, 204))

POSES: tuple[dict[str, tuple[float, float]], ...] = (  # degrees forward of the limb: thigh, shin; upper arm, forearm
    {"left leg": (4, -2), "right leg": (-3, -4), "left arm": (4, 8), "right arm": (-4, 10)},
    {"left leg": (27, 12), "right leg": (-20, -42), "left arm": (-24, -4), "right arm": (24, 44)},
    {"left leg": (-24, -46), "right leg": (24, 8), "left arm": (22, 50), "right arm": (-22, -2)},
    {"left leg": (10, -20), "right leg": (-10, -14), "left arm": (-8, 10), "right arm": (12, 85)},
    {"left leg": (1, -1), "right leg": (2, -2), "left arm": (18, 100), "right arm": (2, 6)},
)
"""Ways to stand and to walk."""

RIDING = {"left leg": (62.0, -8.0), "right leg": (88.0, 2.0), "left arm": (58.0, 62.0), "right arm": (58.0, 62.0)}
"""On a saddle; the hip is at 0.98 m."""

Limbs = Mapping[str, tuple[float, float]]
_ARMS = ((1, "left arm"), (-1, "right arm"))
_LEGS = ((1, "left leg"), (-1, "right leg"))


def person(pose: float, variant: float, part: float) -> Mesh:
    """Part 0 is the upper garment, part 1 all else. Pose -1 rides."""
    limbs, look, rides = RIDING if pose < 0 else POSES[int(pose)], int(variant), pose < 0
    sketch = Sketch()
    hip = np.array([0.0, 0.98 if rides else 0.93, -0.2 if rides else 0.0])
    turn = np.radians(24.0 if rides else 3.0)
    up = np.array([0.0, np.cos(turn), np.sin(turn)])
    neck = hip + 0.56 * up
    if part == 0:
        coat = look % 3 == 1 and not rides
        _torso(sketch, hip - 0.04 * up, neck, 0.36 if coat else 0.0)
        _sleeves(sketch, neck, limbs)
        return sketch.mesh()
    skin, hair, cloth, shoe = (table[look % len(table)] for table in (SKINS, HAIRS, TROUSERS, SHOES))
    skirt = look % 5 == 3 and not rides
    _legs(sketch, hip, limbs, cloth, skin if skirt else cloth, shoe)
    if skirt:
        _torso(sketch, hip - (0, 0.42, 0), hip + np.array((0, 0.1, 0)), 0.0, cloth, 0.24)
    _hands(sketch, neck, limbs, skin)
    head = neck + 0.2 * np.array([0.0, 1.0, 0.15])
    sketch.tube(neck - 0.03 * up, head, (0.055, 0.055), skin, sides=5)
    sketch.ball(head, (0.082, 0.118, 0.1), skin, steps=8)
    _headwear(sketch, head, look, hair, rides)
    if not rides:
        _luggage(sketch, hip, neck, look)
    return sketch.mesh()


def _sleeves(sketch: Sketch, neck: np.ndarray, limbs: Limbs) -> None:
    for side, name in _ARMS:
        shoulder = neck + np.array((0.2 * side, -0.05, 0.0))
        elbow = shoulder + 0.3 * _forward(limbs[name][0], 0.12 * side)
        sketch.tube(shoulder + np.array((0, 0.03, 0)), elbow, (0.068, 0.052), sides=6)
        sketch.tube(elbow, elbow + 0.24 * _forward(limbs[name][1], 0.02 * side), (0.052, 0.042), sides=6, caps=True)


def _legs(sketch: Sketch, hip: np.ndarray, limbs: Limbs, thigh: Colour, calf: Colour, shoe: Colour) -> None:
    for side, name in _LEGS:
        joint = hip + np.array((0.095 * side, 0.0, 0.0))
        knee = joint + 0.44 * _forward(limbs[name][0], 0.0)
        ankle = knee + 0.42 * _forward(limbs[name][1], 0.0)
        sketch.tube(joint + np.array((0, 0.06, 0)), knee, (0.1, 0.065), thigh, sides=6)
        sketch.tube(knee, ankle, (0.065, 0.045), calf, sides=6)
        heel, toe = ankle + np.array((-0.045, -0.075, -0.08)), ankle + np.array((0.045, 0.02, 0.17))
        sketch.box(heel, toe, shoe, taper=0.15, bottom=True)


def _hands(sketch: Sketch, neck: np.ndarray, limbs: Limbs, skin: Colour) -> None:
    for side, name in _ARMS:
        elbow = neck + np.array((0.2 * side, -0.05, 0.0)) + 0.3 * _forward(limbs[name][0], 0.12 * side)
        hand = elbow + 0.28 * _forward(limbs[name][1], 0.02 * side)
        sketch.ball(hand, (0.04, 0.055, 0.04), skin, steps=4)


def _luggage(sketch: Sketch, hip: np.ndarray, neck: np.ndarray, look: int) -> None:
    """A bag at the hip, a rucksack, or nothing."""
    if look % 4 == 2:
        low, high = hip + np.array((0.22, -0.2, -0.14)), hip + np.array((0.34, 0.1, 0.16))
        sketch.box(low, high, SHOES[look // 2 % 3], bottom=True)
    if look % 4 == 1:
        low, high = neck + np.array((-0.15, -0.42, -0.3)), neck + np.array((0.15, -0.02, -0.1))
        sketch.box(low, high, TROUSERS[(look + 2) % 6], 0.1, bottom=True)


def _headwear(sketch: Sketch, head: np.ndarray, look: int, hair: Colour, helmet: bool) -> None:
    if helmet and look % 2:
        sketch.ball(head + np.array((0, 0.05, 0)), (0.11, 0.1, 0.14), linear(200, 205, 210), steps=8)
        return
    sketch.ball(head + np.array((0, 0.035, -0.025)), (0.092, 0.105, 0.1), hair, steps=8)
    if look % 2:  # long hair
        sketch.ball(head + np.array((0, -0.08, -0.06)), (0.08, 0.14, 0.06), hair, steps=6)


def _forward(degrees: float, aside: float) -> np.ndarray:
    """Down, swung forward by so many degrees."""
    angle = np.radians(degrees)
    return np.array([aside, -np.cos(angle), np.sin(angle)])


def _torso(
    sketch: Sketch, low: np.ndarray, high: np.ndarray, longer: float, colour: Colour = (1.0, 1.0, 1.0),
    flare: float = 0.0,
) -> None:  # fmt: skip
    """An oval trunk from hip to neck, with a coat's tail."""
    turn = np.arange(9) * np.pi / 4
    oval = np.column_stack([np.cos(turn), np.zeros(9), np.sin(turn)])
    hem = [(low - np.array((0, longer, 0)), 0.19, 0.13)] if longer else []
    if flare:
        levels = [(low, 0.19 + flare, 0.13 + flare / 2), ((low + high) / 2, 0.19, 0.13), (high, 0.14, 0.1)]
    else:
        levels = [*hem, (low, 0.165, 0.115), (low + 0.45 * (high - low), 0.155, 0.1),
                  (low + 0.85 * (high - low), 0.215, 0.115), (high + np.array((0, 0.02, 0)), 0.08, 0.06)]  # fmt: skip
    rings = [middle + oval * (x, 1.0, z) for middle, x, z in levels]
    normals = np.concatenate([oval * (1.0, 1.0, 1.6)] * len(rings))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    rows, columns = len(rings), 9
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    faces = np.concatenate([np.column_stack([corner, corner + columns + 1, corner + 1]),
                            np.column_stack([corner, corner + columns, corner + columns + 1])])  # fmt: skip
    sketch.patch(np.concatenate(rings), normals, faces, colour)
