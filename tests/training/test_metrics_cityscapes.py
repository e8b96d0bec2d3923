"""Scores against the official Cityscapes tools, on random maps with void, groups, small objects and absent classes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datasets.label_lookups import lookup
from datasets.label_tables import CITYSCAPES_LABELS
from datasets.labels import IGNORE, LABEL_SPACES
from training.instances import instance_map
from training.metrics.average_precision import InstanceMatches, PredictedInstance
from training.metrics.boundary_iou import BoundaryCounts
from training.metrics.conventions import CITYSCAPES_CATEGORIES, CONVENTIONS, category_iou
from training.metrics.instance_iou import CITYSCAPES_MEAN_SIZES, InstanceConfusion
from training.metrics.panoptic import PanopticCounts

pytest.importorskip("cityscapesscripts")

THINGS = (24, 25, 26, 27, 28, 31, 32, 33)
NAMES = LABEL_SPACES["cityscapes19"].names
ID_OF = {row.name: row.id for row in CITYSCAPES_LABELS}
EVALUATED = [ID_OF[name] for name in NAMES]
VOID = [row.id for row in CITYSCAPES_LABELS if row.train_id == IGNORE]
SHAPE = (60, 90)


@pytest.fixture
def official(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The official modules, quiet, writing nothing outside the test's folder."""
    # The tools predate NumPy 2.4, which took the name away.
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)
    monkeypatch.chdir(tmp_path)
    from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as instance
    from cityscapesscripts.evaluation import evalPanopticSemanticLabeling as panoptic
    from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as pixel

    monkeypatch.setattr(instance, "writeDict2JSON", lambda *_: None)  # it chokes on NumPy's integers

    with _settings(pixel), _settings(instance):
        for module in (pixel, instance):
            module.args.quiet, module.args.JSONOutput = True, False
        instance.args.gtInstancesFile = str(tmp_path / "gtInstances.json")
        instance.args.predictionPath = str(tmp_path)
        yield SimpleNamespace(pixel=pixel, instance=instance, panoptic=panoptic)


@contextmanager
def _settings(module: ModuleType) -> Iterator[None]:
    before = dict(vars(module.args))
    yield
    vars(module.args).clear()
    vars(module.args).update(before)


def _scene(rng: np.random.Generator) -> np.ndarray:
    """An instance map: blocks of stuff and void, and rectangles that are objects, groups or small objects."""
    stuff = [0, 4, 7, 8, 11, 17, 21, 23, 9, 30]
    scene = rng.choice(stuff, (6, 9)).repeat(10, axis=0).repeat(10, axis=1).astype(np.int32)
    for number in range(9):
        label = int(rng.choice([24, 25, 26, 26, 28, 33, 29]))
        value = label if rng.random() < 0.25 else label * 1000 + number
        top, left = rng.integers(0, 45), rng.integers(0, 70)
        scene[top : top + rng.integers(4, 20), left : left + rng.integers(4, 25)] = value
    return scene


