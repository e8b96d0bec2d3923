"""Catalogues: every slip is told with a suggestion, and those that come along fit the packs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from datasets.errors import UsageError
from datasets.labels import LABEL_SPACES
from rendering.assets.catalogue import CATALOGUE_FOLDER, find_catalogues, read_catalogue
from rendering.assets.collection import collect
from rendering.randomisation import Dice, frame_generator
from tests.rendering.model_files import cube_glb

GOOD: dict[str, Any] = {
    "label_space": "things",
    "licence": "CC0-1.0",
    "assets": [
        {"file": "a.glb", "class": "car", "height_m": 1.5},
        {"file": "b.glb", "class": "cat", "unit_m": 0.25, "up": "z", "front": "-x"},
    ],
}


def written(tmp_path: Path, tree: Any) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree))
    return path


def changed(change: Any) -> dict[str, Any]:
    tree = {**GOOD, "assets": [dict(row) for row in GOOD["assets"]]}
    change(tree)
    return tree


def test_size_and_axes_follow_the_catalogue(tmp_path: Path) -> None:
    catalogue = read_catalogue(written(tmp_path, GOOD))
    cube_glb(tmp_path / "a.glb", scale=[2, 4, 2])
    cube_glb(tmp_path / "b.glb", scale=[1, 2, 3])
    car, cat = (catalogue.load(entry, tmp_path) for entry in catalogue.entries)
    np.testing.assert_allclose(car.size_m, (0.75, 1.5, 0.75), atol=1e-6)
    np.testing.assert_allclose(cat.size_m, (0.5, 0.75, 0.25), atol=1e-6)
    names = {row.id: row.name for row in LABEL_SPACES["things"].classes}
    assert (names[car.class_id], names[cat.class_id]) == ("car", "cat")


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda t: t.update(licens="x"), "unknown key 'licens'; did you mean 'licence'"),
        (lambda t: t["assets"][0].update(heigth_m=1), r"assets\[0\]: unknown key 'heigth_m'; did you mean 'height_m'"),
        (lambda t: t["assets"][1].update(height_m=1), r"assets\[1\] \(b.glb\): give either height_m or unit_m"),
        (lambda t: t["assets"][0].pop("height_m"), "give either"),
        (lambda t: t["assets"][0].update(height_m="tall"), "height_m must be a number, got 'tall'"),
        (lambda t: t["assets"][0].update(height_m=True), "height_m must be a number, got True"),
        (lambda t: t["assets"][0].update(height_m=-1), "must be above 0"),
        (lambda t: t["assets"][0].update(height_m=float("nan")), "must be above 0"),
        (lambda t: t["assets"][0].update({"class": "carr"}), "no class 'carr'; did you mean 'car'"),
        (lambda t: t["assets"][0].update({"class": "background"}), "no class 'background'"),
        (lambda t: t["assets"][0].update(file="../x.glb"), "leads out of the folder"),
        (lambda t: t["assets"][0].update(file="/x.glb"), "leads out of the folder"),
        (lambda t: t["assets"][0].update(file="x.fbx"), "not read; there are"),
        (lambda t: t["assets"][0].update(up="z", front="-z"), "two different axes"),
        (lambda t: t["assets"][1].update(file="a.glb"), "'a.glb' is listed twice"),
        (lambda t: t.update(folder="../.."), "leads out of the folder"),
        (lambda t: t.update(label_space="thing"), "'thing' does not exist; did you mean 'things'"),
        (lambda t: t.update(label_space="pets_species"), "no background of id 0.*id 0 is 'cat'"),
        (lambda t: t.update(label_space="pets_trimap"), "no background of id 0.*'unused'"),
        (lambda t: t.update(assets=[]), "lists no assets"),
        (lambda t: t.update(assets="a.glb"), "assets must be a list"),
        (lambda t: t.update(assets=["a.glb"]), "must be a mapping"),
        (lambda t: t.pop("licence"), "licence is missing"),
    ],
)
def test_every_slip_is_told(tmp_path: Path, change: Any, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"catalogue\.yaml.*{reason}"):
        read_catalogue(written(tmp_path, changed(change)))


@pytest.mark.parametrize(
    "text, reason",
    [
        ("a: [", "not YAML"),
        ("!!python/object/apply:os.system ['true']", "not YAML"),
        ("a: &x [1]\nb: [*x, *x]", "aliases are not read"),
        ("- 1", "must be a mapping"),
    ],
)
def test_text_that_is_no_catalogue(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read_catalogue(written(tmp_path, text))


def test_which_catalogues_apply(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        find_catalogues(tmp_path / "gone")
    with pytest.raises(UsageError, match="none of the packs"):
        find_catalogues(tmp_path)
    (tmp_path / "kaykit_city" / "Assets" / "gltf").mkdir(parents=True)
    assert [found.name for found in find_catalogues(tmp_path)] == ["kaykit_city"]
    assert [found.name for found in find_catalogues(tmp_path, ("quaternius",))] == ["quaternius"]
    written(tmp_path, {**GOOD, "name": "mine"})
    assert [found.name for found in find_catalogues(tmp_path)] == ["mine"]


def test_collections_draw_classes_alike_and_tell_what_is_missing(tmp_path: Path) -> None:
    rows = [{"file": f"{name}.glb", "class": kind, "height_m": 1} for name, kind in
            (("a", "car"), ("b", "car"), ("c", "car"), ("d", "cat"))]  # fmt: skip
    for row in rows:
        cube_glb(tmp_path / row["file"])
    written(tmp_path, {**GOOD, "assets": rows, "name": "mine", "source": "here"})
    collection = collect(str(tmp_path))
    drawn = [collection.draw(Dice(frame_generator(0, index))).class_id for index in range(400)]
    assert 160 < drawn.count(drawn[0]) < 240
    assert collection.licence == "Generated, from models of others: mine: CC0-1.0 here."
    assert list(collect(str(tmp_path), (), ("cat",)).by_class) == [10]
    with pytest.raises(UsageError, match="no class 'lion'"):
        collect(str(tmp_path), (), ("lion",))
    with pytest.raises(UsageError, match="no asset is of class dog"):
        collect(str(tmp_path), (), ("dog",))
    with pytest.raises(UsageError, match="name it with --assets"):
        collect(None, ("mine",))
    (tmp_path / "d.glb").unlink()
    collect.cache_clear()
    with pytest.raises(UsageError, match=r"lists '.*d\.glb', which is missing"):
        collect(str(tmp_path))


def test_catalogues_that_come_along_are_sound() -> None:
    catalogues = [read_catalogue(path) for path in sorted(CATALOGUE_FOLDER.glob("*.yaml"))]
    assert len(catalogues) == 8
    assert sum(len(catalogue.entries) for catalogue in catalogues) == 260


def test_every_catalogued_model_loads_at_a_sensible_size(real_data: Path) -> None:
    heights = {
        "person": (1.5, 2.2), "car": (1.0, 2.1), "cat": (0.25, 0.45), "dog": (0.4, 0.9), "building": (2, 15),
        "street light": (4, 7), "traffic sign": (2, 8), "bicycle": (1, 1.2), "traffic cone": (0.3, 0.9),
    }  # fmt: skip
    names = {row.id: row.name for row in LABEL_SPACES["things"].classes}
    for catalogue in find_catalogues(real_data / "meshes"):
        for entry in catalogue.entries:
            asset = catalogue.load(entry, real_data / "meshes")
            low, high = heights.get(names[asset.class_id], (0.0, 15.0))
            assert low <= asset.size_m[1] <= high, asset.name
            np.testing.assert_allclose(asset.bounds_m[0, 1], 0, atol=1e-4)
            if names[asset.class_id] in ("car", "bus", "truck", "bicycle"):
                assert asset.size_m[2] > 1.2 * asset.size_m[0], asset.name
