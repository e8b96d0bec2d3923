"""Published weights, from a file that the user has; nothing is ever downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from datasets.errors import UsageError


def read_application(application: Callable[..., keras.Model], weights: Path | None, **options: Any) -> keras.Model:
    """A network of `keras.applications` without its top, with the weights of a file; None leaves them random.

    Raises:
        UsageError: there is no such file, or it holds other weights.
    """
    name = application.__name__
    if weights is None:
        return application(include_top=False, weights=None, **options)
    if not weights.is_file():
        raise UsageError(f"there is no file {weights}; weights must be a file of {name}'s weights without top")
    try:
        return application(include_top=False, weights=str(weights), **options)
    except (ValueError, OSError, KeyError) as error:
        raise UsageError(f"{weights} holds no weights of {name} without top that Keras can read: {error}") from None


def load_application(model: keras.Model, application: Callable[..., keras.Model], weights: Path) -> None:
    """Set those layers of a model that have the names of the application's layers to the weights of a file.

    Raises:
        UsageError: as `read_application`.
    """
    for layer in read_application(application, weights).layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
