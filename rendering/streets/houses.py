"""Rows of houses, and what stands between them and the pavement."""

from __future__ import annotations

from dataclasses import dataclass

from rendering.materials import Material
from rendering.randomisation import Dice, Range
from rendering.streets.buildings import DEPTH_BAYS, ROOFS
from rendering.streets.factors import Factors, choice, spread
from rendering.streets.palette import draw_colour
from rendering.streets.path import Path
from rendering.streets.recipes import StreetMesh, StreetTexture
from rendering.streets.site import KERB_M
from rendering.streets.stage import Stage

FACADES = 32
GROUND_FLOORS = 24
_MARGIN_M, _PLAIN_M = 22.0, 70.0


@dataclass(frozen=True)
class HouseStyle:
    """Ranges of the houses of a row.

    Attributes:
        bays: least and greatest number of windows side by side.
        floors: least and greatest number.
        bay_m: width of one.
        floor_m: height of one.
        gap_m: between neighbours.
        roofs: numbers in `ROOFS`.
        shops: whether ground floors are shops.
        trims: kinds of `buildings.front_trim`.
    """

    bays: tuple[int, int]
    floors: tuple[int, int]
    bay_m: Range
    floor_m: Range
    gap_m: Range
    roofs: tuple[int, ...]
    shops: bool
    trims: tuple[int, ...]


STYLES = {
    "shops": HouseStyle(
        (2, 5), (2, 4), (2.6, 3.6), (3.1, 3.9), (-0.5, 0.0), (0, 1, 1, 3, 4), True, (0, 0, 0, 0, 1, 3, 4)
    ),
    "terrace": HouseStyle((2, 3), (2, 3), (2.3, 3.1), (2.9, 3.5), (0.0, 0.0), (1, 1, 1, 4), False, (0,)),
    "city": HouseStyle((3, 7), (4, 7), (2.8, 3.8), (3.0, 3.6), (-0.5, 0.0), (0, 3, 1, 0), True, (0, 1, 2)),
    "offices": HouseStyle((5, 9), (3, 6), (3.0, 4.2), (3.1, 3.6), (0.0, 6.0), (0,), False, (0,)),
    "detached": HouseStyle((2, 3), (2, 2), (2.8, 3.8), (2.6, 2.9), (2.0, 7.0), (1, 2, 2, 4), False, (0,)),
    "low": HouseStyle((4, 8), (1, 2), (3.2, 4.5), (3.2, 4.2), (3.0, 12.0), (0, 0, 1), True, (0,)),
}
"""Kinds of rows."""


def row_of_houses(
    stage: Stage, path: Path, side: int, span: Range, front_m: float, style: HouseStyle, factors: Factors, dice: Dice
) -> None:
    """Houses along a side (-1 left, 1 right) whose fronts lie `front_m` from the path, as long as the span."""
    start, end = span
    alike = dice.between((0.0, 1.0)) < 0.35  # a row built at once
    common = _House.draw(style, factors, dice)
    while start < end - 3.0:
        house = _House.draw(style, factors, dice)
        if alike:
            house = common
        width = house.bays * house.bay_m
        if start + width > end + 4.0 and end - start < width * 0.6:
            break
        house.put(stage, path, side, start + width / 2, front_m + house.set_back_m)
        start += width + house.gap_m


@dataclass(frozen=True)
class _House:
    bays: int
    floors: int
    bay_m: float
    floor_m: float
    gap_m: float
    set_back_m: float
    roof: int
    trim: int
    facade: int
    ground: int
    tint: Material
    tiles: Material
    ledge: Material

    @classmethod
    def draw(cls, style: HouseStyle, factors: Factors, dice: Dice) -> _House:
        """One of a style."""
        ground = 2 * choice(dice, GROUND_FLOORS // 2, factors.shape)
        light, warm = spread(dice, (0.62, 1.0), factors.colour), spread(dice, (-0.07, 0.07), factors.colour)
        return cls(
            dice.one_of(range(style.bays[0], style.bays[1] + 1)),
            dice.one_of(range(style.floors[0], style.floors[1] + 1)),
            spread(dice, style.bay_m, factors.pose),
            spread(dice, style.floor_m, factors.pose),
            spread(dice, style.gap_m, factors.pose),
            spread(dice, (-0.25, 0.25), factors.pose),
            style.roofs[choice(dice, len(style.roofs), factors.shape)],
            style.trims[choice(dice, len(style.trims), factors.shape)],
            choice(dice, FACADES, factors.shape),
            ground if style.shops else ground + 1,
            Material((light, light * (1 - abs(warm) / 2), light * (1 - abs(warm) - warm)), 0.85),
            Material(draw_colour("roof", dice, factors.colour), 0.8),
            Material((0.7 * light + 0.2,) * 3, 0.85),
        )

    def put(self, stage: Stage, path: Path, side: int, s_m: float, front_m: float) -> None:
        """Stand it beside the path, its front to the road."""
        scale = self.bay_m, self.floor_m, self.bay_m
        pose = path.pose(s_m, side * front_m, -90.0 * side, scale, KERB_M)
        upper = Material(self.tint.base_colour, 0.85, base_colour_texture=StreetTexture("facade", self.facade))
        lower = Material(self.tint.base_colour, 0.6, base_colour_texture=StreetTexture("ground_floor", self.ground))
        parts = [(StreetMesh("walls", (self.bays, 1, 0)), lower),
                 (StreetMesh("roof", (self.bays, self.floors, self.roof)), self.tiles)]  # fmt: skip
        if self.floors > 1:
            parts.append((StreetMesh("walls", (self.bays, self.floors, 1)), upper))
        if stage.distance_m(pose) < _PLAIN_M:
            parts.append((StreetMesh("front_trim", (self.bays, self.floors, self.trim)), self.ledge))
        stage.put("building", parts, pose, _MARGIN_M + DEPTH_BAYS * self.bay_m)


__all__ = ["ROOFS", "STYLES", "HouseStyle", "row_of_houses"]
