from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SEGMENTATION, MakeDataset
from segmentation_set import square_samples
from sklearn.metrics import jaccard_score
from street_sets import make_street, street_options

from datasets.labels import IGNORE
from training.adaptation.methods import METHODS
from training.networks import street
from training.progress import Silent
from training.study.domains import StreetDomains
from training.study.engine import run_grid

CHOICES = ("last", "selected", "oracle")


@pytest.fixture(autouse=True)
def _few_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Making graphs of all layers is what takes the time."""
    monkeypatch.setattr(street, "WIDTHS", (8, 8))


class _Interrupting(Silent):
    """Stops the study at the second checkpoint of a row, before it is kept."""

    def __init__(self, row: str) -> None:
        self._row = row

    def advance(self, note: str = "") -> None:
        if note.startswith(f"{self._row} step 4"):
            raise KeyboardInterrupt


def arrays_of(out: Path, row: str) -> dict[str, np.ndarray]:
    with np.load(out / "rows" / f"{row}.npz") as stored:
        return dict(stored)


def test_stored_predictions_give_the_scores_of_every_row(make_dataset: MakeDataset, tmp_path: Path) -> None:
    further = make_dataset({"validation": square_samples(3, 5)}, SEGMENTATION, name="further")
    plain = make_dataset({"train": square_samples(17, 7)}, SEGMENTATION, name="plain")
    domains = make_street(
        make_dataset, other_real=further.directory, ablations=(f"colour={plain.directory}",),
        real_shares=(0.5,), synthetic_shares=(0.5,),
    )  # fmt: skip
    options = street_options(tmp_path / "study", "adabn")
    assert run_grid(options, domains, Silent()) == 0
    study = json.loads((options.out / "study.json").read_text("utf-8"))
    assert (study["schema_version"], study["study"], study["task"]) == (3, "street", "segmentation")
    _check_data(study, domains)
    # Of twelve real images four are held out; of the synthetic ones those that a hash picks.
    named = ("name", "section", "real_images", "starts_from")
    assert [tuple(entry[name] for name in named) for entry in study["entries"]] == [
        ("source_only", "main", None, None),
        ("on_target", "main", 8, None),
        ("real_4", "learning_curve", 4, None),
        ("without_colour", "ablation", None, None),
        *[(f"synthetic_{count}", "saturation", None, None) for count in _smaller_counts(study)],
        ("adabn", "main", None, "source_only"),
        ("finetune_4", "learning_curve", 4, "source_only"),
    ]  # fmt: skip
    with np.load(options.out / "test.npz") as stored:
        test = dict(stored)
    assert sorted(key.decode() for key in test["key"]) == sorted(f"2_{index}" for index in range(7))
    for entry in study["entries"]:
        _check_row(options.out, entry, test["label"])
    assert not list((options.out / "rows").glob(".*"))
    pictures = {path.name for path in (options.out / "examples").glob("test-*.png")}
    assert pictures == {f"test-{index}.png" for index in range(7)}


def _check_data(study: dict, domains: StreetDomains) -> None:  # type: ignore[type-arg]
    assert study["class_names"] == ["pet", "ground", "border"] or len(study["class_names"]) == 3
    assert len(study["class_colours"]) == 3
    for shares in study["data"]["class_shares"].values():
        assert sum(shares) == pytest.approx(1)
    # A square of 14 x 14 in a frame of two pixels on some 38 x 43.
    assert study["data"]["class_shares"]["target"][0] == pytest.approx(196 / (38 * 43), rel=0.15)
    assert study["data"]["examples"]["adapt"] == 8
    assert study["data"]["examples"]["validation"] == 4
    assert str(domains.synthetic) not in json.dumps(study)


def _smaller_counts(study: dict) -> list[int]:  # type: ignore[type-arg]
    """Half the synthetic images, and as many as the ablation has."""
    by_name = {entry["name"]: entry["synthetic_images"] for entry in study["entries"]}
    return sorted({round(by_name["source_only"] / 2), by_name["without_colour"]})


def _check_row(out: Path, entry: dict, truth: np.ndarray) -> None:  # type: ignore[type-arg]
    row = json.loads((out / "rows" / f"{entry['name']}-0.json").read_text("utf-8"))
    arrays = arrays_of(out, f"{entry['name']}-0")
    assert row["entry"] == entry
    assert truth.shape == (7, 40, 44)
    known = truth != IGNORE
    for choice in CHOICES:
        predicted = arrays[choice]
        assert (predicted.dtype, predicted.shape) == (np.uint8, truth.shape)
        # Padding is void in both, and nothing inside the image is.
        assert np.array_equal(predicted == IGNORE, ~known & (np.indices(truth.shape)[1:].sum(axis=0) > 0))
        reference = jaccard_score(truth[known], predicted[known], average="macro", labels=[0, 1, 2], zero_division=0)
        assert row["scores"][choice] == pytest.approx(reference)
        counts, confidences, hits = arrays[f"{choice}_calibration"].T
        assert counts.sum() == known.sum()
        assert hits.sum() == (truth == predicted)[known].sum()
        assert np.all(confidences <= counts)
        assert confidences.sum() >= counts.sum() / 3
        assert arrays[f"other_{choice}"].shape == (3, 3, 4)
    assert ("embedded_domain" in arrays) == (entry["section"] == "main")
    assert {point["step"] for point in row["curves"]} == ({0} if entry["method"] == "adabn" else {2, 4})
    best = max(row["curves"], key=lambda point: point["target_mean_iou"])
    assert row["chosen_step"]["oracle"] == best["step"]


@pytest.mark.parametrize("method", ["dacs", pytest.param("advent", marks=pytest.mark.slow)])
def test_a_row_of_label_maps_killed_inside_goes_on_to_the_bit(
    method: str, make_dataset: MakeDataset, tmp_path: Path
) -> None:
    """DACS has a teacher, AdvEnt an adversary with an optimiser of its own; both must come back."""
    domains = make_street(make_dataset, real_shares=(), synthetic_shares=())
    options = street_options(tmp_path / "study", method)
    rows, name = options.out / "rows", f"{method}-0"
    run_grid(options, domains, Silent())
    before = arrays_of(options.out, name)
    (rows / f"{name}.json").unlink()
    with pytest.raises(KeyboardInterrupt):
        run_grid(options, domains, _Interrupting(name))
    assert (rows / f".{name}" / "state.npz").is_file()
    assert not (rows / f"{name}.json").exists()
    lines: list[str] = []
    shown = Silent()
    shown.say = lines.append  # type: ignore[method-assign]
    assert run_grid(options, domains, shown) == 0
    assert [line.endswith("kept from an earlier run") for line in lines] == [True, True, False]
    after = arrays_of(options.out, name)
    assert after.keys() == before.keys()
    for kind, array in before.items():
        np.testing.assert_array_equal(array, after[kind], err_msg=kind)


def _predictions_with(labels: bool, make_dataset: MakeDataset, out: Path, methods: tuple[str, ...]) -> dict:  # type: ignore[type-arg]
    prefix = "other_" if labels else ""
    domains = make_street(make_dataset, prefix, other_labels=labels, real_shares=(), synthetic_shares=())
    options = street_options(out, *methods)
    run_grid(options, domains, Silent())
    return {name: arrays_of(out, f"{name}-0") for name in options.methods}


def _check_no_leak(methods: tuple[str, ...], make_dataset: MakeDataset, tmp_path: Path) -> None:
    first = _predictions_with(False, make_dataset, tmp_path / "one", methods)
    second = _predictions_with(True, make_dataset, tmp_path / "two", methods)
    for name in ("source_only", *methods):
        for choice in ("last", "selected"):
            np.testing.assert_array_equal(_inside(first[name][choice]), _inside(second[name][choice]), err_msg=name)
    assert not np.array_equal(_inside(first["on_target"]["last"]), _inside(second["on_target"]["last"]))


def _inside(predicted: np.ndarray) -> np.ndarray:
    return predicted[predicted != IGNORE]


def test_no_target_label_reaches_an_adapted_row(make_dataset: MakeDataset, tmp_path: Path) -> None:
    """With other labels for the target's images, validation and test among them, every such row stays to the bit."""
    _check_no_leak(("dacs",), make_dataset, tmp_path)


@pytest.mark.slow
def test_no_target_label_reaches_any_method(make_dataset: MakeDataset, tmp_path: Path) -> None:
    named = (*StreetDomains.defaults["methods"], *StreetDomains.more_methods)
    methods = tuple(name for name in named if name in METHODS)
    unlabelled = tuple(name for name in methods if METHODS[name].target_use != "labels" and name != "source_only")
    assert len(unlabelled) == 12
    _check_no_leak(unlabelled, make_dataset, tmp_path)
