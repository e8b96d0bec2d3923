"""What is drawn of a scene, and how: culling, levels of detail, order, and the numbers that shaders need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rendering.blocks import OBJECT_BLOCK
from rendering.materials import Material
from rendering.meshes import MeshRecipe
from rendering.object_boxes import ObjectBox, normalisers
from rendering.scene import Camera, Scene


@dataclass(frozen=True, eq=False)
class Bounds:
    """A mesh's bounding sphere in its own axes, and its number of triangles."""

    centre: np.ndarray
    radius: float
    triangles: int


@dataclass(frozen=True, eq=False)
class Part:
    """One mesh to draw: an object of the scene, one part of it, or the ground.

    Attributes:
        number: its row, counted from 1.
        mesh: its recipe.
        material: its surface.
        pose: `(4, 4)` mesh to world.
        semantic: id in the semantic map.
        instance: id in the instance map; 0 of the ground.
    """

    number: int
    mesh: MeshRecipe
    material: Material
    pose: np.ndarray
    semantic: int
    instance: int


@dataclass(frozen=True, eq=False)
class DrawList:
    """Parts with everything that follows from the camera, a row each.

    Attributes:
        parts: in the scene's order, the ground last.
        block: `(n,)` `OBJECT_BLOCK`.
        camera_to_model: `(n, 4, 4)`.
        centres: `(n, 3)` of the bounding spheres in camera axes.
        radii: `(n,)` of the bounding spheres, metres.
        order: rows that may be in view, near to far.
        meshes: the level of detail of each part.
    """

    parts: tuple[Part, ...]
    block: np.ndarray
    camera_to_model: np.ndarray
    centres: np.ndarray
    radii: np.ndarray
    order: np.ndarray
    meshes: tuple[MeshRecipe, ...]


def draw_list(
    scene: Scene,
    camera: Camera,
    ground: MeshRecipe | None,
    bounds: Sequence[Bounds],
    pixels_per_triangle: float,
) -> DrawList:
    """The draw list of a scene.

    Args:
        scene: what to draw.
        camera: where from; its frame may be wider than that of the scene's own.
        ground: the mesh of the scene's ground, None where it has none.
        bounds: of the mesh of each object and of the ground.
        pixels_per_triangle: least area a triangle on the average, for choosing the level of detail; 0 for the finest.
    """
    parts = _parts(scene, ground)
    if not parts:
        empty = np.zeros(0)
        none = np.zeros((0, 4, 4))
        return DrawList((), np.zeros(0, OBJECT_BLOCK), none, np.zeros((0, 3)), empty, empty.astype(int), ())
    poses = np.array([part.pose for part in parts])
    model_to_camera = camera.world_to_camera @ poses
    middles = np.array([entry.centre for entry in bounds])
    centres = np.einsum("nij,nj->ni", model_to_camera[:, :3, :3], middles) + model_to_camera[:, :3, 3]
    radii = _stretch(poses[:, :3, :3]) * np.array([entry.radius for entry in bounds])
    seen = np.flatnonzero(_in_view(camera, centres, radii))
    order = seen[np.lexsort((seen, centres[seen, 2]))]
    meshes = _levels(parts, camera, centres, radii, pixels_per_triangle)
    camera_to_model = np.linalg.inv(model_to_camera)
    block = _block(parts, model_to_camera, camera_to_model)
    return DrawList(parts, block, camera_to_model, centres, radii, order, meshes)


def add_coordinates(listed: DrawList, scene: Scene, boxes: dict[int, ObjectBox]) -> None:
    """Fill in how camera axes map to each one's object coordinates; the ground has none."""
    if scene.objects:
        maps = normalisers(scene.objects, boxes) @ listed.camera_to_model[: len(scene.objects)]
        listed.block["camera_to_coordinates"][: len(scene.objects)] = maps


