"""Pictures of a scene's whole surroundings, as recipes that a scene can store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np

from datasets.errors import UsageError
from rendering.backgrounds import Colour
from rendering.checks import keep_colours
from rendering.radiance import decode_radiance


class EnvironmentRecipe(Protocol):
    """What a scene stores of its surroundings: the few values that build the same picture again.

    A recipe is a frozen dataclass of plain values, hashable, with a `kind` that names it in stored scenes.
    """

    kind: ClassVar[str]

    def __hash__(self) -> int: ...

    def build(self) -> np.ndarray:
        """`(height, width, 3)` float32 linear radiance, equirectangular: row 0 is +y, the middle column is -z,
        to the right of it is +x. A radiance of 1 from all sides shows a white matt surface as 1.
        """  # noqa: D205
        ...


@dataclass(frozen=True)
class RadianceFile:
    """Surroundings from a Radiance picture (`.hdr`).

    Attributes:
        path: of the file.

    Raises:
        UsageError: when built, where the file is missing or damaged.
    """

    kind: ClassVar[str] = "radiance"

    path: str

    def build(self) -> np.ndarray:
        """The file's pixels."""
        try:
            return decode_radiance(Path(self.path).read_bytes())
        except (OSError, ValueError) as error:
            raise UsageError(f"environment {self.path}: {error}") from error


@dataclass(frozen=True)
class AnalyticSky:
    """A clear sky over even ground: from the zenith's colour to the horizon's, and the ground below.

    Attributes:
        zenith: linear R, G, B straight above.
        horizon: just above the horizon.
        ground: below it.
        falloff: how fast the horizon's colour gives way with height; larger keeps it closer to the horizon.
    """

    kind: ClassVar[str] = "sky"

    zenith: Colour = (0.18, 0.32, 0.65)
    horizon: Colour = (0.75, 0.82, 0.9)
    ground: Colour = (0.2, 0.18, 0.15)
    falloff: float = 3.0

    def __post_init__(self) -> None:
        keep_colours(self, "zenith", "horizon", "ground")
        if self.falloff < 0:
            raise ValueError(f"sky: falloff must be 0 or more, got {self.falloff}")

    def build(self) -> np.ndarray:
        """A picture of 64 by 128."""
        height = np.cos((np.arange(64) + 0.5) / 64 * np.pi)
        share = np.exp(-self.falloff * np.maximum(height, 0))[:, None]
        sky = share * np.array(self.horizon) + (1 - share) * np.array(self.zenith)
        column = np.where(height[:, None] > 0, sky, np.array(self.ground))
        return np.repeat(column[:, None].astype(np.float32), 128, axis=1)


ENVIRONMENTS: dict[str, type[RadianceFile] | type[AnalyticSky]] = {
    RadianceFile.kind: RadianceFile,
    AnalyticSky.kind: AnalyticSky,
}
"""Every kind of surroundings that a stored scene may name."""
