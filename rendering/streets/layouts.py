"""Whole streets: straight, at a junction, on a square, in a suburb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rendering.randomisation import Dice
from rendering.streets.factors import Factors, spread
from rendering.streets.path import Path
from rendering.streets.plots import Plotter
from rendering.streets.roads import lay_street, open_ground, paint_arrow, paint_crossing, paint_lanes
from rendering.streets.site import Site
from rendering.streets.traffic import Density, cross, drive_by, furnish, light_signals, park_cars, ride, walk

_START_M, _SIDE_STREET_M = -14.0, 85.0


@dataclass(frozen=True)
class Layout:
    """Ranges of one kind of street.

    Attributes:
        road_m: half the width of the road.
        pavement_m: width of a pavement.
        length_m: how far the street goes on.
        bend: greatest curvature, one over metres.
        plots: shares of what lies beside it, kinds of `plots.PLOTS`.
        density: of what moves.
        trees: share of pavements with a row of trees.
        junction: whether a side street crosses it.
        rails: share of kerbs with a guard rail.
    """

    road_m: tuple[float, float]
    pavement_m: tuple[float, float]
    length_m: tuple[float, float]
    bend: float
    plots: Mapping[str, float]
    density: Density
    trees: float
    junction: bool = False
    rails: float = 0.0


LAYOUTS: dict[str, Layout] = {
    "straight": Layout(
        (3.3, 5.6), (1.6, 3.5), (110.0, 190.0), 1 / 160,
        {"shops": 0.38, "terrace": 0.18, "city": 0.16, "park": 0.1, "walled": 0.07, "offices": 0.11},
        Density(0.5, 3.6, 6.5, 1.0, 1.6), 0.24, rails=0.4,
    ),
    "junction": Layout(
        (4.0, 7.0), (1.8, 4.0), (110.0, 170.0), 0.0,
        {"shops": 0.4, "city": 0.2, "terrace": 0.12, "park": 0.1, "offices": 0.12, "walled": 0.06},
        Density(0.3, 4.2, 7.0, 1.1, 1.4), 0.24, junction=True, rails=0.6,
    ),
    "square": Layout(
        (3.8, 7.5), (1.8, 3.5), (90.0, 150.0), 1 / 260,
        {"square": 0.28, "car park": 0.26, "shops": 0.18, "park": 0.12, "city": 0.16},
        Density(0.25, 3.2, 6.0, 1.0, 2.2), 0.3, rails=0.5,
    ),
    "suburb": Layout(
        (3.2, 5.0), (1.4, 2.4), (110.0, 180.0), 1 / 110,
        {"detached": 0.34, "terrace": 0.24, "park": 0.26, "walled": 0.1, "offices": 0.06},
        Density(0.38, 2.2, 3.0, 0.6, 0.5), 0.4, rails=0.3,
    ),
}  # fmt: skip
"""Kinds of streets by name."""


def draw_site(layout: Layout, factors: Factors, dice: Dice) -> Site:
    """The plan of one street; draws eight numbers."""
    bend = dice.between((-1.0, 1.0)) ** 3 * layout.bend
    road = spread(dice, layout.road_m, factors.pose)
    pavements = spread(dice, layout.pavement_m, factors.pose), spread(dice, layout.pavement_m, factors.pose)
    length, left_hand = spread(dice, layout.length_m, factors.pose), dice.between((0.0, 1.0)) < 0.5
    middle, half = spread(dice, (7.0, 42.0), factors.pose), spread(dice, (3.2, 5.5), factors.pose)
    gaps = ((round(middle - half, 1), round(middle + half, 1)),) if layout.junction else ()
    # Curvatures and widths in steps, so that strips of ground come back in other scenes.
    return Site(Path(round(bend, 4)), round(road * 2) / 2, tuple(round(width * 2) / 2 for width in pavements),  # type: ignore[arg-type]
                _START_M, round(length, -1), left_hand, gaps, 4 if road > 6.2 else 2)  # fmt: skip


def build(plotter: Plotter, site: Site, layout: Layout) -> None:
    """Put up everything that there is in a street."""
    dice, ground = plotter.dice, plotter.ground
    lay_street(plotter.stage, site, ground)
    paint_lanes(plotter.stage, site, ground, dice)
    for side in (-1, 1):
        for start, end in site.stretches(site.width_m(side)):
            plotter.along(site.path, side, (start, end), site.edge_m(side), layout.plots)
    if layout.junction:
        _side_streets(plotter, site, layout)
    crossing, zebra, crowd = dice.between((0.0, 1.0)), dice.between((0.0, 1.0)) < 0.5, int(dice.between((0.0, 4.0)))
    s = site.gaps[0][0] - 3.0 if site.gaps else dice.between((8.0, 45.0))
    if crossing < (0.85 if layout.junction else 0.3) and s > 4.0:
        paint_crossing(plotter.stage, site, ground, s, zebra)
        cross(plotter, site, s, crowd)
        if layout.junction or not zebra:
            light_signals(plotter, site, s)
    arrow, place = dice.between((0.0, 1.0)), dice.between((6.0, 25.0))
    if arrow < 0.3:
        paint_arrow(plotter.stage, site, ground, place, site.own_side * site.road_m / 2, True)
    for side in (-1, 1):
        lined, railed = dice.between((0.0, 1.0)), dice.between((0.0, 1.0)) < layout.rails
        begin = dice.between((4.0, 25.0))
        share = layout.density.parked * 2 * (lined if site.lanes == 2 else 0.15 * lined)
        park_cars(plotter, site, side, share if site.road_m > 3.4 else share * 0.4)
        furnish(plotter, site, side, layout.trees)
        walk(plotter, site, side, layout.density)
        if railed and site.free(begin, 20.0):
            plotter.railing(site.path, (begin, begin + 18.0), side * (site.road_m + 0.25))
    drive_by(plotter, site, layout.density)
    ride(plotter, site, layout.density.cycles)
    _far_end(plotter, site)


def _side_streets(plotter: Plotter, site: Site, layout: Layout) -> None:
    """The street that crosses: its two halves start where the main road's kerbs are."""
    start, end = site.gaps[0]
    middle, half = (start + end) / 2, (end - start) / 2
    x, z = site.path.point(middle, 0.0)
    for side in (1, -1):
        path = Path(0.0, x, z, site.path.heading(middle) + 90.0 * side)
        lot = plotter.dice.between((1.5, 3.0))
        arm = Site(path, half, (lot, lot), site.road_m, _SIDE_STREET_M, site.left_hand)
        open_ground(
            plotter.stage, "road", path, (site.road_m, _SIDE_STREET_M, -half, half), plotter.ground.road, 5.0, 0.004
        )
        pavements = replace(arm, start_m=site.edge_m(side))
        lay_street(plotter.stage, pavements, plotter.ground, road=False)
        paint_lanes(plotter.stage, replace(arm, start_m=site.road_m + 6), plotter.ground, plotter.dice)
        for beside in (-1, 1):
            span = (site.edge_m(side) + 11.0, _SIDE_STREET_M)
            plotter.along(path, beside, span, arm.edge_m(beside), layout.plots)
            park_cars(plotter, replace(arm, start_m=site.edge_m(side) + 6), beside, 0.35)
        drive_by(plotter, replace(arm, start_m=8.0), replace(layout.density, moving=1.5))
        walk(plotter, replace(pavements, start_m=8.0), 1, replace(layout.density, people=3.0, stands=0.0))


def _far_end(plotter: Plotter, site: Site) -> None:
    """What closes the view: houses or trees across the street's end, and beyond the plots on both sides."""
    x, z = site.path.point(site.end_m + 6.0, 0.0)
    path = Path(0.0, x, z, site.path.heading(site.end_m) + 90.0)
    if plotter.dice.between((0.0, 1.0)) < 0.55:
        plotter.houses(path, -1, (-60.0, 60.0), 0.0, "shops")
    else:
        plotter.tree_line(path, (-70.0, 70.0), 0.0)
        for number in range(5):
            plotter.plant(
                path, 12.0 * (number - 2) + plotter.dice.between((-4.0, 4.0)), 2.0, plotter.things.tree(), 1.3
            )
    for side in (-1, 1):
        plotter.tree_line(site.path, (0.0, site.end_m), side * 58.0)
