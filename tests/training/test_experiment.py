from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from conftest import DIGITS, SEGMENTATION, MakeDataset
from PIL import Image
from rich.console import Console
from segmentation_set import build_tiny, square_samples

from datasets.errors import UsageError
from datasets.labels import IGNORE
from datasets.sample import Sample
from training.errors import DivergedError
from training.experiment import train
from training.metrics.confusion import Confusion
from training.networks.catalogue import NETWORKS
from training.progress import Silent, reporting
from training.train_options import TrainOptions


@pytest.fixture
def options(make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainOptions:
    dataset = make_dataset({"train": square_samples(40, 0), "test": square_samples(9, 1)}, SEGMENTATION)
    monkeypatch.setitem(NETWORKS, "tiny", replace(NETWORKS["pets"], build=build_tiny))
    return TrainOptions(
        dataset.directory, tmp_path / "run", "tiny", size=(32, 32), batch_size=8, epochs=2, learning_rate=1e-2
    )


def test_score_is_that_of_the_best_checkpoint_at_the_labels_own_size(options: TrainOptions) -> None:
    result = train(replace(options, epochs=8), Silent())
    epochs = [json.loads(line) for line in (options.out / "metrics.jsonl").read_text("utf-8").splitlines()]
    best = max(epochs, key=lambda row: row["validation_mean_iou"])
    assert [row["epoch"] for row in epochs] == list(range(1, 9))
    assert (result["epoch"], result["validation_mean_iou"]) == (best["epoch"], best["validation_mean_iou"])
    model = keras.models.load_model(options.out / "best.keras")
    confusion = Confusion.empty(3)
    for sample in square_samples(9, 1):
        assert sample.semantic is not None
        labels = sample.semantic.array[:, :, 0].astype(int)
        small = Image.fromarray(sample.image.array).resize((32, 32), Image.Resampling.BOX)
        scores = np.asarray(model(np.asarray(small)[None]))[0]
        large = [
            np.asarray(Image.fromarray(scores[:, :, k]).resize(labels.shape[::-1], Image.Resampling.BILINEAR))
            for k in range(3)
        ]
        confusion += Confusion.of(np.where(labels == IGNORE, IGNORE, labels - 1), np.argmax(large, axis=0), 3)
    stored = np.array(result["confusion"])
    assert (
        stored.sum() == confusion.matrix.sum() == sum(s.image.height * s.image.width - 1 for s in square_samples(9, 1))
    )
    assert (
        np.abs(stored - confusion.matrix).sum() <= 0.01 * stored.sum()
    )  # Pillow's resizing differs by a level here and there
    scored = Confusion(stored)
    assert result["mean_iou"] == scored.mean_iou
    assert result["iou"] == dict(zip(("pet", "background", "border"), scored.iou.tolist(), strict=True))
    assert result["accuracy"] == scored.accuracy > 0.85
    assert json.loads((options.out / "result.json").read_text("utf-8")) == result
    record = json.loads((options.out / "run.json").read_text("utf-8"))
    assert len(record["decisive"]["dataset"]["fingerprint"]) == 64
    assert record["decisive"]["options"]["seed"] == 0
    assert {"tensorflow", "keras", "numpy", "python"} <= record["decisive"]["software"].keys()


def test_a_seed_reproduces_the_run(options: TrainOptions) -> None:
    runs = [
        replace(options, out=options.out / name, seed=seed, epochs=1) for name, seed in (("a", 5), ("b", 5), ("c", 6))
    ]
    results = [train(run, Silent()) for run in runs]
    assert results[0] == results[1]
    first, again, other = (keras.models.load_model(run.out / "last.keras").get_weights() for run in runs)
    for left, right in zip(first, again, strict=True):
        np.testing.assert_array_equal(left, right)
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("gigabytes, said", [(0.001, ["decoding 40 images; memory keeps them"]), (0.0, [])])
def test_decoding_ahead_is_said(options: TrainOptions, gigabytes: float, said: list[str]) -> None:
    class Notes(Silent):
        lines: ClassVar[list[str]] = []

        def say(self, line: str) -> None:
            self.lines.append(line.partition(" (")[0])

    train(replace(options, memory_gigabytes=gigabytes), Notes())
    assert Notes.lines == said


def test_a_loss_that_is_no_number_stops_the_run_with_advice(options: TrainOptions) -> None:
    with pytest.raises(DivergedError, match=r"loss became .* learning rate below 1e\+30"):
        train(replace(options, learning_rate=1e30, epochs=5), Silent())


def test_errors_come_before_training_and_name_what_there_is(options: TrainOptions, make_dataset: MakeDataset) -> None:
    with pytest.raises(UsageError, match="no network 'uned'; for segmentation there are pets"):
        train(replace(options, network="uned"), Silent())
    with pytest.raises(UsageError, match="but a classifier: 'digits'"):
        train(replace(options, network="digits"), Silent())
    with pytest.raises(UsageError, match="no loss 'psnr' for segmentation; there are cross_entropy"):
        train(replace(options, loss="psnr"), Silent())
    with pytest.raises(UsageError, match="no split 'val'; there are test, train"):
        train(replace(options, test_split="val"), Silent())
    with pytest.raises(UsageError, match="0 fall into the held-out share"):
        train(replace(options, validation_share=1e-6), Silent())
    image = Sample(key="a", image=np.zeros((8, 8, 3), np.uint8), label=0)  # type: ignore[arg-type]
    unlabelled = make_dataset({"train": [image], "test": [image]}, DIGITS, name="no_maps", shards=1)
    with pytest.raises(UsageError, match="'no_maps': field 'semantic' names no label space"):
        train(replace(options, data=unlabelled.directory), Silent())
    with pytest.raises(UsageError, match=r"momentum must be less than 1, got 1\.5"):
        replace(options, momentum=1.5)
    with pytest.raises(UsageError, match="a score needs unseen images"):
        replace(options, test_split="train")
    assert not options.out.exists()
    options.out.mkdir()
    (options.out / "thesis.txt").write_text("")
    with pytest.raises(UsageError, match="not empty and holds no run"):
        train(options, Silent())


def test_class_weights_come_from_the_manifest_and_change_the_loss(options: TrainOptions) -> None:
    losses = {}
    for kind in ("none", "median_frequency", "log_inverse"):
        run = replace(options, out=options.out / kind, epochs=1, class_weights=kind, cache=options.out / "cache")
        train(run, Silent())
        losses[kind] = json.loads((run.out / "metrics.jsonl").read_text())["loss"]
    assert len(set(losses.values())) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "mixed_float16", "optimizer": "adamw", "weight_decay": 1e-3},
        {"precision": "mixed_bfloat16", "optimizer": "sgd", "schedule": "polynomial", "clip_norm": 1.0},
        {"distribution": "mirrored", "schedule": "cosine"},
        {"loss": "dice_cross_entropy", "jit_compile": True},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_options_of_step_and_precision_train(options: TrainOptions, changes: dict[str, Any]) -> None:
    result = train(replace(options, epochs=2, learning_rate=1e-2, **changes), Silent())
    rows = [json.loads(line) for line in (options.out / "metrics.jsonl").read_text().splitlines()]
    assert rows[1]["loss"] < rows[0]["loss"]
    assert result["images"] == 9
    model = keras.models.load_model(options.out / "last.keras", compile=False)
    assert {weight.dtype for weight in model.weights} <= {"float32", "int64", "uint32"}
    assert keras.config.dtype_policy().name == "float32"
    assert model(np.zeros((1, 32, 32, 3))).dtype == "float32"


