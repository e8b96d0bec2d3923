"""What generators of scenes of assets share."""

from __future__ import annotations

from typing import ClassVar

from datasets.errors import UsageError
from datasets.schema import Column, Schema
from rendering.annotations import annotation_columns
from rendering.assets.collection import Collection, collect


class AssetScenes:
    """The base of frozen dataclasses that draw scenes of assets; what they list themselves is described there."""

    name: ClassVar[str]
    labels_whole_image: ClassVar[bool] = False

    size: tuple[int, int]
    assets: str | None
    catalogues: tuple[str, ...]
    classes: tuple[str, ...]
    annotations: tuple[str, ...]

    @property
    def collection(self) -> Collection:
        """The assets that are drawn from."""
        return collect(self.assets, self.catalogues, self.classes)

    @property
    def licence(self) -> str:
        """What may be done with the frames."""
        return self.collection.licence

    @property
    def schema(self) -> Schema:
        """The columns of the samples."""
        space = self.collection.label_space
        label = (Column("label", label_space=space),) if self.labels_whole_image else ()
        columns = annotation_columns(self.annotations, self.size, space, space)
        return Schema.of(Column("image", (*self.size, 3)), *columns, *label, Column("scene"))

    def _keep(self, *names: str) -> None:
        """Keep lists as tuples, and see that the size is one."""
        for name in ("size", "catalogues", "classes", "annotations", *names):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.size) != 2 or min(self.size) < 8:
            raise UsageError(f"{self.name}: size must be (height, width), each 8 or more, got {self.size}")
