"""What may be done to training images at random. Reading this module costs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from datasets.errors import UsageError


@dataclass(frozen=True)
class Augmentation:
    """What is drawn anew for every training image in every epoch; 0, False and 1 leave images as they are.

    Attributes:
        flip: mirror left to right with equal chance.
        scale: zoom, drawn evenly in the logarithm; below 1 the image shrinks and the ground around it is ignored.
        crop: side of a window, as a share of the image's, that is cut out at a random place and enlarged.
        colour: brightness, contrast and saturation change by factors up to 1 + this and down to 1 - this.
        blur: largest standard deviation of a Gaussian, in pixels.
        noise: largest standard deviation of added noise, in levels of 255.
        cutout: largest side of a rectangle that is painted grey and ignored, as a share of the image's.
    """

    flip: bool = False
    scale: tuple[float, float] = (1.0, 1.0)
    crop: tuple[float, float] = (1.0, 1.0)
    colour: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    cutout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("scale", "crop"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise UsageError(f"augmentation.{name} must be two numbers above 0, low to high, got {low} {high}")
        if self.crop[1] > 1:
            raise UsageError(f"augmentation.crop must be shares of at most 1, got {self.crop[1]}")
        for name, highest in (("colour", 1.0), ("cutout", 1.0), ("blur", 16.0), ("noise", 255.0)):
            if not 0 <= getattr(self, name) <= highest:
                raise UsageError(f"augmentation.{name} must lie between 0 and {highest:g}, got {getattr(self, name)}")

    @property
    def changes_nothing(self) -> bool:
        """Whether images pass through untouched."""
        return self == Augmentation()

    @property
    def zooms(self) -> bool:
        """Whether pixels are taken from other places than their own or their mirror image's."""
        return self.scale != (1.0, 1.0) or self.crop != (1.0, 1.0)

    @property
    def changes_values(self) -> bool:
        """Whether other colours come out than went in."""
        return self.zooms or any((self.colour, self.blur, self.noise, self.cutout))


NOTHING, MIRRORED = Augmentation(), Augmentation(flip=True)
"""Images as they are; images mirrored at random."""
