from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import DIGITS, SEGMENTATION, MakeDataset
from PIL import Image
from rich.console import Console

from datasets.errors import UsageError
from datasets.labels import IGNORE
from datasets.sample import Sample
from training.confusion import Confusion
from training.errors import DivergedError
from training.experiment import train
from training.progress import Silent, reporting
from training.train_options import TrainOptions


def _samples(count: int, seed: int) -> list[Sample]:
    """A bright square (class 1, pet) on dark ground (2) with a border (3) around it, in several sizes."""
    rng = np.random.default_rng(seed)
    samples = []
    for index in range(count):
        height, width = 36 + index % 5, 44 - index % 3
        top, left = rng.integers(2, 14, 2)
        labels = np.full((height, width, 1), 2, np.uint8)
        labels[top : top + 18, left : left + 18] = 3
        labels[top + 2 : top + 16, left + 2 : left + 16] = 1
        labels[0, 0] = IGNORE
        image = np.choose(labels, [0, 210, 40, 120], mode="clip") + rng.integers(0, 20, (height, width, 3))
        samples.append(Sample(key=f"{seed}_{index}", image=image.astype(np.uint8), semantic=labels))  # type: ignore[arg-type]
    return samples


@pytest.fixture
def options(make_dataset: MakeDataset, tmp_path: Path) -> TrainOptions:
    dataset = make_dataset({"train": _samples(40, 0), "test": _samples(9, 1)}, SEGMENTATION)
    return TrainOptions(dataset.directory, tmp_path / "run", size=(32, 32), batch_size=8, epochs=2)


def test_score_is_that_of_the_best_checkpoint_at_the_labels_own_size(options: TrainOptions) -> None:
    result = train(replace(options, epochs=8), Silent())
    epochs = [json.loads(line) for line in (options.out / "metrics.jsonl").read_text("utf-8").splitlines()]
    best = max(epochs, key=lambda row: row["validation_mean_iou"])
    assert [row["epoch"] for row in epochs] == list(range(1, 9))
    assert (result["epoch"], result["validation_mean_iou"]) == (best["epoch"], best["validation_mean_iou"])
    model = keras.models.load_model(options.out / "best.keras")
    confusion = Confusion.empty(3)
    for sample in _samples(9, 1):
        assert sample.semantic is not None
        labels = sample.semantic.array[:, :, 0].astype(int)
        small = Image.fromarray(sample.image.array).resize((32, 32), Image.Resampling.BILINEAR)
        scores = np.asarray(model(np.asarray(small)[None]))[0]
        large = [
            np.asarray(Image.fromarray(scores[:, :, k]).resize(labels.shape[::-1], Image.Resampling.BILINEAR))
            for k in range(3)
        ]
        confusion += Confusion.of(np.where(labels == IGNORE, IGNORE, labels - 1), np.argmax(large, axis=0), 3)
    stored = np.array(result["confusion"])
    assert stored.sum() == confusion.matrix.sum() == sum(s.image.height * s.image.width - 1 for s in _samples(9, 1))
    assert (
        np.abs(stored - confusion.matrix).sum() <= 0.01 * stored.sum()
    )  # Pillow's resizing differs by a level here and there
    scored = Confusion(stored)
    assert result["mean_iou"] == scored.mean_iou
    assert result["iou"] == dict(zip(("pet", "background", "border"), scored.iou.tolist(), strict=True))
    assert result["accuracy"] == scored.accuracy > 0.85
    assert json.loads((options.out / "result.json").read_text("utf-8")) == result
    config = json.loads((options.out / "config.json").read_text("utf-8"))
    assert len(config["dataset"]["fingerprint"]) == 64
    assert config["options"]["seed"] == 0


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


def test_a_loss_that_is_no_number_stops_the_run_with_advice(options: TrainOptions) -> None:
    with pytest.raises(DivergedError, match=r"loss became .* learning rate below 1e\+30"):
        train(replace(options, learning_rate=1e30, epochs=5), Silent())


def test_errors_come_before_training_and_name_what_there_is(options: TrainOptions, make_dataset: MakeDataset) -> None:
    with pytest.raises(UsageError, match="no network 'unet'; for segmentation there are pets"):
        train(replace(options, network="unet"), Silent())
    with pytest.raises(UsageError, match="but a classifier: 'digits'"):
        train(replace(options, network="digits"), Silent())
    with pytest.raises(UsageError, match="no split 'val'; there are test, train"):
        train(replace(options, test_split="val"), Silent())
    with pytest.raises(UsageError, match="0 fall into the held-out share"):
        train(replace(options, validation_share=1e-6), Silent())
    image = Sample(key="a", image=np.zeros((8, 8, 3), np.uint8), label=0)  # type: ignore[arg-type]
    unlabelled = make_dataset({"train": [image], "test": [image]}, DIGITS, name="no_maps", shards=1)
    with pytest.raises(UsageError, match="'no_maps' has no label map"):
        train(replace(options, data=unlabelled.directory), Silent())
    with pytest.raises(UsageError, match="a score needs unseen images"):
        replace(options, test_split="train")
    assert not options.out.exists()
    options.out.mkdir()
    (options.out / "metrics.jsonl").write_text("")
    with pytest.raises(UsageError, match="already holds a run"):
        train(options, Silent())


def test_progress_is_plain_lines_in_a_log_and_a_bar_on_a_terminal() -> None:
    log, screen = io.StringIO(), io.StringIO()
    with reporting(2, Console(file=log, width=60)) as plain:
        plain.advance("step [1]")
        plain.say("epoch [bold]1[/bold] done")
    assert log.getvalue() == "epoch [bold]1[/bold] done\n"
    with reporting(2, Console(file=screen, width=100, force_terminal=True)) as live:
        live.advance("loss [0.5]")
        live.say("epoch [b]1[/b]")
    assert "epoch [b]1[/b]" in screen.getvalue()
    assert "1/2" in screen.getvalue()
    assert "loss [0.5]" in screen.getvalue()
