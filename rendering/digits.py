"""Random scenes of one solid digit: the synthetic counterpart of handwritten digits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from datasets.errors import UsageError
from datasets.schema import Column, Schema
from rendering.backgrounds import Background, Colour
from rendering.frame import DEFAULT_ANNOTATIONS
from rendering.geometry import affine, intrinsics_from_field_of_view, look_at, project, rotation, transform
from rendering.glyphs import Glyph
from rendering.randomisation import Dice, Randomisation, colour_of, draw_sensor
from rendering.scene import AmbientLight, Camera, Material, Scene, SceneObject, SunLight

_INSTANCE = 1
_MARGIN = 0.02  # of the frame that stays free on each side, so that blur does not touch the digit
_FITTING_STEPS = 6  # perspective makes the fit slightly non-linear; each step leaves a tenth of the error at most


@dataclass(frozen=True)
class DigitScenes:
    """Scenes that show one digit, large and whole, in random shape, pose, light, colour and surroundings.

    The ten classes are equally likely. Light digits on dark and dark ones on light occur equally often.

    Attributes:
        size: (height, width) of the frames in pixels.
        randomisation: what varies, and how much.

    Raises:
        UsageError: the frame is smaller than 8x8.
    """

    name: ClassVar[str] = "digits"
    annotations: ClassVar[tuple[str, ...]] = DEFAULT_ANNOTATIONS
    licence: ClassVar[str] = "Generated; no rights of others."

    size: tuple[int, int] = (64, 64)
    randomisation: Randomisation = field(default_factory=Randomisation)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(self.size))
        if len(self.size) != 2 or min(self.size) < 8:
            raise UsageError(f"digits: size must be (height, width), each 8 or more, got {self.size}")

    @property
    def schema(self) -> Schema:
        """The columns of the samples."""
        height, width = self.size
        return Schema.of(
            Column("image", (height, width, 3)),
            Column("semantic", (height, width, 1), "digit_pixels"),
            Column("instance", (height, width, 1)),
            Column("depth", (height, width, 1)),
            Column("normal", (height, width, 3)),
            Column("label", label_space="digits"),
            Column("objects.bbox"),
            Column("objects.label", label_space="digits"),
            Column("objects.instance"),
            Column("camera.intrinsics"),
            Column("camera.world_to_camera"),
            Column("scene"),
        )

    def sample(self, generator: np.random.Generator) -> Scene:
        """One scene; the same generator state gives the same scene."""
        ranges, dice = self.randomisation, Dice(generator)
        digit = dice.one_of(range(10))
        glyph = Glyph(
            str(digit), dice.one_of(ranges.fonts), dice.one_of(ranges.weight), bevel=dice.one_of(ranges.bevel)
        )
        linear = _linear_part(ranges, dice, glyph.depth)
        camera = _camera(self.size, ranges, dice)
        target_fill, across, along = (
            dice.between(bounds) for bounds in (ranges.fill, ranges.off_centre, ranges.off_centre)
        )
        pose = fit_in_frame(glyph.build().vertices, linear, camera, target_fill, (across, along))
        sun, ambient = _lights(ranges, dice)
        foreground, background = _colours_and_background(ranges, dice)
        material = Material(foreground, dice.between(ranges.roughness), dice.between(ranges.metallic))
        sensor = draw_sensor(ranges, dice)
        thing = SceneObject(glyph, pose, material, digit + 1, digit, _INSTANCE)
        return Scene(camera, (thing,), sun, ambient, background, sensor, label=digit).settled()


def fit_in_frame(
    vertices: np.ndarray, linear: np.ndarray, camera: Camera, fill: float, place: tuple[float, float]
) -> np.ndarray:
    """`(4, 4)` pose, a scaled `linear` and a shift in the plane z = 0, that shows a mesh whole and at the wanted size.

    Args:
        vertices: `(n, 3)` of the mesh.
        linear: `(3, 3)` linear part of the pose, up to scale.
        camera: looks at the plane z = 0 head-on.
        fill: height of the mesh in the frame as a share of the frame's; less where its width would not fit.
        place: within the room left over, (-1, -1) is the top left corner, (1, 1) the bottom right one.
    """
    frame = np.array([camera.width, camera.height], np.float64)
    free, towards = frame * (1 - 2 * _MARGIN), np.array(place)
    metres_per_px = camera.world_to_camera[2, 3] / camera.intrinsics[1, 1]
    scale, shift = fill * camera.height * metres_per_px, np.zeros(2)
    shape = vertices.astype(np.float64) @ linear.T
    for _ in range(_FITTING_STEPS):
        pixels = project(camera.intrinsics, transform(camera.world_to_camera, shape * scale + (*shift, 0)))
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        ratio = min(fill * camera.height / (high - low)[1], *(free / (high - low)))
        room = np.maximum(free - (high - low) * ratio, 0)
        offset, wanted_offset = (low + high - frame) / 2, towards * room / 2
        # Image v runs down, world y up.
        shift = shift * ratio + (wanted_offset - offset * ratio) * (1, -1) * metres_per_px
        scale *= ratio
    return affine(linear * scale, (*shift, 0))


def _linear_part(ranges: Randomisation, dice: Dice, depth: float) -> np.ndarray:
    """Thickness, stretch and slant of the glyph, then its turn."""
    thickness, stretch, shear = (dice.between(bounds) for bounds in (ranges.thickness, ranges.stretch, ranges.shear))
    form = np.array([[stretch, shear, 0], [0, 1, 0], [0, 0, thickness / depth]])
    turn = rotation(dice.between(ranges.yaw_deg), dice.between(ranges.pitch_deg), dice.between(ranges.roll_deg))
    return turn @ form


def _camera(size: tuple[int, int], ranges: Randomisation, dice: Dice) -> Camera:
    height, width = size
    intrinsics = intrinsics_from_field_of_view(height, width, dice.between(ranges.field_of_view_deg))
    distance_m = dice.between(ranges.distance_m)
    world_to_camera = look_at((0, 0, distance_m), (0, 0, 0))
    return Camera(height, width, intrinsics, world_to_camera, near_m=0.02 * distance_m, far_m=10 * distance_m)


def _lights(ranges: Randomisation, dice: Dice) -> tuple[SunLight, AmbientLight]:
    azimuth, elevation = np.radians([dice.between(ranges.sun_azimuth_deg), dice.between(ranges.sun_elevation_deg)])
    direction = (np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation))
    sun = SunLight(direction, _tinted(ranges, dice, dice.between(ranges.sun_intensity)))
    level = dice.between(ranges.ambient_intensity)
    return sun, AmbientLight(_tinted(ranges, dice, 1.2 * level), _tinted(ranges, dice, 0.8 * level))


def _tinted(ranges: Randomisation, dice: Dice, intensity: float) -> Colour:
    red, green, blue = colour_of(0.75, dice.between((0.0, 1.0)), dice.between(ranges.light_tint))
    scale = intensity / 0.75**2.2
    return red * scale, green * scale, blue * scale


def _colours_and_background(ranges: Randomisation, dice: Dice) -> tuple[Colour, Background]:
    """The digit's colour, and a background that is lighter or darker than it all over."""
    gap = dice.between(ranges.contrast)
    dark = (1 - gap) * dice.between((0.0, 1.0))
    digit, behind, away = dice.one_of(((dark, dark + gap, 1), (dark + gap, dark, -1)))
    spread = dice.between(ranges.pattern_contrast)
    # The pattern varies away from the digit's lightness as far as there is room, and never beyond half the gap to it.
    levels = [behind + away * spread * share for share in (0.0, 1.0, 0.5)]
    outside = max(0.0, max(levels) - 1, -min(levels))
    levels = [float(np.clip(level - away * min(outside, gap / 2), 0, 1)) for level in levels]
    foreground = colour_of(digit, dice.between((0.0, 1.0)), dice.between(ranges.saturation))
    colours = [colour_of(level, dice.between((0.0, 1.0)), dice.between(ranges.saturation)) for level in levels]
    return foreground, Background(
        pattern=dice.one_of(ranges.patterns),
        colours=(colours[0], colours[1], colours[2]),
        size=dice.between(ranges.pattern_size),
        angle_deg=dice.between((0.0, 360.0)),
        softness=dice.between(ranges.pattern_softness),
        seed=dice.seed(),
    )
