"""Meshes and pictures of streets as recipes that a scene can store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from datasets.errors import UsageError
from rendering.meshes import Mesh
from rendering.streets import (
    buildings,
    facades,
    furniture,
    people,
    pictures,
    ribbons,
    two_wheelers,
    vegetation,
    vehicles,
)

MODELS: dict[str, Callable[..., Mesh]] = {
    "ribbon": ribbons.ribbon,
    "kerb": ribbons.kerb,
    "line": ribbons.line,
    "stripes": ribbons.stripes,
    "hatch": ribbons.hatch,
    "arrow": ribbons.arrow,
    "upright": ribbons.upright,
    "walls": buildings.walls,
    "front_trim": buildings.front_trim,
    "roof": buildings.roof,
    "car": vehicles.car,
    "lorry": vehicles.lorry,
    "bus": vehicles.bus,
    "bicycle": two_wheelers.bicycle,
    "motorcycle": two_wheelers.motorcycle,
    "person": people.person,
    "trunk": vegetation.trunk,
    "crown": vegetation.crown,
    "far_crown": vegetation.far_crown,
    "twigs": vegetation.twigs,
    "conifer": vegetation.conifer,
    "bush": vegetation.bush,
    "pole": furniture.pole,
    "street_light": furniture.street_light,
    "mast": furniture.mast,
    "traffic_light": furniture.traffic_light,
    "sign": furniture.sign,
    "bollard": furniture.bollard,
}
"""Builders by name; each says what its numbers mean."""

PICTURES: dict[str, Callable[[int, np.random.Generator], np.ndarray]] = {
    "asphalt": pictures.asphalt,
    "slabs": pictures.slabs,
    "grass": pictures.grass,
    "masonry": pictures.masonry,
    "leaves": pictures.leaves,
    "branches": pictures.branches,
    "foliage": pictures.foliage,
    "railing": pictures.railing,
    "sky": pictures.sky,
    "facade": facades.facade,
    "ground_floor": facades.ground_floor,
}
"""Painters by name."""


@dataclass(frozen=True)
class StreetMesh:
    """A mesh of a street.

    Attributes:
        model: a name of `MODELS`.
        values: numbers for its builder; few different ones, since each mesh is uploaded once.

    Raises:
        UsageError: no such model.
    """

    kind: ClassVar[str] = "street"

    model: str
    values: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(float(value) for value in self.values))
        if self.model not in MODELS:
            raise UsageError(f"street mesh: no model {self.model!r}; there are {', '.join(MODELS)}")

    def build(self) -> Mesh:
        """The mesh; the same object for equal recipes."""
        return _build(self)


@dataclass(frozen=True)
class StreetTexture:
    """A picture that a surface of a street wears.

    Attributes:
        picture: a name of `PICTURES`.
        variant: which one; equal numbers give equal pictures.

    Raises:
        UsageError: no such picture, or a variant below 0.
    """

    kind: ClassVar[str] = "street"

    picture: str
    variant: int = 0

    def __post_init__(self) -> None:
        if self.picture not in PICTURES or self.variant < 0:
            raise UsageError(
                f"street texture: needs one of {', '.join(PICTURES)} and a variant of 0 or more, got {self}"
            )

    def build(self) -> np.ndarray:
        """`(height, width, 4)` uint8 R, G, B, A."""
        seed = [list(PICTURES).index(self.picture), self.variant]
        return PICTURES[self.picture](self.variant, np.random.Generator(np.random.PCG64(seed)))


@lru_cache(maxsize=4096)
def _build(recipe: StreetMesh) -> Mesh:
    return MODELS[recipe.model](*recipe.values)
