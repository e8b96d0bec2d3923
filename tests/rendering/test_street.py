"""Streets: everything is labelled, stands on the ground and apart, and each factor varies alone."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shapely import MultiPoint, Polygon

from datasets.errors import UsageError
from datasets.label_lookups import lookup
from datasets.labels import IGNORE, LABEL_SPACES
from rendering.annotations import to_sample
from rendering.geometry import transform
from rendering.randomisation import FACTORS, Randomisation, frame_generator
from rendering.renderer import Renderer
from rendering.scene import Scene
from rendering.street import StreetScenes
from rendering.streets.classes import COUNTABLE, IDS
from rendering.streets.layouts import LAYOUTS
from rendering.streets.pictures import SKIES, horizon
from rendering.streets.recipes import StreetTexture
from rendering.streets.weather import WEATHERS

_SMALL = (60, 80)
_VEHICLES = [IDS[name] for name in ("car", "truck", "bus", "bicycle", "motorcycle")]


def light_of(levels: np.ndarray) -> np.ndarray:
    share = levels / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def drawn(index: int, scenes: StreetScenes | None = None) -> Scene:
    return (scenes or StreetScenes(_SMALL)).sample(frame_generator(0, index))


def test_a_scene_is_the_same_again_and_its_numbers_are_settled() -> None:
    for index in range(6):
        scene = drawn(index)
        text = scene.to_json()
        assert drawn(index).to_json() == text
        assert Scene.from_json(text).to_json() == text
        rounded = json.loads(text, parse_float=lambda digits: round(float(digits), 9))
        assert json.dumps(rounded, separators=(",", ":")) == text
        assert len(text) < 400_000


def test_every_class_is_seen_somewhere_and_nothing_is_unlabelled(gl: None) -> None:
    """All classes of Cityscapes' evaluation but the train; the look-ups take each pixel along."""
    scenes, seen = StreetScenes(_SMALL), Counter[int]()
    nineteen, eleven, eight = (lookup("cityscapes_ids", to) for to in ("cityscapes19", "camvid11", "street8"))
    with Renderer(*_SMALL, 1, annotations=scenes.annotations) as renderer:
        for index in range(60):
            frame = renderer.render(drawn(index, scenes))
            assert frame.semantic is not None
            assert frame.depth is not None
            for way in (nineteen, eleven, eight):
                assert (way(frame.semantic) != IGNORE).all()
            np.testing.assert_array_equal(frame.semantic == IDS["sky"], np.isinf(frame.depth))
            seen.update(np.unique(frame.semantic).tolist())
    names = {row.id: row.name for row in LABEL_SPACES["cityscapes_ids"].classes}
    wanted = {row.name for row in LABEL_SPACES["cityscapes19"].classes} - {"train"}
    assert {names[number] for number in seen} == wanted


