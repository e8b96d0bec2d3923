"""What a reader needs to know to get the same numbers again."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

from datasets.dataset import Dataset

_PACKAGES = ("realitygap", "tensorflow", "keras", "numpy")


def software() -> dict[str, str]:
    """Versions of Python and of the packages that shape a result."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def hardware() -> dict[str, Any]:
    """Machine type, usable processors, and the accelerators that TensorFlow sees."""
    import tensorflow as tf

    accelerators = [
        tf.config.experimental.get_device_details(device).get("device_name", device.name)
        for device in tf.config.list_physical_devices("GPU")
    ]
    return {"machine": platform.machine(), "processors": len(os.sched_getaffinity(0)), "accelerators": accelerators}


def identity(dataset: Dataset) -> dict[str, str]:
    """Name and fingerprint of a data set; its path is left out, because it says nothing about the data."""
    return {"name": dataset.name, "version": dataset.manifest.version, "fingerprint": dataset.fingerprint}
