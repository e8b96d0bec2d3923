"""Draco-compressed geometry of glTF files (KHR_draco_mesh_compression), through the package DracoPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from rendering.assets.folder import BadAsset


def draco_attributes(data: bytes, ids: dict[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Attributes by glTF name, `(n, width)` float64, and `(3 m,)` int64 indices.

    Args:
        data: the compressed mesh.
        ids: Draco's own id of each attribute by its glTF name.

    Raises:
        BadAsset: DracoPy is not installed, or the data are damaged.
    """
    try:
        import DracoPy
    except ImportError:
        raise BadAsset("its geometry is Draco-compressed; install the decoder with `pip install DracoPy`") from None
    try:
        mesh = DracoPy.decode(data)
    except Exception as error:  # the binding raises bare exceptions of several kinds
        raise BadAsset(f"its Draco data cannot be decoded: {error}") from None
    by_id = {entry["unique_id"]: entry["data"] for entry in mesh.attributes}
    values = {}
    for name, number in ids.items():
        if number not in by_id:
            raise BadAsset(f"its Draco data have no attribute {number!r}, which {name} names")
        array = np.asarray(by_id[number])
        # DracoPy hands out normalised integers as stored.
        scale = np.iinfo(array.dtype).max if name.startswith("COLOR") and array.dtype.kind in "iu" else 1
        values[name] = array.reshape(len(array), -1).astype(np.float64) / scale
    faces = getattr(mesh, "faces", None)
    if faces is None:
        raise BadAsset("its Draco data are a cloud of points without triangles")
    return values, np.asarray(faces).astype(np.int64).ravel()
