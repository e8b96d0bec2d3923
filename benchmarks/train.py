"""Training: this toolkit's input, step and metric beside the usual ways, in turn, on the same shards and network.

    python benchmarks/train.py [--images 480] [--size 96] [--batch 16] [--epochs 10] [--runs 5]

1. Input alone: batches from the shards, decoded, resized and shuffled, beside TensorFlow Datasets with the usual
   recipe (shuffle, parallel map of resize and scale, batch, prefetch), with and without its `cache()`. Each begins
   from nothing, so that ours decodes all before the first batch, and runs for so many epochs.
2. Step: an epoch of ours, from shards, beside `fit` of bare Keras on arrays in memory; the same network and optimiser.
3. Metric: the confusion of an epoch's validation images beside the epoch.

Ratios are medians over rounds in which both run one after the other.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=480)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--network", default="pets")
    parser.add_argument("--epochs", type=int, default=10, help="passes over the input, from nothing")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="steps of a round of training")
    parser.add_argument("--parts", default="input,step,metric")
    parser.add_argument("--folder", type=Path, help="keep the generated data here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="realitygap-bench-") as temporary:
        folder = options.folder or Path(temporary)
        for part in options.parts.split(","):
            {"input": _inputs, "step": _steps, "metric": _metric}[part](options, folder)


def _stream(options: Any, folder: Path, memory_bytes: int = 0) -> Any:
    from benchmarks.shards import converted
    from training.inputs.form import Form
    from training.inputs.stream import Stream

    form = Form(("image", "semantic"), (options.size, options.size), resampling="area")
    dataset = converted("pets", options.images, folder)
    return Stream(dataset, "train", form, options.batch, 0, memory_bytes=memory_bytes)


def _inputs(options: Any, folder: Path) -> None:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    from benchmarks.shards import drain, in_turn, ratio, seconds

    directory, size = str(_stream(options, folder).dataset.directory), (options.size, options.size)

    def ours(memory_bytes: int) -> None:
        stream = _stream(options, folder, memory_bytes)
        drain(stream.batches().take(options.epochs * stream.steps_per_epoch))

    def usual(example: Any) -> tuple[Any, Any]:
        image = tf.image.resize(example["image"], size) / 255.0
        return image, tf.image.resize(example["segmentation_label"], size, "nearest")

    def recipe(keep: bool) -> None:
        examples = tfds.builder_from_directory(directory).as_dataset(split="train", shuffle_files=True)
        if keep:
            examples = examples.map(usual, num_parallel_calls=tf.data.AUTOTUNE).cache().shuffle(512)
        else:
            examples = examples.shuffle(512).map(usual, num_parallel_calls=tf.data.AUTOTUNE)
        drain(examples.batch(options.batch).repeat(options.epochs).prefetch(tf.data.AUTOTUNE))

    works = {
        "realitygap, as train reads": lambda: ours(2 * 10**9),
        "realitygap, decoding always": lambda: ours(0),
        "tfds + recipe": lambda: recipe(keep=False),
        "tfds + recipe + cache()": lambda: recipe(keep=True),
    }
    measured = in_turn(works, options.runs)
    images = options.images * options.epochs
    print(
        f"\ninput alone: {options.epochs} epochs of {options.images} images of 500x375 to {options.size}x{options.size}"
    )
    peer = measured["tfds + recipe"]
    for name, spent in measured.items():
        rate, milliseconds = images / seconds(spent, 0), 1e3 * seconds(spent, 1) / images
        times = f"{ratio(peer, spent, 0):6.2f}x tfds + recipe by wall, {ratio(peer, spent, 1):.2f}x by processor"
        print(f"  {name:28} {rate:9.1f}/s  {milliseconds:7.3f} ms processor  {times}", flush=True)


def _steps(options: Any, folder: Path) -> None:
    import keras
    import numpy as np

    from benchmarks.shards import in_turn, ratio, seconds
    from datasets.labels import LABEL_SPACES
    from training.losses.catalogue import make_loss
    from training.networks.catalogue import NETWORKS
    from training.segmentation import Segmenter
    from training.train_options import TrainOptions

    size = (options.size, options.size)
    space = LABEL_SPACES["pets_trimap"]
    streams = {"decoding": _stream(options, folder), "memory": _stream(options, folder, 2 * 10**9)}
    batches = {name: iter(stream.batches()) for name, stream in streams.items()}
    some = [next(batches["memory"]) for _ in range(options.steps)]
    images = np.concatenate([batch["image"].numpy() for batch in some])
    labels = np.concatenate([batch["semantic"].numpy() for batch in some])
    train = TrainOptions(Path(), Path(), options.network, size=size, batch_size=options.batch)
    segmenter = Segmenter(train, space, None, 1000)

    def ours(name: str) -> None:
        losses = []
        for _ in range(options.steps):
            batch = next(batches[name])
            losses.append(segmenter.step(batch["image"], batch["semantic"]))
        _ = [float(loss) for loss in losses]

    def keras_fit(compiled: Any, loss: Any) -> Any:
        keras.utils.set_random_seed(0)
        model = NETWORKS[options.network].build(size, len(space))
        model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=compiled)
        return lambda: model.fit(images, labels, batch_size=options.batch, epochs=1, verbose=0, shuffle=True)

    usual = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)
    works = {
        "realitygap, decoding": lambda: ours("decoding"),
        "realitygap, memory": lambda: ours("memory"),
        "fit, Keras's loss": keras_fit("auto", usual),
        "fit, Keras's loss, no XLA": keras_fit(False, usual),
        "fit, our loss, no XLA": keras_fit(False, make_loss("cross_entropy")),
    }
    measured = in_turn(works, options.runs)
    about = f"{options.network} at {options.size}x{options.size}, batch {options.batch}, {options.steps} steps a round"
    print(f"\nstep: {about}")
    best = min((name for name in works if name.startswith("fit")), key=lambda name: seconds(measured[name], 1))
    for name, spent in measured.items():
        wall, processor = (1e3 * seconds(spent, column) / options.steps for column in (0, 1))
        over = [ratio(spent, measured[best], column) - 1 for column in (0, 1)]
        print(f"  {name:26} {wall:8.1f} ms wall {processor:8.1f} ms processor a step   {over[0]:+.1%} wall, "
              f"{over[1]:+.1%} processor over {best!r}", flush=True)  # fmt: skip


def _metric(options: Any, folder: Path) -> None:
    import numpy as np

    from benchmarks.shards import in_turn, seconds
    from datasets.labels import LABEL_SPACES
    from training.metrics.confusion import Confusion
    from training.segmentation import Segmenter
    from training.train_options import TrainOptions

    stream = _stream(options, folder, 2 * 10**9)
    size, space = (options.size, options.size), LABEL_SPACES["pets_trimap"]
    train = TrainOptions(Path(), Path(), options.network, size=size, batch_size=options.batch)
    segmenter = Segmenter(train, space, None, 1000)
    batches = list(stream.batches().take(10))
    held = 0.15 / 0.85  # of the training images, as `realitygap train` holds out
    predictions = [segmenter.predict(batch["image"]) for batch in batches]
    truths = [batch["semantic"].numpy() for batch in batches]
    works = {
        "step": lambda: [float(segmenter.step(batch["image"], batch["semantic"])) for batch in batches],
        "confusion": lambda: [Confusion.of(t, p, len(space)) for t, p in zip(truths, predictions, strict=True)],
        "predict": lambda: [np.asarray(segmenter.predict(batch["image"])) for batch in batches],
    }
    spent = {name: seconds(runs, 1) for name, runs in in_turn(works, options.runs).items()}
    epoch = spent["step"] + held * (spent["predict"] + spent["confusion"])
    share = held * spent["confusion"] / epoch
    each = ", ".join(f"{name} {1e3 * value / len(batches):.2f} ms" for name, value in spent.items())
    print(f"\nmetric: {share:.2%} of an epoch's processor time; a batch: {each}")


if __name__ == "__main__":
    main()
