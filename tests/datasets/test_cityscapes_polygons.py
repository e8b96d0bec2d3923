from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.cityscapes_polygons import draw_label_ids
from datasets.errors import BadSample
from datasets.label_tables import CITYSCAPES_LABELS


def scene(seed: int, count: int = 40) -> dict[str, Any]:
    """Random polygons, many of them twisted, touching the border and beyond it."""
    generator = np.random.default_rng(seed)
    names = [row.name for row in CITYSCAPES_LABELS] + ["cargroup", "persongroup"]
    objects = []
    for _ in range(count):
        corners = generator.integers(-10, 90, (generator.integers(3, 9), 2)).tolist()
        entry = {"label": names[generator.integers(len(names))], "polygon": corners}
        objects.append(entry | ({"deleted": int(generator.integers(2))} if generator.random() < 0.2 else {}))
    return {"imgHeight": 64, "imgWidth": 80, "objects": objects}


def test_rectangles_hold_both_their_edges_and_later_ones_cover_earlier() -> None:
    objects = [
        {"label": "road", "polygon": [[1, 1], [5, 1], [5, 4], [1, 4]]},
        {"label": "car", "polygon": [[3, 2], [9, 2], [9, 9], [3, 9]]},
        {"label": "license plate", "polygon": [[0, 0], [9, 0], [9, 9], [0, 9]]},
        {"label": "cargroup", "polygon": [[0, 9], [1, 9], [1, 9]]},
        {"label": "sky", "polygon": [[0, 0], [9, 0], [9, 9]], "deleted": 1},
    ]
    wanted = np.zeros((10, 10), np.uint8)
    wanted[1:5, 1:6] = 7
    wanted[2:10, 3:10] = 26
    wanted[9, 0:2] = 26
    ids = draw_label_ids({"imgHeight": 10, "imgWidth": 10, "objects": objects}, "x")
    np.testing.assert_array_equal(ids[:, :, 0], wanted)
    assert ids.dtype == np.uint8


@pytest.mark.parametrize("seed", range(20))
def test_the_official_tool_draws_the_same_pixels(seed: int, tmp_path: Path) -> None:
    annotation = pytest.importorskip("cityscapesscripts.helpers.annotation", reason="an optional oracle")
    tool = pytest.importorskip("cityscapesscripts.preparation.json2labelImg")
    (tmp_path / "polygons.json").write_text(json.dumps(scene(seed)))
    theirs = annotation.Annotation()
    theirs.fromJsonFile(str(tmp_path / "polygons.json"))
    wanted = np.asarray(tool.createLabelImage(theirs, "ids"))
    np.testing.assert_array_equal(draw_label_ids(scene(seed), "x")[:, :, 0], wanted)
    assert len(np.unique(wanted)) > 5


def test_the_official_table_is_ours() -> None:
    labels = pytest.importorskip("cityscapesscripts.helpers.labels", reason="an optional oracle").labels
    theirs = {(row.id, row.name, row.trainId, row.categoryId, row.color) for row in labels}
    ours = {(row.id, row.name, row.train_id, row.category, row.colour) for row in CITYSCAPES_LABELS}
    assert {row if row[0] >= 0 else (*row[:2], 255, *row[3:]) for row in theirs} == ours


@pytest.mark.parametrize(
    "place, value, complaint",
    [
        (("objects", 0, "label"), "spaceship", "label 'spaceship' is not in the table"),
        (("objects", 0, "polygon"), [[0, 0], [1]], "no polygons file"),
        (("objects", 0, "polygon"), [[0, 0], [float("nan"), 1]], "no polygon of finite corners"),
        (("objects", 0, "polygon"), [], "no polygon of finite corners"),
        (("objects", 0, "polygon"), None, "no polygons file"),
        (("objects",), 5, "no polygons file"),
        (("imgWidth",), 0, "0x64 pixels"),
        (("imgWidth",), 10**9, "1000000000x64 pixels"),
        (("imgHeight",), "tall", "no polygons file"),
    ],
)
def test_what_is_no_polygons_file_is_a_bad_sample(place: tuple[Any, ...], value: object, complaint: str) -> None:
    document = copy.deepcopy(scene(0))
    document["objects"][0].pop("deleted", None)
    owner = document
    for step in place[:-1]:
        owner = owner[step]
    owner[place[-1]] = value
    with pytest.raises(BadSample, match=complaint) as caught:
        draw_label_ids(document, "some.json")
    assert caught.value.file == "some.json"
