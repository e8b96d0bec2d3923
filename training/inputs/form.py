"""The form in which examples are handed out. Reading this module costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from datasets.errors import UsageError

Element = dict[str, Any]
"""One example, or a batch of them: a tensor for `key` and for each field."""

Resampling = Literal["triangle", "area"]


@dataclass(frozen=True)
class Form:
    """The form in which examples are handed out.

    Attributes:
        fields: paths of `datasets.fields` to read: `image`, `semantic`, `label`.
        size: height and width that images are resized to; None leaves them as stored.
        channels: of the image, 1 or 3.
        resize_labels: False hands out label maps at their stored size.
        label_space: class ids are looked up in this space first; None takes the data set's own.
        stored_ids: True hands out label maps with the ids that are stored, False with dense class indices.
        resampling: how images shrink: `triangle` is bilinear with antialiasing, as Pillow does it; `area` the mean of
            what a pixel covers, as `realitygap convert --size` does it, in a quarter of the time.
    """

    fields: tuple[str, ...] = ("image", "label")
    size: tuple[int, int] | None = None
    channels: int = 3
    resize_labels: bool = True
    label_space: str | None = None
    stored_ids: bool = False
    resampling: Resampling = "triangle"

    def __post_init__(self) -> None:
        unknown = set(self.fields) - {"image", "semantic", "label"}
        if unknown or not self.fields:
            raise UsageError(f"fields must be some of image, semantic, label; got {self.fields}")
        if self.channels not in (1, 3):
            raise UsageError(f"channels must be 1 (grey) or 3 (red, green, blue), got {self.channels}")
        if self.stored_ids and self.label_space is not None:
            raise UsageError(f"stored_ids and label_space {self.label_space!r} exclude each other")
        if self.size is not None and min(self.size) < 1:
            raise UsageError(f"size must be a height and a width of at least 1 pixel, got {self.size}")
