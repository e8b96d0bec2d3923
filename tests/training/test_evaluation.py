from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SEGMENTATION, MakeDataset
from segmentation_set import build_tiny, square_samples

import realitygap
import training_commands
from datasets.dataset import Dataset
from datasets.errors import UsageError, VerificationError
from datasets.labels import LABEL_SPACES
from datasets.sample import Sample
from datasets.schema import Column, Schema
from training.evaluation import evaluate_run, load_network, scores
from training.experiment import train
from training.files import json_line
from training.metrics.confusion import Confusion
from training.networks.catalogue import NETWORKS
from training.progress import Silent
from training.run_directory import RunDirectory
from training.train_options import TrainOptions

STREET = Schema.of(Column("image", (None, None, 3)), Column("semantic", (None, None, 1), "cityscapes19"))


@pytest.fixture
def dataset(make_dataset: MakeDataset) -> Dataset:
    return make_dataset({"train": square_samples(24, 0), "test": square_samples(20, 1)}, SEGMENTATION)


@pytest.fixture
def run(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    monkeypatch.setitem(NETWORKS, "tiny", replace(NETWORKS["pets"], build=build_tiny))
    options = TrainOptions(dataset.directory, tmp_path / "run", "tiny", size=(32, 32), batch_size=8, epochs=1)
    train(options, Silent())
    return RunDirectory(options.out)


def test_confusions_of_the_images_add_up_and_are_of_their_own_sizes(run: RunDirectory, dataset: Dataset) -> None:
    result = evaluate_run(run, dataset, "train")
    stem = f"{dataset.name}-train-{dataset.fingerprint[:12]}"
    with np.load(run.evaluations / f"{stem}.npz", allow_pickle=False) as stored:
        keys, matrices = stored["key"], stored["confusion"]
    samples = {sample.key: sample for sample in square_samples(24, 0)}
    assert set(keys) == set(samples)
    assert result["images"] == 24
    for key, matrix in zip(keys, matrices, strict=True):
        assert matrix.sum() == samples[key].image.height * samples[key].image.width - 1
    np.testing.assert_array_equal(matrices.sum(axis=0), result["confusion"])
    assert result["mean_iou"] == Confusion(matrices.sum(axis=0)).mean_iou
    assert result == json.loads((run.evaluations / f"{stem}.json").read_text())
    assert result["dataset"]["fingerprint"] == dataset.fingerprint


def test_sets_whose_names_hold_a_dot_have_results_of_their_own(run: RunDirectory, make_dataset: MakeDataset) -> None:
    sets = [
        make_dataset({"test": square_samples(count, 3)}, SEGMENTATION, name=f"pets-1.{count}", shards=1)
        for count in (2, 3)
    ]
    results = [evaluate_run(run, found, "test") for found in sets]
    assert [result["images"] for result in results] == [2, 3]
    for found, result in zip(sets, results, strict=True):
        stem = f"{found.name}-test-{found.fingerprint[:12]}"
        assert json.loads((run.evaluations / f"{stem}.json").read_text()) == result
        with np.load(run.evaluations / f"{stem}.npz", allow_pickle=False) as stored:
            np.testing.assert_array_equal(stored["confusion"].sum(axis=0), result["confusion"])


def test_scores_of_which_nothing_can_be_said_are_undefined(capsys: pytest.CaptureFixture[str]) -> None:
    empty = scores(Confusion.empty(3), LABEL_SPACES["pets_trimap"])
    stored = json.loads(json_line({**empty, "mean_iou": float("nan")}))
    assert stored["accuracy"] is None
    training_commands._print_scores(stored)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [[name, "absent"] for name in ("pet", "background", "border")]
    assert lines[3].startswith("  mean       undefined   IoU")
    assert lines[4] == "  pixel accuracy undefined"


def test_the_command_prints_what_is_stored(
    run: RunDirectory, dataset: Dataset, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["evaluate", str(run.path), str(dataset.directory), "--split", "test"]
    assert realitygap.main([*words, "--json", "--predictions", str(tmp_path / "maps")]) == 0
    document = json.loads(capsys.readouterr().out)
    stored = json.loads(run.result.read_text())
    assert document["confusion"] == stored["confusion"]
    assert document["convention"] == stored["convention"] == "pets_trimap"
    assert len(list((tmp_path / "maps").glob("*.png"))) == 20
    assert realitygap.main(words) == 0
    assert "pixel accuracy" in capsys.readouterr().out
    assert realitygap.main(words[:3]) == 2
    assert realitygap.main(["evaluate", str(tmp_path), str(dataset.directory), "--split", "test"]) == 2
    assert "holds no run" in capsys.readouterr().err


def test_another_label_space_is_refused_unless_it_is_looked_up(
    run: RunDirectory, make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.zeros((8, 8, 1), np.uint8)
    sample = Sample(key="a", image=np.zeros((8, 8, 3), np.uint8), semantic=labels)  # type: ignore[arg-type]
    street = make_dataset({"test": [sample]}, STREET, name="street", shards=1)
    with pytest.raises(UsageError, match=r"labels of 'cityscapes19', but .*run predicts 'pets_trimap'; --look-up"):
        evaluate_run(run, street, "test")
    with pytest.raises(UsageError, match="pets_trimap"):
        evaluate_run(run, street, "test", look_up=True)
    with pytest.raises(UsageError, match="no split 'val'"):
        evaluate_run(run, Dataset.open(run.path.parent / "miniature"), "val")


def test_a_run_is_scored_in_its_own_space_where_the_two_are_related(
    make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NETWORKS, "tiny", replace(NETWORKS["pets"], build=build_tiny))
    samples = [
        Sample(
            key=f"{i}",
            image=np.full((16, 16, 3), 20 * i, np.uint8),
            semantic=np.full((16, 16, 1), 13 * (i % 2), np.uint8),
        )  # type: ignore[arg-type]
        for i in range(12)
    ]
    street = make_dataset({"train": samples, "test": samples[:5]}, STREET, name="street")
    options = TrainOptions(
        street.directory,
        tmp_path / "run",
        "tiny",
        label_space="camvid11",
        size=(16, 16),
        batch_size=4,
        epochs=1,
        validation_share=0.4,
    )
    result = train(options, Silent())
    assert (result["label_space"], result["convention"]) == ("camvid11", "camvid11")
    truth = np.array(result["confusion"]).sum(axis=1)
    counted = {name: count for name, count in zip(result["iou"], truth.tolist(), strict=True) if count}
    assert counted == {"road": 3 * 256, "car": 2 * 256}
    run = RunDirectory(options.out)
    with pytest.raises(UsageError, match="--look-up"):
        evaluate_run(run, street, "test")
    assert evaluate_run(run, street, "test", look_up=True)["confusion"] == result["confusion"]


def test_damaged_old_and_foreign_networks_are_refused(run: RunDirectory, tmp_path: Path) -> None:
    whole = run.best.read_bytes()
    for name, data in (
        ("cut.keras", whole[: len(whole) // 2]),
        ("old.h5", b"\x89HDF\r\n\x1a\n" + bytes(64)),
        ("empty.keras", b""),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(VerificationError, match="damaged"):
            load_network(tmp_path / name)
    import keras

    evil = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    evil.save(tmp_path / "evil.keras")
    with pytest.raises(VerificationError, match="cannot be loaded"):
        load_network(tmp_path / "evil.keras")
    with pytest.raises(UsageError, match="no finished epoch"):
        load_network(tmp_path / "none.keras")
