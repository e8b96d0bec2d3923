"""One training run: from a data set and options to a checkpoint and its score.

Reading this module costs nothing; TensorFlow is imported when a run starts.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from datasets.dataset import Dataset
from datasets.errors import UsageError
from training.files import json_line, write_json
from training.progress import Reporter, reporting
from training.train_options import TrainOptions

if TYPE_CHECKING:
    from training.segmentation import Segmenter

SCHEMA_VERSION = 1


def train(options: TrainOptions, progress: Reporter | None = None) -> dict[str, Any]:
    """Train, keep the best checkpoint by validation mIoU, and score it once on the test split.

    Writes `config.json`, `metrics.jsonl` (a line an epoch), `best.keras`, `last.keras` and `result.json` into
    `options.out`. The test is at the stored size of the labels: predictions are scaled up, labels stay as they are.

    Args:
        options: see there.
        progress: told of every step and epoch; None shows a bar on a terminal and lines elsewhere.

    Returns:
        What `result.json` holds.

    Raises:
        UsageError: an unknown network, split or field; a folder that holds another run.
        DivergedError: the loss is not finite.
    """
    import keras

    from training.provenance import hardware, identity, software
    from training.segmentation import Segmenter

    dataset = Dataset.open(options.data)
    dataset.split(options.test_split)
    if (options.out / "metrics.jsonl").exists():
        raise UsageError(f"{options.out} already holds a run; name another folder or remove it first")
    keras.utils.set_random_seed(options.seed)
    run = Segmenter(dataset, options)
    options.out.mkdir(parents=True, exist_ok=True)
    facts = {"dataset": identity(dataset), "software": software(), "hardware": hardware()}
    write_json(options.out / "config.json", {"schema_version": SCHEMA_VERSION, "options": asdict(options), **facts})
    if progress is not None:
        best = _train_epochs(run, options, progress)
    else:
        with reporting(options.epochs * run.steps_per_epoch) as shown:
            best = _train_epochs(run, options, shown)
    result = {
        "schema_version": SCHEMA_VERSION,
        "checkpoint": "best.keras",
        **best,
        "split": options.test_split,
        "convention": "labels at their stored size, probabilities scaled up bilinearly, void pixels not counted",
        **run.evaluate(options.out / "best.keras"),
    }
    write_json(options.out / "result.json", result)
    return result


def _train_epochs(run: Segmenter, options: TrainOptions, progress: Reporter) -> dict[str, Any]:
    """Train all epochs; the best epoch and its validation mIoU."""
    best: dict[str, Any] = {"epoch": None, "validation_mean_iou": -1.0}
    with open(options.out / "metrics.jsonl", "w", encoding="utf-8") as log:
        for epoch in range(1, options.epochs + 1):
            started = time.perf_counter()
            numbers = run.train_epoch(progress)
            numbers |= {"epoch": epoch, "seconds": round(time.perf_counter() - started, 3)}
            log.write(json_line(numbers))
            log.flush()
            run.save(options.out / "last.keras")
            # An epoch whose mIoU is undefined (nan) is no better than any other, so the comparison is this way round.
            if best["epoch"] is None or numbers["validation_mean_iou"] > best["validation_mean_iou"]:
                best = {"epoch": epoch, "validation_mean_iou": numbers["validation_mean_iou"]}
                run.save(options.out / "best.keras")
            progress.say(
                f"epoch {epoch}/{options.epochs}  loss {numbers['loss']:.4f}  "
                f"validation mIoU {numbers['validation_mean_iou']:.4f}  accuracy {numbers['validation_accuracy']:.4f}  "
                f"{numbers['seconds']:.1f} s{'  best' if best['epoch'] == epoch else ''}"
            )
    return best
