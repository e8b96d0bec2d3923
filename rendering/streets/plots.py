"""What lies along one side of a street, stretch by stretch: houses, gardens, parks, walls, car parks, squares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rendering.assets.asset import Asset
from rendering.materials import Material
from rendering.randomisation import Dice, Range
from rendering.streets.factors import Factors, choice, spread
from rendering.streets.houses import STYLES, row_of_houses
from rendering.streets.palette import draw_colour
from rendering.streets.path import Path
from rendering.streets.recipes import StreetMesh, StreetTexture
from rendering.streets.roads import Surfaces, open_ground
from rendering.streets.site import KERB_M
from rendering.streets.stage import Stage
from rendering.streets.things import Things, without_leaves

_FAR_M = 45.0


class Plotter:
    """Fills stretches of land beside a path.

    Args:
        stage: takes what is put up.
        things: draws trees, cars and people.
        ground: what the land is made of.
    """

    def __init__(self, stage: Stage, things: Things, ground: Surfaces) -> None:
        self.stage, self.things, self.ground = stage, things, ground
        self.dice: Dice = things.dice
        self.factors: Factors = things.factors

    def along(self, path: Path, side: int, span: Range, edge_m: float, shares: Mapping[str, float]) -> None:
        """Plots of kinds drawn by their shares, one after the other.

        Args:
            path: the street.
            side: -1 left, 1 right.
            span: from and to, along it.
            edge_m: where the pavement ends, from the path.
            shares: kinds of `PLOTS` and how much of the length each takes.
        """
        start, end = span
        while end - start > 4.0:
            length = min(spread(self.dice, (18.0, 64.0), self.factors.pose), end - start)
            if end - start - length < 14.0:
                length = end - start
            kind = _drawn(shares, self.dice)
            PLOTS[kind](self, path, side, (start, start + length), edge_m)
            start += length

    def houses(self, path: Path, side: int, span: Range, edge_m: float, style: str) -> None:
        """A row on the pavement's edge."""
        row_of_houses(self.stage, path, side, span, edge_m, STYLES[style], self.factors, self.dice)

    def front_gardens(self, path: Path, side: int, span: Range, edge_m: float, style: str) -> None:
        """A row of houses behind gardens with a wall, fence or hedge."""
        deep = spread(self.dice, (2.0, 7.0) if style == "detached" else (0.8, 3.0), self.factors.pose)
        green = self.dice.between((0.0, 1.0)) < 0.6
        area = (*span, *sorted((side * edge_m, side * (edge_m + deep + 12))))
        name, surface = ("terrain", self.ground.grass) if green else ("sidewalk", self.ground.paving)
        open_ground(self.stage, name, path, area, surface)
        self.boundary(path, side, span, edge_m + 0.2, low=True)
        row_of_houses(self.stage, path, side, span, edge_m + deep, STYLES[style], self.factors, self.dice)
        for _ in range(int((span[1] - span[0]) / 9)):
            s, t = self.dice.between(span), edge_m + self.dice.between((0.9, max(deep - 0.5, 1.0)))
            tree, bush = self.things.tree(), self.things.bush()
            plant, size = (tree, 0.55) if self.dice.between((0, 1)) < 0.25 else (bush, 1.3)
            self.plant(path, s, side * t, plant, size)

    def park(self, path: Path, side: int, span: Range, edge_m: float) -> None:
        """Grass and trees behind a boundary, and something at the back."""
        dice, deep = self.dice, 34.0
        open_ground(self.stage, "terrain", path, (*span, *sorted((side * edge_m, side * (edge_m + deep)))),
                    self.ground.grass)  # fmt: skip
        self.boundary(path, side, span, edge_m + 0.25, low=False)
        for _ in range(int((span[1] - span[0]) / 4.5)):
            s, t = dice.between(span), edge_m + 1.5 + (deep - 4) * dice.between((0.0, 1.0)) ** 1.6
            tree, bush = self.things.tree(), self.things.bush()
            plant = tree if dice.between((0, 1)) < 0.7 else bush
            self.plant(path, s, side * t, plant, 1.15 if plant is tree else 2.0)
        self.tree_line(path, span, side * (edge_m + deep))

    def car_park(self, path: Path, side: int, span: Range, edge_m: float) -> None:
        """Rows of cars on asphalt, with low buildings behind."""
        dice, deep = self.dice, 34.0
        open_ground(self.stage, "road", path, (*span, *sorted((side * edge_m, side * (edge_m + deep)))),
                    self.ground.road, 5.0)  # fmt: skip
        self.boundary(path, side, span, edge_m + 0.25, low=True)
        for row in (edge_m + 4.0, edge_m + 12.0, edge_m + 18.0):
            s = span[0] + 3.0
            while s < span[1] - 2.5:
                car, here = self.things.car(), dice.between((0, 1)) < 0.7
                turn = 90.0 if dice.between((0, 1)) < 0.5 else -90.0
                if here:
                    self.stage.put_asset("car", car, path.pose(s, side * row, turn, height_m=KERB_M), 5.0, (1.8, 4.4))
                s += spread(dice, (2.5, 2.9), self.factors.pose)
        row_of_houses(self.stage, path, side, span, edge_m + deep - 8, STYLES["low"], self.factors, dice)
        self.plant(path, (span[0] + span[1]) / 2, side * (edge_m + 8), self.things.tree(), 1.0)

    def square(self, path: Path, side: int, span: Range, edge_m: float) -> None:
        """A paved place with trees and people, houses around it."""
        dice, deep = self.dice, spread(self.dice, (14.0, 32.0), self.factors.pose)
        open_ground(self.stage, "sidewalk", path, (*span, *sorted((side * edge_m, side * (edge_m + deep)))),
                    self.ground.paving, 2.5)  # fmt: skip
        for row in (edge_m + 2.5, edge_m + 0.6 * deep):
            for place in range(int((span[1] - span[0]) / 9)):
                tree, here = self.things.tree(), dice.between((0, 1)) < 0.55
                if here:
                    self.plant(path, span[0] + 4 + 9.0 * place, side * row, tree, 0.9)
        for _ in range(int((span[1] - span[0]) / 5)):
            person = self.things.person(walking=dice.between((0, 1)) < 0.6)
            pose = path.pose(dice.between(span), side * (edge_m + dice.between((0.5, deep - 2))),
                             dice.between((0, 360)), height_m=KERB_M)  # fmt: skip
            self.stage.put_asset("person", person, pose, 2.0, (0.55, 0.55))
        row_of_houses(self.stage, path, side, span, edge_m + deep, STYLES["city"], self.factors, dice)

    def walled(self, path: Path, side: int, span: Range, edge_m: float) -> None:
        """A high wall with trees that look over it."""
        variant, light = choice(self.dice, 8, self.factors.shape), spread(self.dice, (0.6, 1.0), self.factors.colour)
        material = Material((light,) * 3, 0.9, base_colour_texture=StreetTexture("masonry", variant))
        height = spread(self.dice, (1.6, 3.0), self.factors.pose)
        values = (*span, side * (edge_m + 0.3), 0.4, KERB_M, height, 2.0)
        self.stage.lay("wall", "upright", path, values, material)
        for _ in range(int((span[1] - span[0]) / 7)):
            s, t = self.dice.between(span), edge_m + self.dice.between((2.0, 14.0))
            self.plant(path, s, side * t, self.things.tree(), 1.2)
        self.tree_line(path, span, side * (edge_m + 20))

    def boundary(self, path: Path, side: int, span: Range, t_m: float, low: bool) -> None:
        """A wall, fence or hedge; nothing in one place of five."""
        dice, factors = self.dice, self.factors
        kind, variant = dice.between((0.0, 1.0)), choice(dice, 8, factors.shape)
        paint, leaf = draw_colour("fence", dice, factors.colour), draw_colour("leaves", dice, factors.colour)
        height = spread(dice, (0.7, 1.3) if low else (1.0, 2.2), factors.pose)
        if kind < 0.22:
            material = Material((0.85,) * 3, 0.9, base_colour_texture=StreetTexture("masonry", variant))
            name, thick, texture_m = "wall", 0.3, 2.0
        elif kind < 0.62:
            planks = variant % 3 == 1
            material = Material(paint, 0.7, alpha_cutoff=None if planks else 0.5, double_sided=not planks,
                                base_colour_texture=StreetTexture("railing", variant % 6))  # fmt: skip
            name, thick, texture_m = "fence", 0.04, height
        elif kind < 0.84:
            material = Material(leaf, 0.95, base_colour_texture=StreetTexture("foliage", variant % 4))
            name, thick, texture_m, height = "vegetation", 0.9, 2.5, 0.8 + height
        else:
            return
        self.stage.lay(name, "upright", path, (*span, side * t_m, thick, KERB_M, height, texture_m), material)

    def railing(self, path: Path, span: Range, t_m: float) -> None:
        """A guard rail on the kerb."""
        paint, variant = draw_colour("fence", self.dice, self.factors.colour), choice(self.dice, 2, self.factors.shape)
        material = Material(paint, 0.7, alpha_cutoff=0.5, double_sided=True,
                            base_colour_texture=StreetTexture("railing", 2 if variant else 0))  # fmt: skip
        self.stage.lay("fence", "upright", path, (*span, t_m, 0.04, KERB_M, 1.05, 1.05), material)

    def tree_line(self, path: Path, span: Range, t_m: float) -> None:
        """A closed row of distant trees."""
        leaf, variant = draw_colour("leaves", self.dice, self.factors.colour), choice(self.dice, 4, self.factors.shape)
        height = spread(self.dice, (5.0, 11.0), self.factors.pose)
        material = Material(leaf, 0.95, base_colour_texture=StreetTexture("foliage", variant))
        self.stage.lay("vegetation", "upright", path, (*span, t_m, 2.0, 0.0, height, 8.0), material)

    def plant(self, path: Path, s_m: float, t_m: float, plant: Asset, size: float) -> None:
        """A tree or shrub, turned and stretched anyhow."""
        dice, factors = self.dice, self.factors
        turn = dice.between((0.0, 360.0))
        wide, high = (size * spread(dice, (0.7, 1.3), factors.pose) for _ in range(2))
        pose = path.pose(s_m, t_m, turn, (wide, high, wide), KERB_M)
        if self.stage.distance_m(pose) > _FAR_M:
            plant = without_leaves(plant)
        self.stage.put_asset("vegetation", plant, pose, 14.0, (0.7, 0.7))


PLOTS: dict[str, Callable[[Plotter, Path, int, Range, float], None]] = {
    "shops": lambda plotter, *place: plotter.houses(*place, "shops"),
    "city": lambda plotter, *place: plotter.houses(*place, "city"),
    "offices": lambda plotter, *place: plotter.front_gardens(*place, "offices"),
    "terrace": lambda plotter, *place: plotter.front_gardens(*place, "terrace"),
    "detached": lambda plotter, *place: plotter.front_gardens(*place, "detached"),
    "park": Plotter.park,
    "walled": Plotter.walled,
    "car park": Plotter.car_park,
    "square": Plotter.square,
}
"""Kinds of plots by name."""


def _drawn(shares: Mapping[str, float], dice: Dice) -> str:
    lot = dice.between((0.0, sum(shares.values())))
    for name, share in shares.items():
        lot -= share
        if lot < 0:
            return name
    return next(iter(shares))


SHADE = StreetMesh("stripes", (0, 0, 0, 0, -0.5, 0.5, -0.5, 0.5, 1.0, 1.0))
"""A square metre to be put under cars, where no light comes."""
