"""Assets that need no file: simple solids of tabletop size, in the classes of the label space `things`."""

from __future__ import annotations

from functools import lru_cache

from datasets.labels import LABEL_SPACES
from rendering.assets.asset import Asset
from rendering.materials import Material
from rendering.meshes import MeshRecipe
from rendering.solids import RoundedBox, Turned

LABEL_SPACE = "things"
"""The label space of their classes."""

CLUTTER = "clutter"
"""The class of what stands about to distract or to hide, and is not to be found."""


@lru_cache(maxsize=1)
def builtin_assets() -> tuple[Asset, ...]:
    """Boxes, cylinders, cones, balls, rings, cups, bowls and bottles in several proportions; none over 0.3 m.

    They are few enough for every mesh to stay with the graphics driver; scenes vary their size and material.
    """
    assets = [_asset("box", index, RoundedBox(*size)) for index, size in enumerate(_BOXES)]
    for form, height_m, radius_m in _TURNED:
        for index, slimness in enumerate((0.1, 0.5, 0.9)):
            assets.append(_asset(form, index, Turned(form, height_m * (0.7 + 0.6 * slimness), radius_m, slimness)))
    return tuple(assets)


@lru_cache(maxsize=1)
def occluders() -> tuple[Asset, ...]:
    """Things that are tall and slim, of class clutter, to stand in the way."""
    clutter = class_id(CLUTTER)
    shapes: tuple[MeshRecipe, ...] = (
        RoundedBox(0.06, 0.4, 0.03),
        RoundedBox(0.1, 0.25, 0.02),
        Turned("cylinder", 0.4, 0.015),
        Turned("cone", 0.35, 0.04),
        Turned("bottle", 0.3, 0.035),
    )
    return tuple(Asset(f"occluder {i}", clutter, ((shape, Material()),)) for i, shape in enumerate(shapes))


def class_id(name: str) -> int:
    """The id of a class of `LABEL_SPACE`."""
    return next(row.id for row in LABEL_SPACES[LABEL_SPACE].classes if row.name == name)


_BOXES = ((0.12, 0.12, 0.12), (0.2, 0.06, 0.14), (0.08, 0.22, 0.08), (0.24, 0.1, 0.1), (0.16, 0.16, 0.04))

_TURNED = (
    ("cylinder", 0.14, 0.05),
    ("cone", 0.16, 0.06),
    ("ball", 0.12, 0.06),
    ("ring", 0.05, 0.09),
    ("cup", 0.1, 0.045),
    ("bowl", 0.07, 0.085),
    ("bottle", 0.24, 0.04),
)


def _asset(name: str, index: int, mesh: MeshRecipe) -> Asset:
    return Asset(f"{name} {index}", class_id(name), ((mesh, Material()),))
