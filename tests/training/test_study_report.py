from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pages import Page
from study_folders import SPACE, corrupted, entry, hits_to_logits, real_points, streets, write_study

from datasets.errors import UsageError, VerificationError
from training.study.headline import headline, points, summary, warnings
from training.study.per_class import class_rows
from training.study.pictures import _apart, worst_images
from training.study.plots.planes import planes_figure
from training.study.reading import read_study
from training.study.report import write_report

ROOT = Path(__file__).parents[2]
QUALITY = {
    "source_only": 0.6, "adabn": 0.63, "dann": 0.68, "mixed": 0.84, "finetune_full": 0.86, "on_target": 0.84,
    "real_30": 0.6, "real_90": 0.7, "finetune_30": 0.76, "finetune_90": 0.8, "synthetic_1000": 0.55,
    "without_light": 0.5, "without_sensor": 0.59,
}  # fmt: skip
LABELS = streets(24, 45, 60)


def _street_entries() -> list[dict[str, object]]:
    saturated = {"sees": "nothing", "synthetic_images": 1000}
    return [
        *(entry(name) for name in ("source_only", "adabn", "dann")),
        entry("mixed", sees="labels", real_images=300),
        entry("finetune_full", method="on_target", sees="labels", starts_from="source_only", real_images=300),
        entry("on_target", title="Trained <on> target", real_images=300),
        *real_points((30, 90)),
        entry("synthetic_1000", "saturation", (0,), **saturated),
        *(entry(f"without_{factor}", "ablation", (0,), sees="nothing", ablates=factor)
          for factor in ("light", "sensor")),
    ]  # fmt: skip


