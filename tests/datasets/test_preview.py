from __future__ import annotations

import numpy as np

from datasets.dataset import Dataset
from datasets.labels import LABEL_SPACES
from datasets.preview import preview
from datasets.sample import Objects, Sample
from datasets.schema import Column, Schema


def test_panels_show_image_box_and_class_colours_pixel_for_pixel() -> None:
    image = np.full((4, 6, 3), 100, np.uint8)
    semantic = np.full((4, 6, 1), 2, np.uint8)
    semantic[1, 2] = 1
    box = np.array([[0.25, 0.5, 0.75, 1.0]], np.float32)
    sample = Sample("a", image, semantic=semantic, objects=Objects(box, np.zeros(1, np.int64)))
    schema = Schema.of(
        Column("image", (4, 6, 3)),
        Column("semantic", (4, 6, 1), "pets_trimap"),
        Column("objects.bbox"),
        Column("objects.label", label_space="pets_species"),
    )
    sheet = np.asarray(preview(sample, schema, min_height=8))
    assert sheet.shape == (8, 2 * 12 + 4, 3)
    red = (sheet[::2, :12:2] == (255, 64, 64)).all(axis=2)
    np.testing.assert_array_equal(red, [[0] * 6, [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], [0] * 6])
    colours = LABEL_SPACES["pets_trimap"].colour_table
    np.testing.assert_array_equal(sheet[::2, 16::2], colours[semantic[:, :, 0]])


def test_a_rendered_frame_shows_all_its_maps(rendered_set: Dataset) -> None:
    sample = next(rendered_set.samples("train"))
    sheet = np.asarray(preview(sample, rendered_set.schema, min_height=1))
    assert sheet.shape == (24, 5 * (32 + 4) - 4, 3)
    seen = np.isfinite(sample.depth.array[:, :, 0])
    depth_panel = sheet[:, 3 * 36 : 3 * 36 + 32, 0]
    np.testing.assert_array_equal(depth_panel > 0, seen)
