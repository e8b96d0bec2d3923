"""Streets seen from a car."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from datasets.errors import UsageError
from datasets.schema import Column, Schema
from rendering.annotations import annotation_columns
from rendering.asset_scenes import AssetScenes
from rendering.assets.collection import Collection
from rendering.randomisation import Dice, Randomisation, Range
from rendering.scene import Ground, Scene
from rendering.streets.assets import street_assets
from rendering.streets.classes import IDS, LABEL_SPACE
from rendering.streets.factors import Factors, choice
from rendering.streets.layouts import LAYOUTS, build, draw_site
from rendering.streets.plots import Plotter
from rendering.streets.roads import draw_surfaces
from rendering.streets.stage import Stage
from rendering.streets.things import Things
from rendering.streets.viewpoint import draw_camera
from rendering.streets.weather import WEATHERS, draw_weather

_ANNOTATIONS = ("semantic", "instance", "depth", "boxes", "camera")


@dataclass(frozen=True)
class StreetScenes(AssetScenes):
    """Scenes of a city's streets from a camera behind the windscreen, labelled with the classes of Cityscapes.

    Instance ids are those of Cityscapes: the class times 1,000 plus a number for people and vehicles, 0 for all else.
    The camera's ranges hold those of Cityscapes (fx 2262 pixels at 2048 wide, 1.2 m above the road) and of CamVid.

    Attributes:
        size: (height, width) of the frames in pixels.
        assets: folder of models with catalogues; its vehicles, people and trees stand among those built in.
        catalogues: names or files of catalogues; by default all that apply to the folder.
        classes: names of the classes to take from the folder, such as car and bus; by default all that can stand in
            streets.
        asset_share: of vehicles, people and trees that are from the folder.
        layouts: kinds of streets, names of `rendering.streets.layouts.LAYOUTS`, each as likely.
        weathers: kinds of weather, names of `rendering.streets.weather.WEATHERS`, each as likely.
        camera_height_m: above the road.
        pitch_deg: of the camera, downwards.
        view_deg: field of view from the frame's left to its right.
        shadows: whether the sun casts them.
        annotations: names of `rendering.frame.ANNOTATIONS`.
        randomisation: which factors vary; streets have ranges of their own, which the factors hold fixed.

    Raises:
        UsageError: a value is outside its range.
    """

    name: ClassVar[str] = "street"

    size: tuple[int, int] = (360, 480)
    assets: str | None = None
    catalogues: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    asset_share: float = 0.5
    layouts: tuple[str, ...] = tuple(LAYOUTS)
    weathers: tuple[str, ...] = WEATHERS
    camera_height_m: Range = (1.15, 1.75)
    pitch_deg: Range = (-3.8, 2.0)
    view_deg: Range = (46.0, 68.0)
    shadows: bool = True
    annotations: tuple[str, ...] = _ANNOTATIONS
    randomisation: Randomisation = field(default_factory=Randomisation)

    def __post_init__(self) -> None:
        self._keep("layouts", "weathers", "camera_height_m", "pitch_deg", "view_deg")
        for name, known in (("layouts", tuple(LAYOUTS)), ("weathers", WEATHERS)):
            unknown = [value for value in getattr(self, name) if value not in known]
            if unknown or not getattr(self, name):
                raise UsageError(f"street: {name} must be from {', '.join(known)}, got {', '.join(unknown) or 'none'}")
        for name, (low, high) in (("camera_height_m", (0.3, 4.0)), ("pitch_deg", (-20.0, 20.0)),
                                  ("view_deg", (20.0, 120.0))):  # fmt: skip
            bounds = getattr(self, name)
            if len(bounds) != 2 or not low <= bounds[0] <= bounds[1] <= high:
                raise UsageError(f"street: {name} must rise within {low:g} to {high:g}, got {bounds}")
        if not 0 <= self.asset_share <= 1:
            raise UsageError(f"street: asset_share must be 0 to 1, got {self.asset_share}")
        if (self.catalogues or self.classes) and not self.assets:
            raise UsageError("street: catalogues and classes need a folder of assets: name it with --assets")

    @property
    def packs(self) -> dict[str, Collection]:
        """The assets of the folder by class."""
        return street_assets(self.assets, self.catalogues, self.classes) if self.assets else {}

    @property
    def licence(self) -> str:
        """What may be done with the frames."""
        return self.collection.licence if self.assets else Collection(LABEL_SPACE, "", {}).licence

    @property
    def schema(self) -> Schema:
        """The columns of the samples."""
        columns = annotation_columns(self.annotations, self.size, LABEL_SPACE, LABEL_SPACE)
        return Schema.of(Column("image", (*self.size, 3)), *columns, Column("scene"))

    def sample(self, generator: np.random.Generator) -> Scene:
        """One scene; the same generator state gives the same scene.

        Raises:
            UsageError: the file of an asset cannot be read.
        """
        dice, factors = Dice(generator), Factors.of(self.randomisation)
        layout = LAYOUTS[dice.one_of(self.layouts)]
        weather = draw_weather(self.weathers, self.randomisation, factors, dice, self.shadows)
        site = draw_site(layout, factors, dice)
        lane_m = site.own_side * site.road_m / site.lanes
        camera = draw_camera(
            self.size, site.path, lane_m, self.camera_height_m, self.pitch_deg, self.view_deg, factors, dice
        )
        ground = draw_surfaces(dice, factors)
        floor = Ground(-0.06, 900.0, 4.0, ground.grass, IDS["terrain"])
        if choice(dice, 2, 1.0):
            floor = Ground(-0.06, 900.0, 4.0, ground.paving, IDS["sidewalk"])
        plotter = Plotter(Stage(camera), Things(dice, factors, self.packs, self.asset_share), ground)
        build(plotter, site, layout)
        empty = Scene(
            camera, (), weather.sun, weather.ambient, weather.background, weather.sensor, ground=floor, fog=weather.fog
        )
        return replace(empty.settled(), objects=plotter.stage.objects)
