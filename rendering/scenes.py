"""Every kind of scene that can be rendered, by the name that the command line uses."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from datasets.schema import Schema
from rendering.digits import DigitScenes
from rendering.randomisation import Randomisation
from rendering.scene import Scene
from rendering.street import StreetScenes
from rendering.tabletop import TabletopScenes
from rendering.turntable import TurntableScenes


class SceneGenerator(Protocol):
    """What draws scenes: a frozen dataclass of plain options, small enough to be sent to every worker."""

    name: ClassVar[str]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the frames in pixels."""
        ...

    @property
    def randomisation(self) -> Randomisation:
        """The ranges that the draws come from; the command hands them in."""
        ...

    @property
    def annotations(self) -> tuple[str, ...]:
        """What is rendered beside the colours, names of `rendering.frame.ANNOTATIONS`."""
        ...

    @property
    def licence(self) -> str:
        """What may be done with the frames."""
        ...

    @property
    def schema(self) -> Schema:
        """The columns of the samples."""
        ...

    def sample(self, generator: np.random.Generator) -> Scene:
        """One scene; the same generator state gives the same scene."""
        ...


SCENES: dict[str, type[Any]] = {
    scenes.name: scenes for scenes in (DigitScenes, TurntableScenes, TabletopScenes, StreetScenes)
}
"""Scene generators by name."""
