"""Where the objects of one street are collected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

import numpy as np

from rendering.assets.asset import Asset
from rendering.materials import Material
from rendering.meshes import MeshRecipe
from rendering.plain_values import settled
from rendering.scene import Camera, SceneObject
from rendering.streets.classes import COUNTABLE, IDS, INSTANCES_A_CLASS
from rendering.streets.path import Path
from rendering.streets.recipes import StreetMesh

_BEHIND_M = -18.0

Part = tuple[MeshRecipe, Material]
_Value = TypeVar("_Value")


class Stage:
    """Takes things and leaves out what the camera cannot see, with a margin for shadows.

    Args:
        camera: that looks at it.
    """

    def __init__(self, camera: Camera) -> None:
        self._placed: list[tuple[MeshRecipe, np.ndarray, Material, int, int]] = []
        self._counts: dict[str, int] = {}
        self._taken: list[tuple[float, float, float]] = []
        self._view = camera.world_to_camera
        self._slope = camera.width / (2 * camera.intrinsics[0, 0])

    @property
    def objects(self) -> tuple[SceneObject, ...]:
        """Everything so far, its numbers settled: before objects are made of them, since a scene has hundreds."""
        if not self._placed:
            return ()
        meshes, poses, materials, numbers, instances = zip(*self._placed, strict=True)
        round_ones = _Settled()
        return tuple(
            SceneObject(round_ones[mesh], pose, round_ones[material], number, number, instance)
            for mesh, pose, material, number, instance in zip(
                meshes, settled(np.array(poses)), materials, numbers, instances, strict=True
            )
        )

    def distance_m(self, pose: np.ndarray) -> float:
        """Ahead of the camera, along its axis."""
        return float(self._view[2] @ pose[:, 3])

    def put(self, class_name: str, parts: Sequence[Part], pose: np.ndarray, margin_m: float = 8.0) -> bool:
        """Add a thing of one class whose parts share a pose; says whether it is near the view.

        Countable things get an instance of their own; of all else the instance is 0.

        Args:
            class_name: of `cityscapes_ids`.
            parts: meshes with their materials.
            pose: `(4, 4)` mesh to world.
            margin_m: so far outside the view it is still kept.
        """
        x, _, z, _ = (self._view @ pose[:, 3]).tolist()
        if z < _BEHIND_M or abs(x) > max(z, 0.0) * self._slope + margin_m:
            return False
        number, instance = IDS[class_name], 0
        if class_name in COUNTABLE:
            count = self._counts[class_name] = self._counts.get(class_name, -1) + 1
            instance = number * INSTANCES_A_CLASS + count
        self._placed += [(mesh, pose, material, number, instance) for mesh, material in parts]
        return True

    def put_asset(
        self, class_name: str, asset: Asset, pose: np.ndarray, margin_m: float = 8.0,
        room_m: tuple[float, float] | None = None,
    ) -> bool:  # fmt: skip
        """Add a whole asset as one thing of a class; says whether it is there.

        Args:
            class_name: of `cityscapes_ids`.
            asset: what to add.
            pose: `(4, 4)` to the world.
            margin_m: as in `put`.
            room_m: what it needs across and along; where something else has taken of it, nothing is added.
        """
        discs = _discs(pose, *room_m) if room_m else []
        if any(self._is_taken(disc) for disc in discs):
            return False
        if not self.put(class_name, asset.parts, pose, margin_m):
            return False
        self._taken += discs
        return True

    def _is_taken(self, disc: tuple[float, float, float]) -> bool:
        x, z, radius = disc
        for a, b, other in self._taken:  # a plain loop: this is asked a hundred thousand times a frame
            across, along, reach = x - a, z - b, radius + other
            if across * across + along * along < reach * reach:
                return True
        return False

    def lay(self, class_name: str, model: str, path: Path, values: Sequence[float], material: Material) -> None:
        """Add a mesh that follows a path, whatever of it is seen."""
        line = (path.curvature, path.x_m, path.z_m, path.heading_deg)
        number = IDS[class_name]
        mesh = StreetMesh(model, (*(round(value, 3) for value in line), *(round(value, 2) for value in values)))
        self._placed.append((mesh, np.eye(4), material, number, 0))


class _Settled:
    """Settled values, each worked out once: many things of a street share meshes and materials."""

    def __init__(self) -> None:
        self._known: dict[int, object] = {}

    def __getitem__(self, value: _Value) -> _Value:
        # By identity, since hashing takes as long as settling; the stage keeps them all alive.
        found = self._known.get(id(value))
        if found is None:
            found = self._known[id(value)] = settled(value)
        return cast(_Value, found)


def _discs(pose: np.ndarray, wide_m: float, long_m: float) -> list[tuple[float, float, float]]:
    """Discs (x, z, radius) in a row that cover what stands at a pose."""
    (x, _, z), ahead = pose[:3, 3].tolist(), pose[:3, 2] / np.linalg.norm(pose[:3, 2])
    reach = max(long_m - wide_m, 0.0) / 2
    steps = np.linspace(-reach, reach, 1 + int(np.ceil(2 * reach / max(wide_m, 0.3)))).tolist()
    return [(x + float(ahead[0]) * step, z + float(ahead[2]) * step, wide_m / 2) for step in steps]
