"""What moves and parks on the road, and who walks beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rendering.assets.asset import Asset
from rendering.streets.factors import spread
from rendering.streets.plots import SHADE, Plotter
from rendering.streets.recipes import StreetMesh
from rendering.streets.site import KERB_M, Site

_SMALL_M = 95.0
BOLLARD = StreetMesh("bollard", (0,))


@dataclass(frozen=True)
class Density:
    """How much there is of what in a street.

    Attributes:
        parked: share of the kerb's places that are taken.
        moving: vehicles a hundred metres of lane.
        people: on foot, a hundred metres of pavement.
        cycles: riders a hundred metres of road.
        stands: bicycles and motorcycles put down, a hundred metres of pavement.
    """

    parked: float
    moving: float
    people: float
    cycles: float
    stands: float


def park_cars(plotter: Plotter, site: Site, side: int, share: float) -> None:
    """Cars along a kerb, some half on the pavement."""
    dice, factors = plotter.dice, plotter.factors
    s = site.start_m + dice.between((0.0, 6.0))
    while s < min(site.end_m, 110.0):
        car, taken = plotter.things.car(), dice.between((0.0, 1.0)) < share
        turn = 0.0 if side == site.own_side or dice.between((0.0, 1.0)) < 0.25 else 180.0
        turn += spread(dice, (-2.5, 2.5), factors.pose)
        inset, step = spread(dice, (0.95, 1.25), factors.pose), spread(dice, (5.2, 7.2), factors.pose)
        if taken and site.free(s, 4.0) and s > 6.5:
            _drive(plotter, site, "car", car, s, side * (site.road_m - inset), turn)
        s += step


def drive_by(plotter: Plotter, site: Site, density: Density) -> None:
    """Vehicles in all lanes, ahead and oncoming."""
    dice, factors = plotter.dice, plotter.factors
    lanes = site.lanes // 2
    for direction in (1, -1):
        side = site.own_side * direction
        for lane in range(lanes):
            middle = side * site.road_m * (lane + 0.5) / lanes * (0.85 if lanes == 1 else 1.0)
            s = dice.between((5.0, 26.0) if direction > 0 else (4.0, 20.0))
            while s < min(site.end_m, 120.0):
                kind, vehicle = _vehicle(plotter)
                step = -np.log(1 - 0.98 * dice.between((0.0, 1.0))) * 100.0 / max(density.moving, 0.01)
                shift = spread(dice, (-0.35, 0.35), factors.pose)
                turn = spread(dice, (-2.0, 2.0), factors.pose) + (0.0 if direction > 0 else 180.0)
                s += step
                if 8.5 < s < 120.0:
                    _drive(plotter, site, kind, vehicle, s, middle + shift, turn)
                s += float(vehicle.size_m[2]) + 2.5


def _vehicle(plotter: Plotter) -> tuple[str, Asset]:
    car, lorry, bus = plotter.things.car(), plotter.things.lorry(), plotter.things.bus()
    lot = plotter.dice.between((0.0, 1.0))
    return ("truck", lorry) if lot < 0.06 else ("bus", bus) if lot < 0.11 else ("car", car)


def _drive(plotter: Plotter, site: Site, kind: str, vehicle: Asset, s_m: float, t_m: float, turn: float) -> None:
    path, (wide, _, long) = site.path, vehicle.size_m.tolist()
    if plotter.stage.put_asset(kind, vehicle, path.pose(s_m, t_m, turn), 7.0, (wide, long)) and s_m < 60.0:
        pose = path.pose(s_m, t_m, turn, (0.88 * wide, 1.0, 0.93 * long), 0.004)
        plotter.stage.put("road", ((SHADE, plotter.ground.shade),), pose)


def ride(plotter: Plotter, site: Site, a_hundred_m: float) -> None:
    """Bicycles and motorcycles with their riders, near the kerbs."""
    dice, factors = plotter.dice, plotter.factors
    for _ in range(_count(plotter, a_hundred_m * 0.8)):
        s, direction = 4.0 + 70.0 * dice.between((0.0, 1.0)) ** 1.5, 1 if dice.between((0.0, 1.0)) < 0.6 else -1
        cycle, motor, rider = plotter.things.bicycle(ridden=True), plotter.things.motorcycle(), plotter.things.rider()
        engine = dice.between((0.0, 1.0)) < 0.2
        t = site.own_side * direction * (site.road_m - dice.between((0.6, 2.6)))
        turn = (0.0 if direction > 0 else 180.0) + spread(dice, (-8.0, 8.0), factors.pose)
        if not site.free(s):
            continue
        name, machine, low = ("motorcycle", motor, -0.14) if engine else ("bicycle", cycle, 0.0)
        if plotter.stage.put_asset(name, machine, site.path.pose(s, t, turn), 3.0, (0.5, 1.8)):
            plotter.stage.put_asset("rider", rider, site.path.pose(s, t, turn, height_m=low), 3.0)


def walk(plotter: Plotter, site: Site, side: int, density: Density) -> None:
    """People on a pavement, alone and in groups, and cycles that lean there."""
    dice, factors = plotter.dice, plotter.factors
    for _ in range(_count(plotter, density.people)):
        s = site.start_m + (_SMALL_M - site.start_m) * dice.between((0.0, 1.0))
        t = side * (site.road_m + dice.between((0.5, max(site.width_m(side) - 0.3, 0.6))))
        group = 1 + int(2.4 * dice.between((0.0, 1.0)) ** 2)
        for number in range(group):
            walking = dice.between((0.0, 1.0)) < 0.8
            person = plotter.things.person(walking)
            turn = (0.0 if dice.between((0.0, 1.0)) < 0.5 else 180.0) + spread(dice, (-25.0, 25.0), factors.pose)
            size = spread(dice, (0.9, 1.08), factors.pose) * (0.7 if dice.between((0.0, 1.0)) < 0.07 else 1.0)
            pose = site.path.pose(s + 0.25 * number, t + 0.6 * number, turn, (size,) * 3, KERB_M)
            if site.free(s):
                plotter.stage.put_asset("person", person, pose, 3.0, (0.55, 0.55))
    for _ in range(_count(plotter, density.stands)):
        s, t = dice.between((4.0, 50.0)), side * (site.road_m + dice.between((0.5, 1.2)))
        cycle, motor = plotter.things.bicycle(ridden=False), plotter.things.motorcycle()
        name, machine = ("motorcycle", motor) if dice.between((0.0, 1.0)) < 0.25 else ("bicycle", cycle)
        turn, roll = dice.between((0.0, 360.0)), spread(dice, (-9.0, 9.0), factors.pose)
        if site.free(s):
            plotter.stage.put_asset(
                name, machine, site.path.pose(s, t, turn, height_m=KERB_M, roll_deg=roll), 2.0, (0.5, 1.8)
            )


def cross(plotter: Plotter, site: Site, s_m: float, people: int) -> None:
    """People on the road at a crossing."""
    dice = plotter.dice
    for _ in range(people):
        person = plotter.things.person(walking=True)
        t, turn = dice.between((-site.road_m, site.road_m)), 90.0 if dice.between((0.0, 1.0)) < 0.5 else -90.0
        plotter.stage.put_asset("person", person, site.path.pose(s_m + dice.between((-1.2, 1.2)), t, turn), 3.0,
                                (0.55, 0.55))  # fmt: skip


def furnish(plotter: Plotter, site: Site, side: int, trees: float) -> None:
    """Lamps, signs, bollards and trees along a kerb."""
    dice, stage, things, path = plotter.dice, plotter.stage, plotter.things, site.path
    kerb = side * (site.road_m + 0.45)
    lamp, step = things.street_light(), dice.between((25.0, 42.0))
    s = dice.between((0.0, 20.0)) + site.start_m
    while s < 130.0:
        if site.free(s):
            stage.put_asset("pole", lamp, path.pose(s, kerb, -90.0 * side, height_m=KERB_M), 4.0, (0.3, 0.3))
        s += step
    for _ in range(_count(plotter, 5.2)):
        s, facing = _near(dice.between((0.0, 1.0))), 180.0 if dice.between((0.0, 1.0)) < 0.75 else 0.0
        (face, height), post = things.sign(), things.post(3.0)
        at = side * (site.road_m + dice.between((0.35, 0.9)))
        turn = facing + spread(dice, (-20.0, 20.0), plotter.factors.pose)
        if site.free(s) and stage.put_asset("pole", post, path.pose(s, at, height_m=KERB_M), 2.0, (0.3, 0.3)):
            stage.put_asset("traffic sign", face, _ahead(path.pose(s, at, turn, height_m=KERB_M + height), 0.05), 2.0)
    bollards, first = dice.between((0.0, 1.0)) < 0.25, dice.between((2.0, 30.0))
    bollard = things.bollard()
    plain = bollard.parts[0][0] == BOLLARD
    for number in range((7 if plain else 1) if bollards else 0):
        s = first + 1.6 * number
        if site.free(s):
            stage.put_asset("pole", bollard, path.pose(s, side * (site.road_m + 0.35), height_m=KERB_M), 2.0)
    spacing = dice.between((7.0, 15.0))
    s = site.start_m + dice.between((0.0, 10.0))
    avenue = dice.between((0.0, 1.0)) < trees
    while s < 120.0:
        tree, here = things.tree(conifers=False), dice.between((0.0, 1.0)) < 0.85
        if avenue and here and site.free(s, 3.0) and site.width_m(side) > 1.8:
            plotter.plant(path, s, side * (site.road_m + 0.8), tree, 0.95)
        s += spacing


def light_signals(plotter: Plotter, site: Site, s_m: float) -> None:
    """Traffic lights on both kerbs that face both ways, some on arms."""
    dice, path = plotter.dice, site.path
    for side in (-1, 1):
        for direction in (1, -1):
            reach = 3.2 if dice.between((0.0, 1.0)) < 0.25 else 0.0
            signal, paint = plotter.things.traffic_light(), plotter.things.pole_paint()
            s, t = (
                s_m + 3.4 * (direction if side == site.own_side * direction else -direction),
                side * (site.road_m + 0.4),
            )
            turn = 180.0 if direction > 0 else 0.0
            mesh = StreetMesh("mast", (reach,))
            pose = path.pose(s, t, 180.0 if side > 0 else 0.0, height_m=KERB_M)
            plotter.stage.put("pole", ((mesh, paint),), pose, 4.0)
            plotter.stage.put_asset("traffic light", signal,
                                    _ahead(path.pose(s, t, turn, height_m=KERB_M + 2.3), 0.08), 3.0)  # fmt: skip
            if reach:
                over = _ahead(path.pose(s, t - side * reach, turn, height_m=5.35), 0.06)
                plotter.stage.put_asset("traffic light", signal, over, 3.0)


def _ahead(pose: np.ndarray, distance_m: float) -> np.ndarray:
    """The pose moved towards its own front."""
    moved = pose.copy()
    moved[:3, 3] += distance_m * pose[:3, 2]
    return moved


def _near(share: float) -> float:
    return 3.0 + 80.0 * share**1.4


def _count(plotter: Plotter, expected: float) -> int:
    """A whole number that is on the average what is expected; draws one number."""
    lot: float = plotter.dice.between((0.0, 2.0)) * expected
    return int(lot) + (lot % 1 > 0.5)
