"""Putting things onto a plane without collisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely.affinity
from shapely import MultiPoint, Polygon

from rendering.assets.asset import Asset
from rendering.geometry import affine, rotation
from rendering.meshes import MeshRecipe

_TRIES = 40


@dataclass(frozen=True, eq=False)
class Placement:
    """A thing on the plane y = 0.

    Attributes:
        asset: what it is.
        pose: `(4, 4)` transform to the world, metres.
        footprint: what it covers, seen from above, in (x, z).
    """

    asset: Asset
    pose: np.ndarray
    footprint: Polygon


def footprint(asset: Asset) -> Polygon:
    """The convex outline of an asset seen from above, in (x, z), metres."""
    return _outline(tuple(mesh for mesh, _ in asset.parts))


def place(asset: Asset, x_m: float, z_m: float, yaw_deg: float, scale: float = 1.0) -> Placement:
    """An asset stood onto the plane, turned about the vertical."""
    linear = rotation(yaw_deg) * scale
    flat = [linear[0, 0], linear[0, 2], linear[2, 0], linear[2, 2], x_m, z_m]
    return Placement(asset, affine(linear, (x_m, 0, z_m)), shapely.affinity.affine_transform(footprint(asset), flat))


def place_freely(
    assets: Sequence[Asset],
    area: Polygon,
    generator: np.random.Generator,
    gap_m: float = 0.0,
    taken: Sequence[Placement] = (),
    scales: Sequence[float] = (),
) -> tuple[Placement, ...]:
    """Assets at random places and turns within an area, none nearer to another than `gap_m`.

    Collisions are judged by the convex outlines seen from above, so nothing ever intersects. Large things come
    first; what finds no room after a few tries is left out. The generator is advanced by the same number of draws
    whatever is found.

    Args:
        assets: what to place.
        area: in (x, z), metres; footprints stay inside.
        generator: gives places and turns.
        gap_m: least distance between two footprints.
        taken: what already stands there.
        scales: factor on each asset's size, 1 by default.

    Returns:
        What was placed, in the order of `assets`.
    """
    draws = generator.random((len(assets), _TRIES, 3))
    factors = list(scales) or [1.0] * len(assets)
    left, top, right, bottom = area.bounds
    order = sorted(range(len(assets)), key=lambda index: -footprint(assets[index]).area * factors[index] ** 2)
    found: dict[int, Placement] = {}
    for index in order:
        for across, along, turn in draws[index]:
            x_m, z_m = left + (right - left) * across, top + (bottom - top) * along
            placed = place(assets[index], x_m, z_m, 360 * turn, factors[index])
            others = [other.footprint for other in (*taken, *found.values())]
            if area.contains(placed.footprint) and all(placed.footprint.distance(other) > gap_m for other in others):
                found[index] = placed
                break
    return tuple(found[index] for index in sorted(found))


@lru_cache(maxsize=2048)
def _outline(meshes: tuple[MeshRecipe, ...]) -> Polygon:
    points = np.concatenate([mesh.build().vertices[:, [0, 2]] for mesh in meshes]).astype(np.float64)
    hull = MultiPoint(points).convex_hull
    # A flat upright thing has a line for an outline; a millimetre makes an area of it.
    return hull if isinstance(hull, Polygon) else hull.buffer(0.001)
