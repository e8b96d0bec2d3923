"""Sample <-> the bytes of one record."""

from __future__ import annotations

from typing import Any

from datasets.examples import FeatureValue, decode_example, example_parts
from datasets.fields import Field
from datasets.raster import Raster
from datasets.sample import CameraPose, Objects, Sample
from datasets.schema import Column, Schema


def sample_to_record(sample: Sample) -> bytes:
    """The sample as a serialised `tf.train.Example`; `notes` and `unmapped_pixels` are not stored."""
    return b"".join(record_parts(sample))


def record_parts(sample: Sample) -> list[bytes]:
    """The same bytes in pieces, so that large images among them need not be copied."""
    return example_parts({field.feature: _to_feature(field, value) for field, value in sample.present})


def record_to_sample(record: bytes, schema: Schema) -> Sample:
    """The sample that `sample_to_record` wrote.

    Raises:
        ValueError: the bytes are no record of this schema.
    """
    features = decode_example(record)
    missing = [column.field.feature for column in schema.columns if column.field.feature not in features]
    if missing:
        raise ValueError(f"the record lacks {', '.join(missing)}; it has {', '.join(sorted(features))}")
    values = {c.path: _from_feature(c, features[c.field.feature]) for c in schema.columns}
    plain = {path: value for path, value in values.items() if "." not in path}
    return Sample(
        **plain,
        objects=_nested(Objects, "objects", values),
        camera=_nested(CameraPose, "camera", values),
    )


def _nested(owner: type[Any], prefix: str, values: dict[str, Any]) -> Any:
    members = {path.partition(".")[2]: value for path, value in values.items() if path.startswith(prefix + ".")}
    return owner(**members) if members else None


def _to_feature(field: Field, value: Any) -> FeatureValue | int:
    if field.kind == "raster":
        return bytes(value.data)
    if field.kind == "text":
        return str(value).encode()
    if field.kind == "class":
        return int(value)
    return value.reshape(-1)


def _from_feature(column: Column, value: FeatureValue) -> Any:
    field = column.field
    wanted_bytes = field.kind in ("raster", "text")
    if isinstance(value, bytes) != wanted_bytes:
        raise ValueError(f"feature {field.feature!r} should hold {'bytes' if wanted_bytes else 'numbers'}")
    if isinstance(value, bytes):
        return value.decode() if field.kind == "text" else Raster.from_bytes(value, column.dtype)
    if field.kind == "class":
        return int(value[0])
    numbers = value.astype(field.dtypes[0])
    return numbers.reshape(field.shape if field.kind == "tensor" else (-1, *field.shape))