def _ids(instances: np.ndarray) -> np.ndarray:
    return np.where(instances >= 1000, instances // 1000, instances).astype(np.uint8)


def _predicted_ids(rng: np.random.Generator, truth: np.ndarray) -> np.ndarray:
    """The truth in its evaluated classes with noise in blocks, some of it void."""
    noise = rng.choice([*EVALUATED, 0], (12, 18)).repeat(5, axis=0).repeat(5, axis=1)
    wrong = (rng.random((12, 18)) < 0.4).repeat(5, axis=0).repeat(5, axis=1)
    return np.where(wrong | np.isin(truth, VOID), noise, truth).astype(np.uint8)


def test_iou_of_classes_and_categories_and_iiou_are_the_official_ones(
    official: SimpleNamespace, tmp_path: Path
) -> None:
    to_dense = lookup("cityscapes_ids", "cityscapes19").table
    sizes = np.array([CITYSCAPES_MEAN_SIZES.get(name, np.nan) for name in NAMES])
    total, files = InstanceConfusion.empty(sizes), []
    for index in range(4):
        rng = np.random.default_rng(index)
        instances = _scene(rng)
        truth = _ids(instances)
        prediction = _predicted_ids(rng, truth)
        files.append((tmp_path / f"p_{index}.png", tmp_path / f"t_{index}_labelIds.png"))
        Image.fromarray(prediction).save(files[-1][0])
        Image.fromarray(truth).save(files[-1][1])
        Image.fromarray(instances.astype(np.uint16)).save(tmp_path / f"t_{index}_instanceIds.png")
        total += InstanceConfusion.of(to_dense[truth], to_dense[prediction], instances, sizes)
    expected = official.pixel.evaluateImgLists(*([str(pair[i]) for pair in files] for i in (0, 1)), official.pixel.args)

    by_name = [expected["classScores"][name] for name in NAMES]
    np.testing.assert_allclose(total.confusion.iou, by_name, rtol=1e-12)
    assert np.isnan(by_name).sum() == 0  # noise predicts every class
    assert CONVENTIONS["19"].mean_iou(total.confusion) == pytest.approx(expected["averageScoreClasses"], rel=1e-12)
    np.testing.assert_allclose(total.iiou, [expected["classInstScores"][name] for name in NAMES], rtol=1e-12)
    categories = category_iou(total.confusion, CITYSCAPES_CATEGORIES)
    assert categories == pytest.approx({name: expected["categoryScores"][name] for name in categories}, rel=1e-12)
    np.testing.assert_allclose(
        total.group_iiou(list(CITYSCAPES_CATEGORIES.values())),
        [expected["categoryInstScores"][name] for name in CITYSCAPES_CATEGORIES],
        rtol=1e-12,
    )


def test_scores_of_real_street_scenes_are_the_official_ones(
    official: SimpleNamespace, tmp_path: Path, real_data: Path
) -> None:
    """CamVid's annotations in the ids of Cityscapes, each frame taken for a prediction of the one before."""
    names = LABEL_SPACES["camvid11"].names
    same = {"pavement": "sidewalk", "tree": "vegetation", "sign symbol": "traffic sign", "pedestrian": "person",
            "bicyclist": "bicycle"}  # fmt: skip
    table = np.array([ID_OF[same.get(name, name)] for name in names] + [0], np.uint8)
    to_dense = lookup("cityscapes_ids", "cityscapes19").table
    sizes = np.array([CITYSCAPES_MEAN_SIZES.get(name, np.nan) for name in NAMES])
    paths = sorted((real_data / "camvid" / "valannot").glob("*.png"))[:4]
    frames = [table[np.asarray(Image.open(path))] for path in paths]
    total, boundaries, lists = InstanceConfusion.empty(sizes), BoundaryCounts.empty(19), ([], [])
    for index, (truth, prediction) in enumerate(pairwise(frames)):
        instances = instance_map(truth, THINGS, least_pixels=20)
        for kind, pixels, files in (("p", prediction, lists[0]), ("t_labelIds", truth, lists[1])):
            Image.fromarray(pixels).save(tmp_path / f"{index}_{kind}.png")
            files.append(str(tmp_path / f"{index}_{kind}.png"))
        Image.fromarray(instances.astype(np.uint16)).save(tmp_path / f"{index}_t_instanceIds.png")
        total += InstanceConfusion.of(to_dense[truth], to_dense[prediction], instances, sizes)
        boundaries += BoundaryCounts.of(to_dense[truth], to_dense[prediction], 19)
    expected = official.pixel.evaluateImgLists(*lists, official.pixel.args)
    np.testing.assert_allclose(total.confusion.iou, [expected["classScores"][name] for name in NAMES], rtol=1e-12)
    np.testing.assert_allclose(total.iiou, [expected["classInstScores"][name] for name in NAMES], rtol=1e-12)
    assert 0.3 < total.confusion.mean_iou < 0.95
    assert boundaries.mean_iou < total.confusion.mean_iou


def _predictions(rng: np.random.Generator, instances: np.ndarray) -> list[PredictedInstance]:
    """Objects of the truth shifted a little, some twice, and rectangles of nothing."""
    found = []
    for value in np.unique(instances[instances >= 24]).tolist():
        for _ in range(rng.integers(0, 3)):
            mask = np.roll(instances == value, rng.integers(-2, 3, 2), (0, 1))
            label = value // 1000 if value >= 1000 else value
            found.append(PredictedInstance(mask, label, float(rng.integers(1, 12)) / 12))
    for _ in range(4):
        mask = np.zeros(SHAPE, bool)
        top, left = rng.integers(0, 50), rng.integers(0, 80)
        mask[top : top + 12, left : left + 9] = True
        found.append(PredictedInstance(mask, int(rng.choice(THINGS)), float(rng.random())))
    return found


def test_instance_ap_is_the_official_one(official: SimpleNamespace, tmp_path: Path) -> None:
    matches, truths, lists = InstanceMatches(THINGS), [], []
    for index in range(6):
        rng = np.random.default_rng(100 + index)
        instances = _scene(rng)
        predictions = _predictions(rng, instances)
        matches.add(instances, predictions, VOID)
        truths.append(str(tmp_path / f"{index}_instanceIds.png"))
        Image.fromarray(instances.astype(np.uint16)).save(truths[-1])
        lines = []
        for number, each in enumerate(predictions):
            Image.fromarray(each.mask.astype(np.uint8) * 255).save(tmp_path / f"{index}_{number}.png")
            lines.append(f"{index}_{number}.png {each.label} {each.score}\n")
        lists.append(str(tmp_path / f"{index}.txt"))
        Path(lists[-1]).write_text("".join(lines))
    expected = official.instance.evaluateImgLists(lists, truths, official.instance.args)

    labels = [ID_OF[name] for name in expected["instLabels"]]
    rows = [THINGS.index(label) for label in labels]
    np.testing.assert_allclose(matches.table()[rows], np.array(expected["resultApMatrix"])[0], rtol=1e-12)
    assert matches.scores()["ap"] == pytest.approx(expected["averages"]["allAp"], rel=1e-12)
    assert matches.scores()["ap50"] == pytest.approx(expected["averages"]["allAp50%"], rel=1e-12)
    assert 0.05 < matches.scores()["ap"] < 0.95  # type: ignore[operator]


def test_panoptic_quality_is_the_official_one(official: SimpleNamespace, tmp_path: Path) -> None:
    counts, annotations = PanopticCounts.empty(), []
    for index in range(6):
        rng = np.random.default_rng(200 + index)
        instances = _scene(rng)
        truth = np.where(np.isin(_ids(instances), VOID), IGNORE, instances)
        prediction = np.roll(truth, rng.integers(-3, 4, 2), (0, 1))
        prediction = np.where(np.isin(prediction, THINGS), IGNORE, prediction)  # a prediction has no groups
        noise = (rng.random((6, 9)) < 0.2).repeat(10, axis=0).repeat(10, axis=1)
        prediction = np.where(noise, 26077, prediction)
        counts += PanopticCounts.of(truth, prediction, THINGS)
        annotations.append([_annotated(tmp_path, f"{kind}{index}", ids, crowds) for kind, ids, crowds in
                            (("t", truth, THINGS), ("p", prediction, ()))])  # fmt: skip
    kinds = {row.id: {"isthing": int(row.id in THINGS)} for row in CITYSCAPES_LABELS if row.train_id != IGNORE}
    statistics = official.panoptic.pq_compute_single_core(0, annotations, str(tmp_path), str(tmp_path), kinds)
    averages = official.panoptic.average_pq(statistics, kinds)

    for label in kinds:
        theirs = statistics[label]
        ours = [getattr(counts, name)[label] for name in ("matched", "false", "missed")]
        assert ours == [theirs.tp, theirs.fp, theirs.fn], label
        if sum(ours):
            assert counts.quality[label] == pytest.approx(averages["per_class"][label]["pq"], rel=1e-12)
            assert counts.segmentation_quality[label] == pytest.approx(averages["per_class"][label]["sq"], rel=1e-12)
            assert counts.recognition_quality[label] == pytest.approx(averages["per_class"][label]["rq"], rel=1e-12)
    assert counts.mean_quality(kinds) == pytest.approx(averages["All"]["pq"], rel=1e-12)
    assert counts.mean_quality(THINGS) == pytest.approx(averages["Things"]["pq"], rel=1e-12)
    assert min(counts.matched.sum(), counts.false.sum(), counts.missed.sum()) > 5


def _annotated(folder: Path, name: str, ids: np.ndarray, crowds: tuple[int, ...]) -> dict[str, Any]:
    """A panoptic PNG, in which 0 is void, and what COCO's format says about its segments."""
    ids = np.where(ids == IGNORE, 0, ids)
    colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
    Image.fromarray(colours).save(folder / f"{name}.png")
    segments = [
        {"id": value, "category_id": value // 1000 if value >= 1000 else value, "iscrowd": int(value in crowds),
         "area": int((ids == value).sum())}
        for value in np.unique(ids[ids > 0]).tolist()
    ]  # fmt: skip
    return {"file_name": f"{name}.png", "image_id": name, "segments_info": segments}
