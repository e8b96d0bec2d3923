from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from datasets.raster import Raster
from datasets.records import record_to_sample, sample_to_record
from datasets.sample import CameraPose, Objects, Sample
from datasets.schema import Column, Schema
from tests.fixtures import jpeg, photograph

SCHEMA = Schema.of(
    Column("image", (None, None, 3)),
    Column("semantic", (None, None, 1), "pets_trimap"),
    Column("instance", (None, None, 1)),
    Column("depth", (None, None, 1)),
    Column("normal", (None, None, 3)),
    Column("label", label_space="pets_breed"),
    Column("species", label_space="pets_species"),
    Column("objects.bbox"),
    Column("objects.label", label_space="pets_species"),
    Column("objects.instance"),
    Column("camera.intrinsics"),
    Column("camera.world_to_camera"),
    Column("scene"),
)


def full_sample(objects: int = 2) -> Sample:
    generator = np.random.default_rng(1)
    depth = generator.normal(size=(6, 8, 1)).astype(np.float32)
    depth[0, 0] = np.inf
    return Sample(
        key="aé日/1",
        file_name="images/a b.jpg",
        image=Raster.from_bytes(jpeg(photograph(6, 8))),
        semantic=generator.integers(1, 4, (6, 8, 1)).astype(np.uint8),
        instance=generator.integers(0, 65536, (6, 8, 1)).astype(np.uint16),
        depth=depth,
        normal=generator.integers(0, 65536, (6, 8, 3)).astype(np.uint16),
        label=36,
        species=1,
        objects=Objects(
            generator.random((objects, 4)).astype(np.float32),
            generator.integers(0, 2, objects),
            np.array([65535, -1][:objects], np.int64),
        ),
        camera=CameraPose(generator.random((3, 3)).astype(np.float32), generator.random((4, 4)).astype(np.float32)),
        scene='{"x": "é"}',
    )


@pytest.mark.parametrize("objects", [0, 1, 2])
def test_every_field_survives_the_record_exactly(objects: int) -> None:
    sample = full_sample(objects)
    SCHEMA.check(sample)
    again = record_to_sample(sample_to_record(sample), SCHEMA)
    assert [f.path for f, _ in again.present] == [f.path for f, _ in sample.present] == list(SCHEMA.paths)
    for field, value in sample.present:
        found = again.value(field.path)
        if field.kind == "raster":
            assert found.data == value.data
            assert found.array.tobytes() == value.array.tobytes()
        elif isinstance(value, np.ndarray):
            assert (found.dtype, found.shape, found.tobytes()) == (value.dtype, value.shape, value.tobytes())
        else:
            assert found == value
    assert sample_to_record(again) == sample_to_record(sample)


def test_a_record_without_a_field_is_refused_and_the_field_named() -> None:
    sample = dataclasses.replace(full_sample(), label=None)
    with pytest.raises(ValueError, match="lacks label"):
        record_to_sample(sample_to_record(sample), SCHEMA)


def test_the_schema_names_what_is_missing_and_what_is_too_much() -> None:
    small = Schema.of(Column("image", (None, None, 3)), Column("label", label_space="pets_breed"))
    with pytest.raises(ValueError, match="not expected.*'depth'"):
        small.check(full_sample())
    with pytest.raises(ValueError, match="missing.*'label'"):
        SCHEMA.check(dataclasses.replace(full_sample(), label=None))


def test_the_schema_refuses_another_size_or_class() -> None:
    sized = Schema.of(*(c if c.path != "image" else Column("image", (6, 9, 3)) for c in SCHEMA.columns))
    with pytest.raises(ValueError, match=r"image must be \(6, 9, 3\), got \(6, 8, 3\)"):
        sized.check(full_sample())
    with pytest.raises(ValueError, match="species is 2, not a class of 'pets_species'"):
        SCHEMA.check(dataclasses.replace(full_sample(), species=2))
    wrong = Objects(np.zeros((1, 4), np.float32), np.array([5], np.int64), np.array([1], np.int64))
    with pytest.raises(ValueError, match=r"objects.label holds 5, not a class of 'pets_species'"):
        SCHEMA.check(dataclasses.replace(full_sample(), objects=wrong))


def test_the_schema_survives_json() -> None:
    assert Schema.from_json(SCHEMA.to_json()) == SCHEMA


@pytest.mark.parametrize(
    "path, shape, space", [("nose", (), None), ("image", (), None), ("label", (1, 2, 3), None), ("label", (), "x")]
)
def test_a_column_that_cannot_be_is_refused(path: str, shape: tuple[int, ...], space: str | None) -> None:
    with pytest.raises(ValueError, match="column|field|label space"):
        Column(path, shape, space)