def test_stored_predictions_are_label_maps_with_the_stored_ids_and_give_the_stored_score(options: TrainOptions) -> None:
    result = train(replace(options, epochs=3, store_predictions=True), Silent())
    confusion = Confusion.empty(3)
    for sample in square_samples(9, 1):
        ids = np.asarray(Image.open(options.out / f"predictions/test/{sample.key}.png"))
        assert sample.semantic is not None
        labels = sample.semantic.array[:, :, 0].astype(int)
        assert set(np.unique(ids)) <= {1, 2, 3}
        confusion += Confusion.of(np.where(labels == IGNORE, IGNORE, labels - 1), ids.astype(int) - 1, 3)
    np.testing.assert_array_equal(result["confusion"], confusion.matrix)


def test_progress_is_plain_lines_in_a_log_and_a_bar_on_a_terminal() -> None:
    log, screen = io.StringIO(), io.StringIO()
    with reporting(2, Console(file=log, width=60)) as plain:
        plain.advance("step [1]")
        plain.say("epoch [bold]1[/bold] done")
        plain.row({"epoch": "1/2", "loss": "0.5", "": "best"})
    assert log.getvalue() == "epoch [bold]1[/bold] done\nepoch 1/2  loss 0.5  best\n"
    with reporting(2, Console(file=screen, width=100, force_terminal=True)) as live:
        live.advance("loss [0.5]")
        live.say("epoch [b]1[/b]")
        for epoch in range(1, 31):
            live.row({"epoch": f"{epoch}/30", "mean [IoU]": f"0.{epoch:03}"})
    assert "epoch [b]1[/b]" in screen.getvalue()
    assert "1/2" in screen.getvalue()
    assert "loss [0.5]" in screen.getvalue()
    last = screen.getvalue()
    assert "mean [IoU]" in last
    assert "30/30   " in last
    assert "0.030" in last
    assert "0.010" not in last
