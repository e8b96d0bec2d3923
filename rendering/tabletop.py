"""Several things on a table, among clutter, partly hidden."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from shapely import Point, Polygon, box

from datasets.errors import UsageError
from rendering.asset_scenes import AssetScenes
from rendering.assets.asset import Asset, asset_objects
from rendering.builtin_assets import CLUTTER, LABEL_SPACE, builtin_assets, class_id, occluders
from rendering.frame import DEFAULT_ANNOTATIONS
from rendering.geometry import intrinsics_from_field_of_view, look_at
from rendering.placement import Placement, place_freely
from rendering.randomisation import Dice, Randomisation, Range, draw_sensor
from rendering.scene import Camera, Ground, Scene
from rendering.surroundings import draw_background, draw_lights, draw_material, painted
from rendering.views import distance_to_fit_m

Count = tuple[int, int]
"""Least and greatest number, each between as likely."""


@dataclass(frozen=True)
class TabletopScenes(AssetScenes):
    """Scenes of things on a table, none touching another, seen from any side.

    Things from catalogues are shrunk to `extent_m`, as toys of what they are. Clutter is labelled as its own class in
    the label space `things`; with catalogues of another label space there is none.

    Attributes:
        size: (height, width) of the frames in pixels.
        assets: folder of models with a catalogue; None: the solids that are built in.
        catalogues: names or files of catalogues; by default all that apply to the folder.
        classes: names of the classes to show; by default all.
        objects: how many things, of all classes alike.
        distractors: how many solids of class clutter stand among them.
        occluders: how many tall slim ones stand between them and the camera.
        extent_m: longest side of a thing.
        table_radius_m: they stand within this circle.
        gap_m: least distance between two, seen from above.
        elevation_deg: of the camera above the table.
        shadows: whether the sun casts them.
        annotations: names of `rendering.frame.ANNOTATIONS`.
        randomisation: what else varies, and how much.

    Raises:
        UsageError: a value is outside its range.
    """

    name: ClassVar[str] = "tabletop"

    size: tuple[int, int] = (480, 640)
    assets: str | None = None
    catalogues: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    objects: Count = (3, 8)
    distractors: Count = (0, 4)
    occluders: Count = (0, 2)
    extent_m: Range = (0.08, 0.25)
    table_radius_m: float = 0.45
    gap_m: float = 0.005
    elevation_deg: Range = (15.0, 65.0)
    shadows: bool = True
    annotations: tuple[str, ...] = DEFAULT_ANNOTATIONS
    randomisation: Randomisation = field(default_factory=Randomisation)

    def __post_init__(self) -> None:
        self._keep("objects", "distractors", "occluders", "extent_m", "elevation_deg")
        for name, low in (("objects", 1), ("distractors", 0), ("occluders", 0)):
            count = getattr(self, name)
            if len(count) != 2 or not low <= count[0] <= count[1] <= 200:
                raise UsageError(f"tabletop: {name} must be (least, greatest) from {low} to 200, got {count}")
        if not 0.01 <= self.extent_m[0] <= self.extent_m[1] <= self.table_radius_m or self.gap_m < 0:
            raise UsageError(
                "tabletop: extent_m must rise from 0.01 up to table_radius_m and gap_m be 0 or more, "
                f"got {self.extent_m}, {self.table_radius_m} and {self.gap_m}"
            )
        if not 1 <= self.elevation_deg[0] <= self.elevation_deg[1] <= 89:
            raise UsageError(f"tabletop: elevation_deg must rise within 1 to 89, got {self.elevation_deg}")

    def sample(self, generator: np.random.Generator) -> Scene:
        """One scene; the same generator state gives the same scene.

        Raises:
            UsageError: the file of an asset cannot be read.
        """
        ranges, dice = self.randomisation, Dice(generator)
        azimuth_deg = dice.between((0.0, 360.0))
        camera = self._camera(azimuth_deg, dice)
        placed = self._things(dice)
        if self.collection.label_space == LABEL_SPACE:
            placed += self._in_the_way(azimuth_deg, dice, placed)
        things = tuple(
            part
            for instance, placement in enumerate(placed, 1)
            for part in asset_objects(placement.asset, placement.pose, instance)
        )
        sun, ambient = draw_lights(ranges, dice, azimuth_deg, self.shadows)
        table = Ground(
            size_m=8 * self.table_radius_m,
            texture_m=dice.between((0.2, 1.0)),
            material=replace(draw_material(ranges, dice), metallic=0.0),
        )
        background, sensor = draw_background(ranges, dice), draw_sensor(ranges, dice)
        return Scene(camera, things, sun, ambient, background, sensor, ground=table).settled()

    def _camera(self, azimuth_deg: float, dice: Dice) -> Camera:
        height, width = self.size
        angle, fill = dice.between(self.randomisation.field_of_view_deg), dice.between(self.randomisation.fill)
        azimuth, elevation = np.radians([azimuth_deg, dice.between(self.elevation_deg)])
        target = self.table_radius_m * np.array(
            [dice.between((-0.2, 0.2)), dice.between((0.0, 0.25)), dice.between((-0.2, 0.2))]
        )
        distance = distance_to_fit_m(0.9 * self.table_radius_m, fill * min(1.0, width / height), angle)
        direction = np.array([np.sin(azimuth) * np.cos(elevation), np.sin(elevation),
                              np.cos(azimuth) * np.cos(elevation)])  # fmt: skip
        intrinsics = intrinsics_from_field_of_view(height, width, angle)
        view = look_at(target + distance * direction, target)
        return Camera(height, width, intrinsics, view, near_m=0.02 * distance, far_m=20 * distance)

    def _things(self, dice: Dice) -> tuple[Placement, ...]:
        """The things to be found and, where the label space has a class for them, distractors."""
        ranges, collection = self.randomisation, self.collection
        chosen = [(collection.draw(dice), collection.builtin) for _ in range(_count(self.objects, dice))]
        if collection.label_space == LABEL_SPACE:
            clutter = class_id(CLUTTER)
            for _ in range(_count(self.distractors, dice)):
                chosen.append((replace(dice.one_of(builtin_assets()), class_id=clutter), True))
        assets, scales = [], []
        for asset, plain in chosen:
            material = draw_material(ranges, dice)
            assets.append(painted(asset, material) if plain else asset)
            scales.append(dice.between(self.extent_m) / float(asset.size_m.max()))
        table = Point(0, 0).buffer(self.table_radius_m)
        return place_freely(assets, table, dice.generator, self.gap_m, scales=scales)

    def _in_the_way(self, azimuth_deg: float, dice: Dice, taken: tuple[Placement, ...]) -> tuple[Placement, ...]:
        """Occluders on the strip between the table's middle and the camera."""
        chosen: list[Asset] = [
            painted(dice.one_of(occluders()), draw_material(self.randomisation, dice))
            for _ in range(_count(self.occluders, dice))
        ]
        return place_freely(chosen, self._strip(azimuth_deg), dice.generator, self.gap_m, taken)

    def _strip(self, azimuth_deg: float) -> Polygon:
        """In (x, z): from the table's middle towards the camera, as wide as half the table."""
        reach, half = self.table_radius_m, self.table_radius_m / 2
        corners = np.array(box(-half, 0.4 * reach, half, 1.3 * reach).exterior.coords)
        cos, sin = np.cos(np.radians(azimuth_deg)), np.sin(np.radians(azimuth_deg))
        return Polygon(corners @ np.array([[cos, -sin], [sin, cos]]))


def _count(bounds: Count, dice: Dice) -> int:
    return dice.one_of(range(bounds[0], bounds[1] + 1))
