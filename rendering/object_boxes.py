"""Each object's own axes and the box around it: the base of 6-D poses, oriented boxes and object coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rendering.geometry import transform
from rendering.scene import SceneObject

_STRAIGHT = 1e-9  # of a linear part, relative: off-diagonal shares below this are rounding
_RIGID = 1e-7  # a linear part that is so near to a turn and one scale needs no decomposition


class BoundedMesh(Protocol):
    """Vertices `(n, 3)` with `(2, 3)` their lowest and highest corner."""

    vertices: np.ndarray
    corners: np.ndarray


@dataclass(frozen=True, eq=False)
class ObjectBox:
    """A rigid frame of reference of an object, and the box of all its vertices along its axes.

    Its axes are those of the rotation nearest to the linear part of the object's pose (polar decomposition), so for a
    pose that only turns and scales they are the mesh's own; its origin is the mesh's. For an object of several parts
    the first part's count.

    Attributes:
        pose: `(4, 4)` float64 rigid transform from the object's axes to the world, metres.
        low_m: `(3,)` lowest corner of the box in the object's axes.
        high_m: `(3,)` highest corner.
    """

    pose: np.ndarray
    low_m: np.ndarray
    high_m: np.ndarray

    @property
    def corners_m(self) -> np.ndarray:
        """`(8, 3)` corners in the object's axes; bit 2, 1 and 0 of the row's number say high or low in x, y and z."""
        high = (np.arange(8)[:, None] >> np.array([2, 1, 0])) & 1
        return np.where(high == 1, self.high_m, self.low_m)


def object_boxes(things: Sequence[SceneObject], meshes: Sequence[BoundedMesh]) -> dict[int, ObjectBox]:
    """The box of every instance; parts of one thing share it.

    Args:
        things: the scene's objects.
        meshes: the mesh of each.
    """
    if not things:
        return {}
    poses = np.array([thing.pose for thing in things])
    instances = [thing.instance for thing in things]
    first = [instances.index(one) for one in instances]
    axes = poses.copy()
    axes[:, :3, :3] = nearest_rotations(poses[:, :3, :3])
    axes = axes[first]
    low, high = _bounds(rigid_inverses(axes) @ poses, meshes)
    boxes: dict[int, ObjectBox] = {}
    for row, one in enumerate(instances):
        known = boxes.get(one)
        if known is None:
            boxes[one] = ObjectBox(axes[row], low[row], high[row])
        else:
            corners = np.minimum(low[row], known.low_m), np.maximum(high[row], known.high_m)
            boxes[one] = ObjectBox(known.pose, *corners)
    return boxes


def normalisers(things: Sequence[SceneObject], boxes: dict[int, ObjectBox]) -> np.ndarray:
    """`(n, 3, 4)` maps from each thing's mesh to object coordinates: 0 to 1 along each axis of its box, .5 if flat."""
    own = [boxes[thing.instance] for thing in things]
    low, high = np.array([box.low_m for box in own]), np.array([box.high_m for box in own])
    extent = high - low
    flat = extent <= 1e-9 * np.maximum(extent.max(axis=1, keepdims=True), 1e-30)
    scale = np.where(flat, 0, 1 / np.where(flat, 1, extent))
    poses = np.array([thing.pose for thing in things])
    maps = (rigid_inverses(np.array([box.pose for box in own])) @ poses)[:, :3] * scale[:, :, None]
    maps[:, :, 3] += np.where(flat, 0.5, -low * scale)
    return maps


def _bounds(matrices: np.ndarray, meshes: Sequence[BoundedMesh]) -> tuple[np.ndarray, np.ndarray]:
    """`(n, 3)` lowest and highest corners of meshes after `(n, 4, 4)` affine transforms.

    From the mesh's own box where the transform only scales along the axes, else from every vertex.
    """
    linear = matrices[:, :3, :3]
    diagonal = np.einsum("nii->ni", linear)
    ends = np.array([mesh.corners for mesh in meshes]) * diagonal[:, None] + matrices[:, None, :3, 3]
    low, high = ends.min(axis=1), ends.max(axis=1)
    beside = np.abs(linear * (1 - np.eye(3))).max(axis=(1, 2))
    for row in np.flatnonzero(beside > _STRAIGHT * np.abs(diagonal).max(axis=1)).tolist():
        moved = transform(matrices[row], meshes[row].vertices)
        low[row], high[row] = moved.min(axis=0), moved.max(axis=0)
    return low, high


def nearest_rotations(linear: np.ndarray) -> np.ndarray:
    """`(n, 3, 3)` rotations of the polar decompositions of `(n, 3, 3)` matrices of positive determinant."""
    squares = linear.transpose(0, 2, 1) @ linear
    sizes = squares[:, 0, 0]
    bent = np.abs(squares - sizes[:, None, None] * np.eye(3)).max(axis=(1, 2)) > _RIGID * sizes
    rotations: np.ndarray = linear / np.sqrt(sizes)[:, None, None]
    if bent.any():
        left, _, right = np.linalg.svd(linear[bent])
        rotations[bent] = left @ right
    return rotations


def rigid_inverses(poses: np.ndarray) -> np.ndarray:
    """The inverses of `(n, 4, 4)` rigid transforms."""
    inverse = np.zeros_like(poses)
    inverse[:, :3, :3] = poses[:, :3, :3].transpose(0, 2, 1)
    inverse[:, :3, 3] = -np.einsum("nij,nj->ni", inverse[:, :3, :3], poses[:, :3, 3])
    inverse[:, 3, 3] = 1
    return inverse
