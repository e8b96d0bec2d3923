"""Reading shards: this toolkit beside TensorFlow Datasets and bare decoding, on the same records, in turn.

    python benchmarks/read.py [--pets 800] [--cityscapes 40] [--runs 5]

Printed are examples per second, processor milliseconds an example (which others on the machine disturb less), and
ours over each other. Bare decoding has the encoded images in memory and does nothing but decode them, with the same
decoder (TensorFlow's) and with the libraries' own (libjpeg-turbo, libpng) on two threads.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pets", type=int, default=800, help="images of 500x375")
    parser.add_argument("--cityscapes", type=int, default=40, help="images of 2048x1024")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the generated data here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="realitygap-bench-") as temporary:
        for name in ("pets", "cityscapes"):
            if getattr(options, name):
                _compare(name, getattr(options, name), options.runs, options.folder or Path(temporary))


def _compare(name: str, count: int, runs: int, folder: Path) -> None:
    from benchmarks.shards import converted, in_turn, ratio, seconds

    measured = in_turn(_works(str(converted(name, count, folder).directory)), runs)
    print(f"\n{name}: {count} examples, {len(os.sched_getaffinity(0))} cores, medians of {runs} rounds", flush=True)
    for work, spent in measured.items():
        per_second, milliseconds = count / seconds(spent, 0), 1e3 * seconds(spent, 1) / count
        others = "  ".join(
            f"{ours.partition(',')[0]} {ratio(spent, measured[ours], 0):.2f}x wall, "
            f"{ratio(spent, measured[ours], 1):.2f}x processor"
            for ours in ("realitygap, ids as stored",)
        )
        print(f"  {work:28} {per_second:8.1f}/s  {milliseconds:7.3f} ms   {others}", flush=True)


def _works(directory: str) -> dict[str, Callable[[], object]]:
    import imagecodecs
    import simplejpeg
    import tensorflow as tf
    import tensorflow_datasets as tfds

    from benchmarks.shards import drain
    from datasets.dataset import Dataset
    from datasets.examples import decode_example
    from datasets.fields import FIELDS
    from training.inputs.form import Form
    from training.inputs.reading import read_split
    from training.inputs.records import open_records

    dataset = Dataset.open(Path(directory))
    records = open_records(dataset, "train")
    features = [decode_example(records.read([index])[0]) for index in range(len(records))]
    images, labels = ([row[FIELDS[path].feature] for row in features] for path in ("image", "semantic"))
    is_jpeg = images[0][:2] == b"\xff\xd8"
    names = {FIELDS[path].feature: True for path in ("image", "semantic")}

    def decode(image: object, label: object) -> tuple[object, object]:
        decoded = (
            tf.io.decode_jpeg(image, 3, dct_method="INTEGER_ACCURATE")
            if is_jpeg
            else tf.io.decode_png(image, channels=3)
        )
        return decoded, tf.io.decode_png(label, channels=1)

    def libraries(index: int) -> None:
        (simplejpeg.decode_jpeg if is_jpeg else imagecodecs.png_decode)(images[index])
        imagecodecs.png_decode(labels[index])

    def in_threads() -> None:
        with ThreadPoolExecutor(2) as pool:
            for _ in pool.map(libraries, range(len(images))):
                pass

    def ours(stored_ids: bool) -> Callable[[], None]:
        return lambda: drain(read_split(dataset, "train", Form(("image", "semantic"), stored_ids=stored_ids)))

    def theirs(**options: object) -> None:
        drain(tfds.builder_from_directory(directory).as_dataset(split="train", **options))

    # The images go into the graph's memory once, so that nothing but decoding is left.
    memory = tf.data.Dataset.from_generator(
        lambda: zip(images, labels, strict=True), output_signature=(tf.TensorSpec((), tf.string),) * 2
    ).cache()
    return {
        "realitygap, ids as stored": ours(True),
        "realitygap, class indices": ours(False),
        "tfds, all features": theirs,
        "tfds, image and labels only": lambda: theirs(decoders=tfds.decode.PartialDecoding(names)),
        "bare, TensorFlow's decoder": lambda: drain(memory.map(decode, num_parallel_calls=2)),
        "bare, libraries, 2 threads": in_threads,
    }


if __name__ == "__main__":
    main()