def _predict(name: str, seed: int, choice: str) -> np.ndarray:
    better = {"last": 0.0, "selected": 0.01, "oracle": 0.02}[choice]
    return corrupted(LABELS, QUALITY[name] + better, seed)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    other = np.zeros((10, 11, 12), np.int64)
    other[:, np.arange(11), np.arange(11)] = 30
    other[:, np.arange(11), 0] += 10
    folder = write_study(
        tmp_path_factory.mktemp("street"), _street_entries(), LABELS, _predict, SPACE.names,
        pictures=rng.integers(0, 255, (24, 12, 16, 3)).astype(np.uint8), other=(other, lambda *_: other),
        missing=("dann-2", "without_sensor-0"),
    )  # fmt: skip
    write_report(folder)
    return folder


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Halves by construction: floor 40 %, DANN 60 %, ceiling 80 % of the same images, in every draw nearly half."""
    truth = np.arange(500) % 10
    shares = {"source_only": 0.4, "dann": 0.6, "on_target": 0.8}

    def predict(name: str, seed: int, choice: str) -> np.ndarray:
        order = np.random.default_rng(1).permutation(500)
        sure = 2.0 + (order % 7) / 2
        logits = hits_to_logits(truth, order < 500 * shares[name], 10, 1.0) * sure[:, None]
        return logits.astype(np.float32)

    pictures = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3)).astype(np.uint8)
    return write_study(tmp_path / "digits", [entry(name) for name in shares], truth, predict,
                       [str(digit) for digit in range(10)], pictures=pictures)  # fmt: skip


def test_the_page_of_streets_holds_every_part_and_loads_nothing(street: Path) -> None:
    text = (street / "report.html").read_text("utf-8")
    page = Page(text)
    for part in ("standing", "other", "amounts", "ablation", "classes", "confusion", "worst", "calibration", "training",
                 "health", "distances", "audit", "identity"):  # fmt: skip
        assert part in page.ids, part
    assert len(page.ids) == len(set(page.ids))
    assert all(load.startswith(("data:image/png;base64,", "#")) for load in page.loads)
    assert {load[1:] for load in page.loads if load.startswith("#")} <= set(page.ids)
    assert "script" not in page.tags
    assert "url(http" not in text
    assert "@import" not in text
    assert "Trained <on> target" in page.text
    assert "nan" not in re.sub(r"<svg.*?</svg>|base64,[^\"]*", "", text, flags=re.DOTALL)
    assert "2 rows have not run and are left out: dann-2, without_sensor-0." in page.text
    assert write_report(street).read_text("utf-8") == text


def test_the_report_says_what_a_recount_of_the_predictions_says(street: Path) -> None:
    report = json.loads((street / "report.json").read_text("utf-8"))
    assert report["schema_version"] == 3
    entries = {found["name"]: found for found in report["entries"]}
    assert entries["dann"]["seeds"] == [0, 1]
    assert "without_sensor" not in entries
    for name, found in entries.items():
        for choice, scores in found["scores"].items():
            rows = [json.loads((street / "rows" / f"{name}-{seed}.json").read_text()) for seed in found["seeds"]]
            assert scores["by_seed"] == pytest.approx([row["scores"][choice] for row in rows], abs=1e-12)
            assert scores["interval"]["low"] < scores["score"] < scores["interval"]["high"]
    gap = entries["dann"]["gaps"]["last"]
    m, s, t = (entries[name]["scores"]["last"]["score"] for name in ("dann", "source_only", "on_target"))
    assert gap["coverage"]["value"] == pytest.approx((m - s) / (t - s))
    assert gap["relative"] == pytest.approx(m / t)
    assert entries["real_30"]["gaps"] == {}
    assert [found["factor"] for found in report["ablation"]] == ["light"]
    assert set(report["other_real"]["last"]) == set(QUALITY) & {"source_only", "adabn", "dann", "mixed",
                                                                "finetune_full", "on_target"}  # fmt: skip
    assert report["learning_curve"][0]["real_images"] == 30
    assert report["learning_curve"][0]["pretrained_gain"]["value"] > 0
    assert report["break_even"]["mixed"] is None


def test_rows_of_classes_are_those_of_their_confusions(street: Path) -> None:
    study = read_study(street)
    rows = {row.name: row for row in class_rows(study)}
    road, counted = SPACE.names.index("road"), LABELS != 255
    true, ious = road == LABELS, []
    for name in ("source_only", "on_target"):
        answers = [counted & (_predict(name, seed, "last") == road) for seed in (0, 1, 2)]
        ious.append(np.mean([(true & answer).sum() / (true | answer).sum() for answer in answers]))
    row = rows["road"]
    assert [row.scores["source_only"], row.scores["on_target"]] == pytest.approx(ious)
    assert row.difference is not None
    assert row.difference.value == pytest.approx(ious[0] - ious[1])
    assert row.difference.differs
    assert np.isnan(rows["bicyclist"].scores["source_only"])
    assert rows["bicyclist"].difference is None
    shares = np.bincount(LABELS[LABELS != 255], minlength=11) / (LABELS != 255).sum()
    assert row.target_share == pytest.approx(shares[road])
    mistakes = {name: found.mistake for name, found in rows.items()}
    assert mistakes["road"] is not None
    assert SPACE.names[mistakes["road"].answer] != "road"


def test_the_worst_street_is_the_one_of_which_the_best_adapted_makes_least(street: Path) -> None:
    study = read_study(street)
    assert study.best_adapted is not None
    assert study.best_adapted.name == "dann"
    answers, scores = _predict("dann", 0, "last"), []
    for truth, found in zip(LABELS, answers, strict=True):
        classes = np.unique(truth[truth != 255])
        counted = truth != 255
        pairs = [(counted & (truth == k), counted & (found == k)) for k in classes]
        scores.append(np.mean([(one & other).sum() / (one | other).sum() for one, other in pairs]))
    worst = worst_images(study)
    assert [image.key for image in worst] == [f"image {index:04}" for index in np.argsort(scores)[:6]]
    assert [answer.title for answer in worst[0].answers] == ["Truth", "Source only", "Dann", "Trained <on> target"]
    assert worst[0].answers[2].words == f"{100 * min(scores):.0f}\u202f%"


def test_digits_half_way_between_cover_half_and_the_surest_errors_are_shown(digits: Path) -> None:
    page = Page(write_report(digits).read_text("utf-8"))
    report = json.loads((digits / "report.json").read_text("utf-8"))
    dann = next(found for found in report["entries"] if found["name"] == "dann")
    coverage = dann["gaps"]["last"]["coverage"]
    assert coverage["value"] == pytest.approx(0.5)
    assert coverage["interval"]["low"] < 0.5 < coverage["interval"]["high"]
    assert "recognises 40.0\u202f% of the real test images; trained on real ones, 80.0\u202f%" in page.text
    assert "closes 50\u202f% of the gap" in page.text
    worst = worst_images(read_study(digits))
    truth, logits = np.arange(500) % 10, np.load(digits / "rows" / "dann-0.npz")["last"]
    sure = np.where(logits.argmax(axis=1) == truth, 0.0, logits.max(axis=1))[:40]
    assert [image.key for image in worst] == [f"image {index:04}" for index in np.argsort(-sure, kind="stable")[:6]]
    assert worst[0].answers[0].words == str(truth[int(np.argmax(sure))])
    for part in ("amounts", "ablation", "other"):
        assert part not in page.ids


def test_words_claim_no_more_than_intervals_carry(street: Path, digits: Path, tmp_path: Path) -> None:
    study = read_study(street)
    assert headline(study).startswith("Trained on synthetic images alone, the network reaches a mean IoU of ")
    told = " ".join(summary(study))
    assert "Pre-training on synthetic images still helps with all 300 labelled real ones" in told
    assert "most depends on light: without it the score falls by" in told
    assert "Fewer than three seeds for Dann" in " ".join(warnings(study))
    truth = np.arange(60) % 3
    alike = write_study(tmp_path / "alike", [entry(name) for name in ("source_only", "dann", "on_target")], truth,
                        lambda *_: hits_to_logits(truth, truth < 2, 3), ("a", "b", "c"))  # fmt: skip
    assert headline(read_study(alike)).endswith("no gap is shown.")
    page = Page(write_report(alike).read_text("utf-8"))
    assert "undefined" in page.text
    assert "worst" not in page.ids


def test_more_synthetic_images_may_do_harm_and_a_method_may_beat_the_ceiling(tmp_path: Path) -> None:
    truth, order = np.arange(400) % 4, np.random.default_rng(2).permutation(400)
    shares = {"on_target": 0.6, "dann": 0.8, "source_only": 0.4, "synthetic_100": 0.5}
    entries = [entry(name, synthetic_images=200) for name in ("on_target", "dann", "source_only")]
    entries.append(entry("synthetic_100", "saturation", (0,), synthetic_images=100, sees="nothing"))
    asked = {"seeds": [0, 1, 2], "selection": "infomax", "methods": ["source_only", "dann", "on_target"]}
    folder = write_study(
        tmp_path / "study", entries, truth, lambda name, *_: hits_to_logits(truth, order < 400 * shares[name], 4),
        ("a", "b", "c", "d"), changes={"options": asked},
    )  # fmt: skip
    study = read_study(folder)
    assert [result.name for result in study.main] == asked["methods"]
    assert headline(study).endswith("reaches 80.0\u202f%, which is more still.")
    assert summary(study)[0].startswith("Doubling the rendered images takes away 10.0 points (")


def test_points_have_a_true_minus_and_nothing_has_none() -> None:
    assert (points(-0.0321), points(-0.0001), points(0.0), points(float("nan"))) == ("\u22123.2", "0.0", "0.0", "–")


def test_worst_neighbours_of_a_video_are_shown_once(street: Path) -> None:
    keys = np.array([f"b{index:03}" for index in range(96)])
    assert _apart([50, 51, 53, 54, 10, 0, 95], keys) == [50, 54, 10, 0, 95]
    assert _apart([0, 95], keys[::-1]) == [0, 95]


def test_no_dot_of_a_plane_is_thinned_out(street: Path) -> None:
    rng = np.random.default_rng(0)
    study = read_study(street)
    places = {"embedded_domain": np.repeat([0, 1], 200), "principal_components": rng.normal(0, 1e-3, (400, 2))}
    crowded = replace(study, entries=(replace(study.entries[0], pictures=places),))
    figure = planes_figure(crowded, "principal_components", "plane")
    assert figure is not None
    paths = re.findall(r'<path d="([^"]*)"[^>]*stroke-linecap: round', figure)
    assert sum(path.count("L") for path in paths) == 400


def test_what_does_not_belong_to_the_study_is_refused_or_left_out(digits: Path) -> None:
    rows = digits / "rows"
    document = json.loads((digits / "study.json").read_text("utf-8"))
    stale = json.loads((rows / "dann-1.json").read_text("utf-8")) | {"digest": "f" * 64}
    (rows / "dann-1.json").write_text(json.dumps(stale))
    assert read_study(digits).missing == ("dann-1",)

    test = dict(np.load(digits / "test.npz"))
    np.savez(digits / "test.npz", key=test["key"], label=(test["label"] + 1) % 10)
    with pytest.raises(VerificationError, match="scored on different test images"):
        read_study(digits)
    np.savez(digits / "test.npz", key=test["key"][1:], label=test["label"][1:])
    with pytest.raises(VerificationError, match="scored on other images than those of test.npz"):
        read_study(digits)
    (digits / "test.npz").write_bytes(b"no archive")
    with pytest.raises(VerificationError, match=r"test.npz is damaged"):
        read_study(digits)
    for seed in (0, 1, 2):
        (rows / f"on_target-{seed}.json").unlink()
    np.savez(digits / "test.npz", **test)
    with pytest.raises(UsageError, match="the study lacks on_target, which all others are measured by"):
        read_study(digits)
    (digits / "study.json").write_text(json.dumps(document | {"schema_version": 2}))
    with pytest.raises(UsageError, match="has schema version 2, this program reads 3"):
        read_study(digits)
    (digits / "study.json").unlink()
    with pytest.raises(UsageError, match="holds no study"):
        read_study(digits)


def test_reports_and_comparisons_need_no_tensorflow() -> None:
    code = (
        "import sys, training.study.report, training.study.comparing; "
        "assert not {'tensorflow', 'keras', 'apache_beam'} & {name.partition('.')[0] for name in sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
