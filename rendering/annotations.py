"""From a rendered frame to a sample of a data set."""

from __future__ import annotations

import numpy as np

from datasets.sample import CameraPose, Objects, Sample
from rendering.frame import Frame
from rendering.scene import Scene, SceneObject


def to_sample(frame: Frame, scene: Scene, key: str) -> Sample:
    """A frame with everything that it and its scene know, under a key of the caller's choice.

    An object of which no pixel centre is visible is left out of `objects`; the stored scene still has it.
    """
    return Sample(
        key=key,
        file_name=f"{key}.png",
        image=frame.colour,  # type: ignore[arg-type]  # arrays become rasters when the sample is made
        semantic=frame.semantic,  # type: ignore[arg-type]
        instance=frame.instance,  # type: ignore[arg-type]
        depth=frame.depth,  # type: ignore[arg-type]
        normal=encode_normals(frame.normal),  # type: ignore[arg-type]
        label=scene.label,
        objects=visible_objects(frame.instance, scene.objects),
        camera=CameraPose(scene.camera.intrinsics.astype(np.float32), scene.camera.world_to_camera.astype(np.float32)),
        scene=scene.to_json(),
    )


def encode_normals(normals: np.ndarray) -> np.ndarray:
    """`(height, width, 3)` uint16 as `datasets.fields` stores them, from float unit vectors; 0, 0, 0 stays so."""
    present = np.any(normals != 0, axis=2, keepdims=True)
    return np.where(present, np.rint(32767 * normals) + 32768, 0).astype(np.uint16)


def decode_normals(encoded: np.ndarray) -> np.ndarray:
    """The inverse of `encode_normals`: `(height, width, 3)` float32, right to 1 part in 32767."""
    present = np.any(encoded != 0, axis=2, keepdims=True)
    return np.where(present, (encoded.astype(np.float32) - 32768) / 32767, 0).astype(np.float32)


def visible_objects(instance: np.ndarray, things: tuple[SceneObject, ...]) -> Objects:
    """The objects that own a pixel, in the scene's order, with boxes tight around their pixels' outer edges.

    Args:
        instance: `(height, width, 1)` instance map.
        things: the scene's objects.
    """
    height, width = instance.shape[:2]
    rows: list[tuple[SceneObject, tuple[float, ...]]] = []
    for thing in things:
        mask = instance[:, :, 0] == thing.instance
        used_rows, used_columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if used_rows.size:
            top, bottom, left, right = used_rows[0], used_rows[-1] + 1, used_columns[0], used_columns[-1] + 1
            rows.append((thing, (top / height, left / width, bottom / height, right / width)))
    return Objects(
        bbox=np.array([box for _, box in rows], np.float32).reshape(-1, 4),
        label=np.array([thing.class_index for thing, _ in rows], np.int64),
        instance=np.array([thing.instance for thing, _ in rows], np.int64),
    )