def test_instances_are_numbered_as_in_cityscapes(gl: None) -> None:
    scenes = StreetScenes(_SMALL)
    countable = {IDS[name] for name in COUNTABLE}
    with Renderer(*_SMALL, 1, annotations=scenes.annotations) as renderer:
        for index in range(10):
            scene = drawn(index, scenes)
            by_class: dict[int, set[int]] = {}
            for thing in scene.objects:
                by_class.setdefault(thing.semantic, set()).add(thing.instance)
            for number, instances in by_class.items():
                expected = {number * 1000 + k for k in range(len(instances))} if number in countable else {0}
                assert instances == expected
            frame = renderer.render(scene)
            assert frame.instance is not None
            assert frame.semantic is not None
            counted = frame.instance > 0
            np.testing.assert_array_equal(counted, np.isin(frame.semantic, list(countable)))
            np.testing.assert_array_equal(frame.instance[counted] // 1000, frame.semantic[counted])
            sample = to_sample(frame, scene, "a")
            scenes.schema.check(sample)
            assert sample.objects is not None
            assert sample.objects.instance is not None
            assert set(sample.objects.instance.tolist()) == set(frame.instance[counted].tolist())


def test_the_ground_is_level_and_the_camera_is_that_of_a_car() -> None:
    for index in range(40):
        scene = drawn(index)
        view = scene.camera.world_to_camera
        eye = -view[:3, :3].T @ view[:3, 3]
        assert 1.15 - 1e-6 <= eye[1] <= 1.75 + 1e-6
        across = 2 * np.degrees(np.arctan(scene.camera.width / 2 / scene.camera.intrinsics[0, 0]))
        assert 46 - 1e-6 <= across <= 68 + 1e-6
        pitch = np.degrees(np.arcsin(-view[2, 1]))
        assert -3.8 - 1e-6 <= pitch <= 2.0 + 1e-6
        assert abs(np.degrees(np.arctan2(view[0, 1], -view[1, 1]))) < 1
    low, high = StreetScenes().view_deg
    assert low < 2 * np.degrees(np.arctan(1024 / 2262)) < high  # Cityscapes


def test_vehicles_stand_on_the_ground_and_apart() -> None:
    """Footprints from all vertices: convex outlines of two vehicles share at most a corner."""
    for index in range(25):
        outlines: dict[int, list[np.ndarray]] = {}
        for thing in drawn(index).objects:
            if thing.semantic in _VEHICLES:
                points = transform(thing.pose, thing.mesh.build().vertices)
                outlines.setdefault(thing.instance, []).append(points)
        hulls: list[Polygon] = []
        for instance, parts in outlines.items():
            points = np.concatenate(parts)
            low = points[:, 1].min()
            leaning = instance // 1000 in (IDS["bicycle"], IDS["motorcycle"])
            assert min(abs(low - 0), abs(low - 0.12)) < (0.08 if leaning else 0.01)
            hulls.append(MultiPoint(points[:, [0, 2]]).convex_hull)
        for one, other in itertools.combinations(hulls, 2):
            assert one.intersection(other).area < 0.25


def test_layouts_and_weathers_are_what_was_asked_for() -> None:
    for layout in LAYOUTS:
        for weather in WEATHERS:
            scene = drawn(3, StreetScenes(_SMALL, layouts=(layout,), weathers=(weather,)))
            assert (scene.sun.shadows is not None) == (weather in ("sun", "haze"))
            assert (scene.fog is not None) == (weather == "haze")
            assert scene.background.semantic == IDS["sky"]
    junction = drawn(3, StreetScenes(_SMALL, layouts=("junction",)))
    directions = {thing.mesh.values[3] for thing in junction.objects if thing.mesh.model == "kerb"}
    assert directions == {0.0, 90.0, -90.0}
    for layout in ("straight", "square", "suburb"):
        scene = drawn(3, StreetScenes(_SMALL, layouts=(layout,)))
        assert {thing.mesh.values[3] for thing in scene.objects if thing.mesh.model == "kerb"} == {0.0}


@pytest.mark.parametrize("factor", ["light", "background", "sensor", "material", "colour", "fog"])
def test_a_factor_held_fixed_leaves_the_others_as_they_were(factor: str) -> None:
    free_scenes = StreetScenes(_SMALL, weathers=("sun", "haze"))
    fixed = replace(free_scenes, randomisation=Randomisation().without(factor))
    held = [drawn(index, fixed) for index in range(4)]
    for index, scene in enumerate(held):
        free = drawn(index, free_scenes)
        assert [thing.mesh for thing in scene.objects] == [thing.mesh for thing in free.objects]
        for one, other in zip(scene.objects, free.objects, strict=True):
            np.testing.assert_array_equal(one.pose, other.pose)
        same = {
            "light": scene.sun == free.sun and scene.ambient == free.ambient,
            "background": scene.background == free.background,
            "sensor": replace(scene.sensor, exposure_ev=0) == replace(free.sensor, exposure_ev=0),
            "fog": scene.fog == free.fog,
            "material": [t.material.roughness for t in scene.objects] == [t.material.roughness for t in free.objects],
            "colour": [t.material.base_colour for t in scene.objects] == [t.material.base_colour for t in free.objects],
        }
        changed = {name for name, kept in same.items() if not kept}
        assert factor in changed or (factor == "fog" and free.fog is None)
        assert changed <= {factor} | {"light": {"background", "fog"}, "background": {"fog"}}.get(factor, set())
    if factor == "fog":
        assert all(scene.fog is None for scene in held)
        assert any(drawn(index, free_scenes).fog is not None for index in range(4))
    if factor == "light":
        assert len({scene.sun for scene in held}) == 1
    if factor == "colour":
        cars = {
            t.material.base_colour for s in held for t in s.objects if t.mesh.model == "car" and t.mesh.values[1] == 0
        }
        assert len(cars) == 1


def test_all_factors_at_once_can_be_held() -> None:
    scene = drawn(1, StreetScenes(_SMALL, randomisation=Randomisation().without(*FACTORS)))
    assert {thing.mesh.values[0] for thing in scene.objects if thing.mesh.model == "car"} == {0.0}


def test_bad_options_are_told() -> None:
    for options in ({"size": (4, 4)}, {"layouts": ("river",)}, {"weathers": ()}, {"view_deg": (50, 20)},
                    {"camera_height_m": (0.1, 1)}, {"asset_share": 2}, {"classes": ("car",)},
                    {"catalogues": ("kenney_cars",)}):  # fmt: skip
        with pytest.raises(UsageError, match="street"):
            StreetScenes(**options)  # type: ignore[arg-type]


def test_models_of_a_folder_stand_among_the_built_in_ones(real_data: Path) -> None:
    scenes = StreetScenes(_SMALL, assets=str(real_data / "meshes"), classes=("car", "person"), asset_share=1.0)
    models: Counter[tuple[str, int]] = Counter()
    for index in range(4):
        for thing in drawn(index, scenes).objects:
            models[thing.mesh.kind, thing.semantic] += 1
    assert models["asset", IDS["car"]] > 0
    assert models["asset", IDS["person"]] > 0
    assert models["street", IDS["car"]] == models["street", IDS["person"]] == 0
    assert models["street", IDS["vegetation"]] > 0
    assert "kenney" in scenes.licence


def test_class_shares_are_near_those_of_camvid(gl: None, real_data: Path) -> None:
    """Of the train split, in its 11 classes; half the sum of absolute differences, where 0 is equal and 1 disjoint."""
    real = np.zeros(256)
    for path in sorted((real_data / "camvid" / "trainannot").glob("*.png")):
        real += np.bincount(np.asarray(Image.open(path)).ravel(), minlength=256)
    rendered, way = np.zeros(256), lookup("cityscapes_ids", "camvid11")
    with Renderer(*_SMALL, 1, annotations=("semantic",)) as renderer:
        for index in range(80):
            frame = renderer.render(drawn(index))
            assert frame.semantic is not None
            rendered += np.bincount(way(frame.semantic).ravel(), minlength=256)
    shares = [counts[:11] / counts[:11].sum() for counts in (real, rendered)]
    assert np.abs(shares[0] - shares[1]).sum() / 2 < 0.08


def test_fog_takes_the_colour_of_the_sky_at_the_horizon() -> None:
    """Painted skies hold their lowest colour from three fifths down."""
    for number, row in enumerate(SKIES):
        if row[0] == "haze":
            sky = light_of(StreetTexture("sky", number).build()[160:, :, :3])
            np.testing.assert_allclose(horizon(number), sky.mean(axis=(0, 1)), atol=0.03)


def test_brightness_covers_camvid(gl: None, real_data: Path) -> None:
    """Of the train split: all levels together are spread alike, and frames vary as much from dark to bright."""
    rows, columns = _SMALL
    real = [
        np.asarray(Image.open(path).convert("RGB").resize((columns, rows), Image.Resampling.BOX))
        for path in sorted((real_data / "camvid" / "train").glob("*.png"))
    ]
    with Renderer(*_SMALL, 1, annotations=()) as renderer:
        rendered = [renderer.render(drawn(index)).colour for index in range(80)]
    one, other = np.stack(real).astype(float), np.stack(rendered).astype(float)
    np.testing.assert_allclose(other.mean(axis=(0, 1, 2)), one.mean(axis=(0, 1, 2)), atol=12)
    np.testing.assert_allclose(other.std(axis=(0, 1, 2)), one.std(axis=(0, 1, 2)), atol=8)
    for of_frame in (np.mean, np.std, np.median):
        bounds = [np.percentile(of_frame(levels, axis=(1, 2, 3)), (5, 95)) for levels in (one, other)]
        assert bounds[1][0] <= bounds[0][0] + 8  # levels; of 80 frames a twentieth are four
        assert bounds[1][1] >= bounds[0][1] - 8