def add_motion(listed: DrawList, scene: Scene, following: Scene) -> None:
    """Fill in where each part is in the following frame; one that is gone by then, or new parts, move nowhere known.

    Parts are matched by instance, and within it by their order.
    """
    later: dict[tuple[int, int], np.ndarray] = {}
    count: dict[int, int] = {}
    for thing in following.objects:
        place = count[thing.instance] = count.get(thing.instance, -1) + 1
        later[thing.instance, place] = thing.pose
    count.clear()
    motion = np.empty((len(listed.parts), 3, 4))
    for row, thing in enumerate(scene.objects):
        place = count[thing.instance] = count.get(thing.instance, -1) + 1
        pose = later.get((thing.instance, place))
        motion[row] = np.nan if pose is None else (following.camera.world_to_camera @ pose)[:3]
    for row in range(len(scene.objects), len(listed.parts)):
        motion[row] = (following.camera.world_to_camera @ listed.parts[row].pose)[:3]
    listed.block["camera_to_next_camera"] = motion @ listed.camera_to_model


def _parts(scene: Scene, ground: MeshRecipe | None) -> tuple[Part, ...]:
    parts = [
        Part(row, thing.mesh, thing.material, thing.pose, thing.semantic, thing.instance)
        for row, thing in enumerate(scene.objects, 1)
    ]
    if scene.ground is not None and ground is not None:
        pose = np.eye(4)
        pose[1, 3] = scene.ground.height_m
        parts.append(Part(len(parts) + 1, ground, scene.ground.material, pose, scene.ground.semantic, 0))
    return tuple(parts)


def _stretch(linear: np.ndarray) -> np.ndarray:
    """`(n,)` by how much each map lengthens a vector at most; a little more where it shears.

    The square of the greatest singular value is at most the greatest row sum of the map's transpose times itself.
    """
    squares = linear.transpose(0, 2, 1) @ linear
    return np.sqrt(np.abs(squares).sum(axis=2).max(axis=1))


def _in_view(camera: Camera, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """`(n,)` bool: whether a sphere reaches into the space that the camera sees."""
    k, depth = camera.intrinsics, centres[:, 2]
    sides = np.array([k[0], camera.width * k[2] - k[0], k[1], camera.height * k[2] - k[1]])
    sides /= np.sqrt((sides * sides).sum(axis=1, keepdims=True))
    reach = np.column_stack([centres @ sides.T, depth - camera.near_m, camera.far_m - depth])
    seen: np.ndarray = np.all(reach >= -radii[:, None], axis=1)
    return seen


def _levels(
    parts: Sequence[Part], camera: Camera, centres: np.ndarray, radii: np.ndarray, pixels_per_triangle: float
) -> tuple[MeshRecipe, ...]:
    """The finest level of each part whose triangles are large enough in the frame, else the coarsest."""
    distance = np.maximum(np.linalg.norm(centres, axis=1) - radii, camera.near_m)
    focal = np.sqrt(camera.intrinsics[0, 0] * camera.intrinsics[1, 1])
    areas = np.minimum(np.pi * (radii * focal / distance) ** 2, 4.0 * camera.height * camera.width)
    chosen = []
    for part, area in zip(parts, areas.tolist(), strict=True):
        recipe = part.mesh
        list_levels = getattr(recipe, "levels", None) if pixels_per_triangle > 0 else None
        if list_levels is not None:
            levels = list_levels()
            fitting = (simpler for triangles, simpler in levels if triangles * pixels_per_triangle <= area)
            recipe = next(fitting, levels[-1][1])
        chosen.append(recipe)
    return tuple(chosen)


def _block(parts: Sequence[Part], model_to_camera: np.ndarray, camera_to_model: np.ndarray) -> np.ndarray:
    block = np.zeros(len(parts), OBJECT_BLOCK)
    block["model_to_camera"] = model_to_camera[:, :3]
    block["normal_to_camera"][:, :, :3] = camera_to_model[:, :3, :3].transpose(0, 2, 1)
    materials = [part.material for part in parts]
    block["base_colour"] = [material.base_colour for material in materials]
    block["alpha_cutoff"] = [material.alpha_cutoff or 0.0 for material in materials]
    block["emissive"] = [material.emissive for material in materials]
    block["roughness"] = [material.roughness for material in materials]
    block["metallic"] = [material.metallic for material in materials]
    block["number"] = [part.number for part in parts]
    block["semantic"] = [part.semantic for part in parts]
    block["instance"] = [part.instance for part in parts]
    block["is_object"] = block["instance"] > 0
    return block
