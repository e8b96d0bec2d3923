"""Road, pavements, kerbs and what is painted on the ground."""

from __future__ import annotations

from dataclasses import dataclass

from rendering.backgrounds import Colour
from rendering.materials import Material
from rendering.randomisation import Dice
from rendering.streets.factors import Factors, choice, spread
from rendering.streets.palette import draw_colour
from rendering.streets.path import Path
from rendering.streets.recipes import StreetMesh, StreetTexture
from rendering.streets.site import KERB_M, Site
from rendering.streets.sketch import linear
from rendering.streets.stage import Stage

_YELLOW: Colour = linear(206, 172, 62)


@dataclass(frozen=True)
class Surfaces:
    """What the ground of one scene is made of."""

    road: Material
    paving: Material
    kerb: Material
    grass: Material
    paint: Material
    yellow: Material
    shade: Material


def draw_surfaces(dice: Dice, factors: Factors) -> Surfaces:
    """Asphalt, slabs or asphalt pavements, and paint that is more or less worn."""
    asphalt = Material(
        draw_colour("road", dice, factors.colour),
        spread(dice, (0.7, 1.0), factors.material),
        base_colour_texture=StreetTexture("asphalt", choice(dice, 6, factors.shape)),
    )
    slabs = StreetTexture("slabs", choice(dice, 8, factors.shape))
    flat = StreetTexture("asphalt", choice(dice, 6, factors.shape))
    paved = dice.between((0.0, 1.0)) < 0.65
    paving = Material(draw_colour("paving", dice, factors.colour), 0.85, base_colour_texture=slabs if paved else flat)
    stone = Material(draw_colour("paving", dice, factors.colour), 0.8)
    light = spread(dice, (0.3, 0.75), factors.colour)
    grass = Material((0.75, 0.8, 0.7), 0.95, base_colour_texture=StreetTexture("grass", choice(dice, 4, factors.shape)))
    return Surfaces(asphalt, paving, stone, grass, Material((light,) * 3, 0.6), Material(_YELLOW, 0.6),
                    Material((0.012, 0.012, 0.013), 1.0))  # fmt: skip


def lay_street(stage: Stage, site: Site, ground: Surfaces, road: bool = True) -> None:
    """The road from end to end, and pavements with kerbs between the gaps."""
    path = site.path
    if road:
        span = (site.start_m, site.end_m, -site.road_m, site.road_m)
        stage.lay("road", "ribbon", path, (*span, 0.0, 5.0), ground.road)
    for side in (-1, 1):
        inner, outer = sorted((side * site.road_m, side * site.edge_m(side)))
        for start, end in site.stretches():
            stage.lay("sidewalk", "ribbon", path, (start, end, inner, outer, KERB_M, 2.0), ground.paving)
            stage.lay("sidewalk", "kerb", path, (start, end, side * site.road_m, side, KERB_M), ground.kerb)


def paint_lanes(stage: Stage, site: Site, ground: Surfaces, dice: Dice) -> None:
    """The middle line, lanes, and lines along the kerbs; none at all in some streets."""
    path, style, edges, cycle = site.path, *(dice.between((0.0, 1.0)) for _ in range(3))
    for start, end in site.stretches():
        dash, gap = ((4.0, 2.0), (2.0, 4.0), (3.0, 6.0))[int(style * 3)]
        if style < 0.85:
            stage.lay("road", "line", path, (start, end, 0.0, 0.12, dash, gap), ground.paint)
        if site.lanes == 4:
            for side in (-1, 1):
                values = (start, end, side * site.road_m / 2, 0.1, 2.0, 4.0)
                stage.lay("road", "line", path, values, ground.paint)
        for side in (-1, 1):
            if edges < 0.35 and site.left_hand:
                for inset in (0.3, 0.5):
                    values = (start, end, side * (site.road_m - inset), 0.08, 0.0, 0.0)
                    stage.lay("road", "line", path, values, ground.yellow)
            elif edges > 0.7:
                values = (start, end, side * (site.road_m - (1.6 if cycle > 0.5 else 0.25)), 0.12, 0.0, 0.0)
                stage.lay("road", "line", path, values, ground.paint)


def paint_crossing(stage: Stage, site: Site, ground: Surfaces, s_m: float, zebra: bool) -> None:
    """A zebra or two dotted lines, with stop lines before it."""
    if zebra:
        values = (s_m - 1.6, s_m + 1.6, 0.3 - site.road_m, site.road_m - 0.3, 0.5, 0.5)
        stage.lay("road", "stripes", site.path, values, ground.paint)
    else:
        for shift in (-1.3, 1.3):
            values = (s_m + shift - 0.08, s_m + shift + 0.08, 0.2 - site.road_m, site.road_m - 0.2, 0.3, 0.3)
            stage.lay("road", "stripes", site.path, values, ground.paint)
    for direction in (-1, 1):
        at = s_m - direction * 3.0
        side = site.own_side * direction
        low, high = sorted((side * 0.15, side * (site.road_m - 0.2)))
        stage.lay("road", "ribbon", site.path, (at - 0.15, at + 0.15, low, high, 0.012, 1.0), ground.paint)


def paint_arrow(stage: Stage, site: Site, ground: Surfaces, s_m: float, t_m: float, ahead: bool) -> None:
    """An arrow in a lane."""
    pose = site.path.pose(s_m, t_m, 0.0 if ahead else 180.0)
    stage.put("road", ((StreetMesh("arrow", (3.0,)), ground.paint),), pose)


def open_ground(
    stage: Stage, class_name: str, path: Path, area: tuple[float, ...], material: Material,
    texture_m: float = 3.0, height_m: float = KERB_M,
) -> None:  # fmt: skip
    """Level ground beside the street: from s, to s, from t, to t."""
    stage.lay(class_name, "ribbon", path, (*area, height_m - 0.004, texture_m), material)
