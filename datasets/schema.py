"""Which fields the samples of one data set carry, with their shapes and label spaces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from datasets.fields import FIELDS, Field
from datasets.labels import LABEL_SPACES, LabelSpace
from datasets.sample import Sample


@dataclass(frozen=True)
class Column:
    """One field of a data set.

    Attributes:
        path: a path of `datasets.fields.FIELDS`.
        shape: of a raster `(height, width, channels)`, None where it varies; else empty, the table says it.
        label_space: the name of the space that its ids belong to.
        wide: whether its ids have 32 bits; only instance maps may be wide.
    """

    path: str
    shape: tuple[int | None, ...] = ()
    label_space: str | None = None
    wide: bool = False

    def __post_init__(self) -> None:
        if self.path not in FIELDS:
            raise ValueError(f"no field {self.path!r}; there are {', '.join(FIELDS)}")
        if self.label_space is not None and self.label_space not in LABEL_SPACES:
            raise ValueError(f"no label space {self.label_space!r}; there are {', '.join(LABEL_SPACES)}")
        if (self.field.kind == "raster") != (len(self.shape) == 3):
            raise ValueError(f"column {self.path!r}: a raster needs (height, width, channels), others no shape")
        if self.wide and "uint32" not in self.field.dtypes:
            raise ValueError(f"column {self.path!r} cannot hold ids of 32 bits, only instance can")

    @cached_property
    def field(self) -> Field:
        """The row of the fields table."""
        return FIELDS[self.path]

    @property
    def dtype(self) -> str:
        """Its number type, or `text`."""
        return "uint32" if self.wide else self.field.dtypes[0] if self.field.dtypes else "text"

    @cached_property
    def space(self) -> LabelSpace | None:
        """The label space itself."""
        return LABEL_SPACES[self.label_space] if self.label_space else None


@dataclass(frozen=True)
class Schema:
    """The columns of a data set; `key` and `file_name` are always among them."""

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, *columns: Column) -> Schema:
        """A schema of these columns, in the order of the fields table, with `key` and `file_name` added."""
        by_path = {column.path: column for column in (Column("key"), Column("file_name"), *columns)}
        return cls(tuple(by_path[path] for path in FIELDS if path in by_path))

    def __getitem__(self, path: str) -> Column:
        for column in self.columns:
            if column.path == path:
                return column
        raise KeyError(f"no column {path!r}; there are {', '.join(self.paths)}")

    def __contains__(self, path: str) -> bool:
        return path in self.paths

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths of the columns."""
        return tuple(column.path for column in self.columns)

    @cached_property
    def label_maps(self) -> tuple[Column, ...]:
        """The columns whose pixels are class ids."""
        return tuple(column for column in self.columns if column.space and column.field.kind == "raster")

    @cached_property
    def class_columns(self) -> tuple[Column, ...]:
        """The columns that hold the class of an image or of its objects."""
        return tuple(column for column in self.columns if column.space and column.field.kind != "raster")

    @cached_property
    def _fields(self) -> tuple[Field, ...]:
        return tuple(column.field for column in self.columns)

    @cached_property
    def _checked(self) -> tuple[tuple[int, Column], ...]:
        """The columns of which more is to be said than that they are there, with their places."""
        columns = enumerate(self.columns)
        return tuple((place, column) for place, column in columns if column.space or column.field.kind == "raster")

    def check(self, sample: Sample) -> None:
        """Hold a sample against the schema.

        Raises:
            ValueError: a column is missing from the sample, the sample has one more, a size or class is wrong.
        """
        present = sample.present
        if tuple([field for field, _ in present]) != self._fields:
            paths = {field.path for field, _ in present}
            missing, extra = set(self.paths) - paths, paths - set(self.paths)
            raise ValueError(
                f"sample {sample.key!r}: fields differ from the data set's: "
                f"missing {sorted(missing) or 'none'}, not expected {sorted(extra) or 'none'}"
            )
        for place, column in self._checked:
            _check_column(sample.key, column, present[place][1])

    def to_json(self) -> list[dict[str, Any]]:
        """The columns as plain values for the manifest."""
        return [
            {"path": c.path, "feature": c.field.feature, "shape": list(c.shape), "label_space": c.label_space}
            | ({"wide": True} if c.wide else {})
            for c in self.columns
        ]

    @classmethod
    def from_json(cls, rows: list[dict[str, Any]]) -> Schema:
        """The inverse of `to_json`."""
        return cls(
            tuple(Column(row["path"], tuple(row["shape"]), row["label_space"], row.get("wide", False)) for row in rows)
        )


def _check_column(key: str, column: Column, value: Any) -> None:
    kind, space = column.field.kind, column.space
    if kind == "raster":
        for want, got in zip(column.shape, value.shape, strict=True):
            if want not in (None, got):
                raise ValueError(f"sample {key!r}: {column.path} must be {column.shape}, got {value.shape}")
        if len(column.field.dtypes) > 1 and value.dtype != column.dtype:
            raise ValueError(f"sample {key!r}: {column.path} must be {column.dtype}, got {value.dtype}")
    elif kind == "class" and space and value not in space.ids:
        raise ValueError(f"sample {key!r}: {column.path} is {value}, not a class of {column.label_space!r}")
    elif kind == "sequence" and space:
        unknown = sorted(index for index in value.tolist() if index not in space.ids)
        if unknown:
            raise ValueError(f"sample {key!r}: {column.path} holds {unknown[0]}, not a class of {column.label_space!r}")
