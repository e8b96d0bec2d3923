"""One thing, seen from all sides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from datasets.errors import UsageError
from rendering.asset_scenes import AssetScenes
from rendering.assets.asset import Asset, asset_objects
from rendering.frame import DEFAULT_ANNOTATIONS
from rendering.geometry import affine, intrinsics_from_field_of_view, look_at
from rendering.randomisation import Dice, Randomisation, Range, draw_sensor
from rendering.scene import Camera, Scene
from rendering.surroundings import draw_background, draw_lights, draw_material, painted
from rendering.views import crop_around, crop_intrinsics, distance_to_fit_m, fibonacci_sphere, orbit

PATHS = ("sphere", "orbit")
"""Where the camera goes."""

_INSTANCE = 1


@dataclass(frozen=True)
class TurntableScenes(AssetScenes):
    """Scenes of one asset in the middle, from viewpoints that cover a belt of the sphere or an orbit evenly.

    All classes are equally likely. With `crop` the frame is cut from a camera that does not aim well: a square around
    the asset whose side follows its distance, so that the asset always fills the frame alike and only its
    perspective tells how near it is.

    Attributes:
        size: (height, width) of the frames in pixels.
        assets: folder of models with a catalogue; None: the solids that are built in.
        catalogues: names or files of catalogues; by default all that apply to the folder.
        classes: names of the classes to show; by default all.
        path: a name of `PATHS`.
        views: how many viewpoints there are on the path.
        elevation_deg: the belt of viewpoints; an orbit runs in its middle.
        distance_radii: distance of the camera, in radii of the asset's bounding ball.
        crop: whether the frame is a crop that follows the asset; otherwise `randomisation.fill` gives the distance.
        annotations: names of `rendering.frame.ANNOTATIONS`.
        randomisation: what else varies, and how much.

    Raises:
        UsageError: a value is outside its range.
    """

    name: ClassVar[str] = "turntable"
    labels_whole_image: ClassVar[bool] = True

    size: tuple[int, int] = (256, 256)
    assets: str | None = None
    catalogues: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    path: str = "sphere"
    views: int = 512
    elevation_deg: Range = (-10.0, 75.0)
    distance_radii: Range = (2.5, 8.0)
    crop: bool = False
    annotations: tuple[str, ...] = DEFAULT_ANNOTATIONS
    randomisation: Randomisation = field(default_factory=Randomisation)

    def __post_init__(self) -> None:
        self._keep("elevation_deg", "distance_radii")
        if self.path not in PATHS or self.views < 1:
            raise UsageError(
                f"turntable: path must be one of {', '.join(PATHS)} and views 1 or more, "
                f"got {self.path!r} and {self.views}"
            )
        low, high = self.elevation_deg
        if not -89 <= low < high <= 89:
            raise UsageError(f"turntable: elevation_deg must rise within -89 to 89, got {self.elevation_deg}")
        if not 1.2 <= self.distance_radii[0] <= self.distance_radii[1]:
            raise UsageError(f"turntable: distance_radii must rise from 1.2 or more, got {self.distance_radii}")

    @property
    def viewpoints(self) -> np.ndarray:
        """`(views, 3)` unit vectors from the asset to the cameras."""
        if self.path == "orbit":
            return orbit(self.views, sum(self.elevation_deg) / 2)
        return fibonacci_sphere(self.views, *self.elevation_deg)

    def sample(self, generator: np.random.Generator) -> Scene:
        """One scene; the same generator state gives the same scene.

        Raises:
            UsageError: the file of an asset cannot be read.
        """
        ranges, dice = self.randomisation, Dice(generator)
        asset = self.collection.draw(dice)
        material = draw_material(ranges, dice)
        if self.collection.builtin:
            asset = painted(asset, material)
        direction = self.viewpoints[int(generator.random() * self.views)]
        camera = self._camera(asset, direction, dice)
        facing = float(np.degrees(np.arctan2(direction[0], direction[2])))
        sun, ambient = draw_lights(ranges, dice, facing)
        background, sensor = draw_background(ranges, dice), draw_sensor(ranges, dice)
        objects = asset_objects(asset, affine(np.eye(3), -asset.centre_m), _INSTANCE)
        return Scene(camera, objects, sun, ambient, background, sensor, label=asset.class_id).settled()

    def _camera(self, asset: Asset, direction: np.ndarray, dice: Dice) -> Camera:
        """A camera that looks from a direction at the asset, whose centre is the world's origin."""
        height, width = self.size
        ranges, radius = self.randomisation, float(np.linalg.norm(asset.size_m)) / 2
        angle, fill = dice.between(ranges.field_of_view_deg), dice.between(ranges.fill)
        away = dice.between(self.distance_radii)
        aside = np.array([dice.between((-1.0, 1.0)), dice.between((-1.0, 1.0))])
        # A narrow frame is filled across instead.
        fill *= min(1.0, width / height)
        distance = radius * away if self.crop else distance_to_fit_m(radius, fill, angle)
        centred = look_at(direction * distance, (0, 0, 0))
        if self.crop:
            # Aim past the asset by up to its own radius, as a camera does that did not know where it was.
            target = aside[0] * radius * centred[0, :3] + aside[1] * radius * centred[1, :3]
            view = look_at(direction * distance, target)
            side = 2 * radius / fill * (width / height if width > height else 1)
            frame = intrinsics_from_field_of_view(width, width, angle)
            square = crop_around(frame, view, (0, 0, 0), side)
            intrinsics = crop_intrinsics(frame, _shaped(square, width / height), height, width)
        else:
            view, intrinsics = centred, intrinsics_from_field_of_view(height, width, angle)
        return Camera(height, width, intrinsics, view, near_m=0.01 * distance, far_m=10 * distance)


def _shaped(square: tuple[float, float, float, float], aspect: float) -> tuple[float, float, float, float]:
    """The crop that is `aspect` times as wide as high, with the same middle and the longer side of the square."""
    left, top, right, bottom = square
    half_u, half_v = (right - left) / 2 * min(1.0, aspect), (bottom - top) / 2 * min(1.0, 1 / aspect)
    u, v = (left + right) / 2, (top + bottom) / 2
    return u - half_u, v - half_v, u + half_u, v + half_v
