"""The camera: from light to the stored 8-bit colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image
from scipy.ndimage import convolve, gaussian_filter, map_coordinates

from datasets.errors import UsageError

TONE_CURVES = ("clip", "reinhard", "aces")
"""From light to what a screen can show; the formulae stand in `shaders/display.glsl` and in `toned`."""

_LIMITS: dict[str, tuple[float, float]] = {
    "blur_px": (0, 50), "noise": (0, 1), "seed": (0, 2**32 - 1), "exposure_ev": (-16, 16), "white_balance": (-4, 4),
    "vignetting": (0, 1), "chromatic_aberration_px": (-20, 20), "motion_px": (0, 100), "motion_deg": (-360, 360),
    "defocus_px": (0, 50), "shot_noise": (0, 1), "bits": (1, 8), "contrast": (0.1, 10), "saturation": (0, 10),
}  # fmt: skip

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
_MID_GREY = np.float32(0.18)


@dataclass(frozen=True)
class Sensor:
    """Lens, sensor and picture file. Only `distortion` moves the labels; all else changes colours alone.

    The effects come in the order light meets them: distortion, vignetting, chromatic aberration, motion, defocus and
    blur; exposure and white balance; noise; saturation and contrast; tone curve; quantisation; compression.

    Attributes:
        blur_px: standard deviation of a Gaussian blur, in pixels.
        noise: standard deviation of Gaussian read noise in linear light, as a share of full scale.
        seed: 32-bit number from which the noise follows.
        exposure_ev: brightening in stops; each doubles the light.
        white_balance: stops by which red is brighter than blue; above 0 is warmer.
        tone_curve: a name of `TONE_CURVES`.
        vignetting: share of light lost in the corners; it grows with the squared distance from the middle.
        distortion: k1 and k2 of radial distortion (Brown's model as in OpenCV; k1 below 0 is a barrel).
        chromatic_aberration_px: how far red is drawn outwards and blue inwards in the corners.
        motion_px: length of a straight motion blur.
        motion_deg: its direction, anticlockwise from the right.
        defocus_px: radius of the disc that a point out of focus becomes.
        shot_noise: standard deviation of the noise of full light, as a share of it; that of other light grows with its
            square root.
        bits: of each stored channel; the levels are spread over 0 to 255.
        jpeg_quality: 1 to 100 of a JPEG that the picture goes through; None: it is not compressed.
        contrast: exponent of light, where 18 % grey stays as it is; above 1 darkens shadows and brightens lights.
        saturation: factor of the distance of every colour from the grey of its luminance; 0 is black and white.

    Raises:
        UsageError: a value is outside its range.
    """

    blur_px: float = 0.0
    noise: float = 0.0
    seed: int = 0
    exposure_ev: float = 0.0
    white_balance: float = 0.0
    tone_curve: str = "clip"
    vignetting: float = 0.0
    distortion: tuple[float, float] = (0.0, 0.0)
    chromatic_aberration_px: float = 0.0
    motion_px: float = 0.0
    motion_deg: float = 0.0
    defocus_px: float = 0.0
    shot_noise: float = 0.0
    bits: int = 8
    jpeg_quality: int | None = None
    contrast: float = 1.0
    saturation: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "distortion", tuple(float(factor) for factor in self.distortion))
        for name, (low, high) in _LIMITS.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"sensor: {name} must be {low:g} to {high:g}, got {getattr(self, name)}")
        if self.tone_curve not in TONE_CURVES:
            raise UsageError(f"sensor: tone_curve must be one of {', '.join(TONE_CURVES)}, got {self.tone_curve!r}")
        if len(self.distortion) != 2 or not np.isfinite(self.distortion).all():
            raise UsageError(f"sensor: distortion must be two finite factors k1 and k2, got {self.distortion}")
        if self.jpeg_quality is not None and not 1 <= self.jpeg_quality <= 100:
            raise UsageError(f"sensor: jpeg_quality must be 1 to 100 or none, got {self.jpeg_quality}")

    @property
    def gains(self) -> tuple[float, float, float]:
        """Factors of R, G, B from exposure and white balance."""
        brighter, warmer = 2.0**self.exposure_ev, 2.0 ** (self.white_balance / 2)
        return brighter * warmer, brighter, brighter / warmer

    @property
    def grades(self) -> bool:
        """Whether contrast or saturation change anything."""
        return (self.contrast, self.saturation) != (1, 1)

    @property
    def pointwise(self) -> bool:
        """Whether each pixel's colour follows from its own light and the tone curve alone."""
        quiet = (self.blur_px, self.noise, self.vignetting, *self.distortion, self.chromatic_aberration_px,
                 self.motion_px, self.defocus_px, self.shot_noise)  # fmt: skip
        return not any(quiet) and self.bits == 8 and self.jpeg_quality is None

    def expose(self, light: np.ndarray) -> np.ndarray:
        """`(height, width, 3)` uint8 sRGB colours from linear light of the same shape, where 1 is full scale.

        The light has passed the distortion already.
        """
        light = np.asarray(light, np.float32)
        if self.vignetting:
            light = light * (1 - np.float32(self.vignetting) * _squared_distance(*light.shape[:2])[:, :, None])
        if self.chromatic_aberration_px:
            light = _fringed(light, self.chromatic_aberration_px)
        for kernel in self._kernels():
            light = np.stack([convolve(channel, kernel, mode="nearest") for channel in np.moveaxis(light, 2, 0)], 2)
        if self.blur_px:
            light = gaussian_filter(light, (self.blur_px, self.blur_px, 0), mode="nearest", truncate=3)
        if self.exposure_ev or self.white_balance:
            light = light * np.array(self.gains, np.float32)
        light = self._noisy(light)
        if self.grades:
            light = graded(light, self.contrast, self.saturation)
        return self._stored(toned(light, self.tone_curve))

    def _kernels(self) -> list[np.ndarray]:
        kernels = [line_kernel(self.motion_px, self.motion_deg)] if self.motion_px else []
        return kernels + ([disc_kernel(self.defocus_px)] if self.defocus_px else [])

    def _noisy(self, light: np.ndarray) -> np.ndarray:
        if not self.noise and not self.shot_noise:
            return light
        strength: np.ndarray | np.float32 = np.float32(self.noise)
        if self.shot_noise:
            strength = np.sqrt(np.float32(self.noise**2) + np.float32(self.shot_noise**2) * np.maximum(light, 0))
        generator = np.random.Generator(np.random.PCG64(self.seed))
        noisy = generator.standard_normal(light.shape, np.float32)  # then in place: arrays of a frame leave the cache
        noisy *= strength
        noisy += light
        return noisy

    def _stored(self, light: np.ndarray) -> np.ndarray:
        colours = encode_srgb(light)
        if self.bits < 8:
            steps = 2**self.bits - 1
            colours = np.rint(np.rint(colours * (steps / 255)) * (255 / steps)).astype(np.uint8)
        if self.jpeg_quality is not None:
            file = BytesIO()
            Image.fromarray(colours).save(file, "JPEG", quality=self.jpeg_quality)
            colours = np.array(Image.open(file))
        return colours


def graded(light: np.ndarray, contrast: float, saturation: float) -> np.ndarray:
    """Light after the camera's settings of saturation and contrast, as the power of ASC's colour decision list."""
    grey = (light @ _LUMINANCE)[..., None]
    found = light - grey
    found *= np.float32(saturation)
    found += grey
    np.maximum(found, 0, out=found)
    found /= _MID_GREY
    np.power(found, np.float32(contrast), out=found)
    found *= _MID_GREY
    return found


def toned(light: np.ndarray, curve: str) -> np.ndarray:
    """Light after a tone curve; what is still above 1 is clipped when it is stored."""
    if curve == "reinhard":  # Reinhard et al., "Photographic tone reproduction for digital images", SIGGRAPH 2002
        light = np.maximum(light, 0)
        return light / (1 + light)
    if curve == "aces":  # Narkowicz, "ACES filmic tone mapping curve", 2015
        light = np.maximum(light, 0)
        return light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    return light


def encode_srgb(light: np.ndarray) -> np.ndarray:
    """uint8 sRGB values (IEC 61966-2-1) of linear light; what lies outside 0 to 1 is clipped."""
    table = _srgb_table()
    places = np.clip(light, 0.0, 1.0)
    places *= len(table) - 1
    places += 0.5
    return table.take(places.astype(np.uint16))


def line_kernel(length_px: float, angle_deg: float) -> np.ndarray:
    """`(n, n)` weights of a straight movement during the exposure; they sum to 1."""
    across, up = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    steps = np.linspace(-0.5, 0.5, max(2, int(16 * length_px))) * length_px
    radius = int(np.ceil(length_px / 2)) + 1
    places = np.arange(-radius, radius + 1)
    rows = np.maximum(1 - np.abs(places[:, None] + up * steps), 0)
    columns = np.maximum(1 - np.abs(places[:, None] - across * steps), 0)
    return ((rows @ columns.T) / len(steps)).astype(np.float32)


def disc_kernel(radius_px: float) -> np.ndarray:
    """`(n, n)` weights of a disc with antialiased edge; they sum to 1."""
    radius, fine = int(np.ceil(radius_px)) + 1, 8
    place = (np.arange((2 * radius + 1) * fine) + 0.5) / fine - radius - 0.5
    inside = (place[:, None] ** 2 + place**2 <= radius_px**2).astype(np.float64)
    inside[len(place) // 2 - 1 : len(place) // 2 + 1, len(place) // 2 - 1 : len(place) // 2 + 1] = 1
    weights = inside.reshape(2 * radius + 1, fine, 2 * radius + 1, fine).sum(axis=(1, 3))
    return (weights / weights.sum()).astype(np.float32)


def _squared_distance(height: int, width: int) -> np.ndarray:
    """`(height, width)` float32 squared distance from the middle; 1 in the frame's corners."""
    y, x = (np.arange(height) + 0.5) / height * 2 - 1, (np.arange(width) + 0.5) / width * 2 - 1
    squared = (y[:, None] * height) ** 2 + (x * width) ** 2
    return (squared / (height**2 + width**2)).astype(np.float32)


def _fringed(light: np.ndarray, shift_px: float) -> np.ndarray:
    """Red a little larger than green, blue a little smaller."""
    height, width = light.shape[:2]
    reach = np.hypot(height, width) / 2
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    centre_v, centre_u = (height - 1) / 2, (width - 1) / 2
    fringed = light.copy()
    for channel, sign in ((0, 1), (2, -1)):
        scale = reach / (reach + sign * shift_px)
        places = [(v - centre_v) * scale + centre_v, (u - centre_u) * scale + centre_u]
        fringed[:, :, channel] = map_coordinates(light[:, :, channel], places, order=1, mode="nearest")
    return fringed


@lru_cache(maxsize=1)
def _srgb_table() -> np.ndarray:
    """`(65536,)` uint8: 16 bits of linear light are fine enough, the curve rises by 1 level in 20 steps at most."""
    light = np.linspace(0, 1, 65536)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)
