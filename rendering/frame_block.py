"""The numbers that shaders need of a whole frame: camera, lights, sensor."""

from __future__ import annotations

import numpy as np

from rendering.blocks import FRAME_BLOCK
from rendering.geometry import affine, projection, rotation
from rendering.lights import Shadows
from rendering.scene import Camera, Scene


def frame_block(
    scene: Scene, camera: Camera, next_intrinsics: np.ndarray | None, irradiance: np.ndarray | None
) -> np.ndarray:
    """`(1,)` `FRAME_BLOCK` of a scene, without shadows.

    Args:
        scene: lights and sensor.
        camera: the frame's; it may be wider than that of the scene.
        next_intrinsics: of the following frame's camera, for optical flow.
        irradiance: `(9, 3)` coefficients of the environment.
    """
    block = np.zeros(1, FRAME_BLOCK)
    row, axes = block[0], camera.world_to_camera[:3, :3]
    row["camera_to_clip"] = projection(camera.intrinsics, camera.height, camera.width, camera.near_m, camera.far_m)
    sun = np.array(scene.sun.direction)
    row["sun_direction"][:3] = axes @ sun / np.linalg.norm(sun)
    row["sun_colour"][:3] = scene.sun.colour
    row["up"][:3] = axes[:, 1]
    row["sky_colour"][:3] = scene.ambient.sky
    row["ground_colour"][:3] = scene.ambient.ground
    row["gains"][:3] = scene.sensor.gains
    row["grade"][:2] = scene.sensor.contrast, scene.sensor.saturation
    if scene.fog is not None:
        row["fog"] = *scene.fog.colour, scene.fog.extinction_per_m
    for place, lamp in enumerate(scene.point_lights):
        row["lamp_position"][place, :3] = axes @ lamp.position_m + camera.world_to_camera[:3, 3]
        row["lamp_colour"][place, :3] = lamp.colour
    row["pixel_to_ray"][:, :3] = np.linalg.inv(camera.intrinsics)
    if next_intrinsics is not None:
        row["next_intrinsics"][:, :3] = next_intrinsics
    if scene.environment is not None and irradiance is not None:
        row["camera_to_environment"][:, :3] = world_to_environment(scene.environment.turn_deg) @ axes.T
        row["irradiance"][:, :3] = scene.environment.strength * irradiance
        row["up"][3] = scene.environment.strength
    return block


def world_to_environment(turn_deg: float) -> np.ndarray:
    """`(3, 3)` from world axes to those of an environment's picture that was turned about +y."""
    return rotation(yaw_deg=-turn_deg)


def add_shadows(block: np.ndarray, shadows: Shadows, centres: np.ndarray, radii: np.ndarray) -> None:
    """Fit the shadow map around everything that casts shadows.

    Args:
        block: the frame's.
        shadows: of the sun.
        centres: `(n, 3)` of the bounding spheres of what casts shadows, camera axes.
        radii: `(n,)` of them, metres.
    """
    towards = block[0]["sun_direction"][:3].astype(np.float64)
    aside = np.cross(towards, np.eye(3)[np.argmin(np.abs(towards))])
    aside /= np.linalg.norm(aside)
    axes = np.stack([aside, np.cross(towards, aside), -towards])
    placed = centres @ axes.T
    low, high = (placed - radii[:, None]).min(axis=0), (placed + radii[:, None]).max(axis=0)
    # A free margin, so that soft edges and the border's "lit" are never mixed up.
    side = float((high - low)[:2].max()) * (1 + 8 * (1 + shadows.softness_px) / shadows.map_px)
    extent = np.array([side, side, max(float((high - low)[2]), 1e-6)])
    origin = (low + high) / 2 - extent / 2
    block[0]["camera_to_shadow"] = affine(axes / extent[:, None], -origin / extent)
    texel = side / shadows.map_px
    block[0]["shadow"][:2] = shadows.softness_px / shadows.map_px, texel * (1.0 + shadows.softness_px)
