"""Networks with several outputs in training: every head learns from the labels, and their mean predicts."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import SEGMENTATION, MakeDataset
from segmentation_set import square_samples

from datasets.labels import LABEL_SPACES
from training.experiment import train
from training.networks import unet_plus_plus
from training.networks.catalogue import NETWORKS
from training.progress import Silent
from training.segmentation import Segmenter
from training.train_options import TrainOptions

HEADS = [f"level_{level}" for level in range(1, 5)]


@pytest.fixture
def options(make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainOptions:
    dataset = make_dataset({"train": square_samples(16, 0), "test": square_samples(4, 1)}, SEGMENTATION)
    small = partial(unet_plus_plus.build, filters=4, deep_supervision=True, dropout=0.0)
    monkeypatch.setitem(NETWORKS, "deep", replace(NETWORKS["unet_plus_plus_deep"], build=small))
    return TrainOptions(
        dataset.directory, tmp_path / "run", "deep", size=(32, 32), batch_size=4, epochs=1, validation_share=0.25,
        optimizer="sgd", momentum=0, learning_rate=0.1,
    )  # fmt: skip


def _kernels(model: keras.Model) -> list[np.ndarray]:
    return [model.get_layer(f"scores_{level}").kernel.numpy() for level in range(1, 5)]


def test_the_loss_is_the_mean_over_the_heads_and_each_one_learns_from_its_own(options: TrainOptions) -> None:
    segmenter = Segmenter(options, LABEL_SPACES["pets_trimap"], None, 1)
    model = segmenter.model
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    labels = rng.integers(0, 3, (4, 32, 32)).astype(np.uint8)
    each, gradients, before = [], [], _kernels(model)
    for level, head in enumerate(HEADS, 1):
        kernel = model.get_layer(f"scores_{level}").kernel
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(-tf.math.log(tf.gather(model(images)[head], labels.astype(np.int32), batch_dims=3)))
        each.append(float(loss))
        gradients.append(tape.gradient(loss, kernel.value).numpy())
    assert float(segmenter.step(images, labels)) == pytest.approx(np.mean(each), rel=1e-5)
    for old, new, gradient in zip(before, _kernels(model), gradients, strict=True):
        assert np.abs(gradient).max() > 1e-3
        np.testing.assert_allclose(new - old, -options.learning_rate * gradient / 4, atol=1e-6)


def test_train_keeps_all_heads_and_scores_their_mean(options: TrainOptions) -> None:
    options = replace(options, store_predictions=True)
    result = train(options, Silent())
    model = keras.models.load_model(options.out / "best.keras", compile=False)
    assert sorted(model.output) == HEADS
    mean = unet_plus_plus.accurate(model)
    confusion = np.zeros((3, 3), int)
    for sample in square_samples(4, 1):
        assert sample.semantic is not None
        labels = sample.semantic.array[:, :, 0]
        small = tf.image.resize(sample.image.array[None], (32, 32), "area")
        large = tf.image.resize(mean(tf.cast(tf.round(small), tf.uint8)), labels.shape, "bilinear")
        counted = labels != 255
        np.add.at(confusion, (labels[counted] - 1, np.argmax(large[0], -1)[counted]), 1)
    stored = np.array(result["confusion"])[:, :3]
    assert stored.sum() == confusion.sum()
    assert np.abs(stored - confusion).sum() <= 0.02 * stored.sum()
    assert len(list((options.out / "predictions" / "test").iterdir())) == 4
    assert np.isfinite(json.loads((options.out / "metrics.jsonl").read_text())["loss"])


def test_the_catalogue_has_the_network_with_its_four_heads() -> None:
    model = NETWORKS["unet_plus_plus_deep"].build((32, 32), 3)
    assert sorted(model.output) == HEADS
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.5] * 30
