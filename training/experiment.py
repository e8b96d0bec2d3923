"""One training run: from a data set and options to a checkpoint and its score.

Reading this module costs nothing; TensorFlow is imported when a run starts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datasets.dataset import Dataset
from training.configuration import to_document, yaml_text
from training.files import write_json
from training.folder_lock import alone_in
from training.progress import Reporter, reporting
from training.run_directory import SCHEMA_VERSION, RunDirectory
from training.train_options import TrainOptions

if TYPE_CHECKING:
    from training.epochs import Epochs


def train(options: TrainOptions, progress: Reporter | None = None) -> dict[str, Any]:
    """Train, keep the best checkpoint by validation mIoU, and score it once on the test split.

    A run whose folder holds a checkpoint of the same configuration goes on from there, to the same weights that an
    undisturbed run ends with; a finished one is read. What lies in the folder says `training.run_directory`.

    Args:
        options: see there.
        progress: told of every step and epoch; None shows a live table on a terminal and lines elsewhere.

    Returns:
        What `result.json` holds.

    Raises:
        UsageError: an unknown network, split or field; a folder that holds another run, or in which another process
            trains.
        VerificationError: the data or the run's folder are damaged.
        DivergedError: the loss is not finite.
    """
    import tensorflow as tf

    from training.epochs import Epochs
    from training.provenance import hardware, identity, software

    if options.deterministic:
        tf.config.experimental.enable_op_determinism()
    dataset = Dataset.open(options.data)
    dataset.split(options.test_split)
    epochs = Epochs(dataset, options)
    record = {
        "schema_version": SCHEMA_VERSION,
        "decisive": {"options": options.decisive, "dataset": identity(dataset), "software": software()},
        "label_space": epochs.space.name,
        "size": options.size,
        "seeds": {"all": options.seed},
        "hardware": hardware(),
    }
    with alone_in(options.out, "trains"):
        return _go_on(options, record, epochs, dataset, progress)


def _go_on(
    options: TrainOptions, record: Mapping[str, Any], epochs: Epochs, dataset: Dataset, progress: Reporter | None
) -> dict[str, Any]:
    """Train what is missing of a run, and score it."""
    run = RunDirectory(options.out)
    checkpoint = run.begin(record, yaml_text(to_document(options)))
    if run.result.is_file():
        result: dict[str, Any] = json.loads(run.result.read_text("utf-8"))
        return result
    if progress is not None:
        epochs.train(run, checkpoint, progress)
    else:
        with reporting(epochs.steps, caption=f"{options.network} on {dataset.name}, {options.out}") as shown:
            epochs.train(run, checkpoint, shown)
    return _score(run, dataset, options, epochs.best)


def _score(run: RunDirectory, dataset: Dataset, options: TrainOptions, best: dict[str, Any]) -> dict[str, Any]:
    from training.evaluation import evaluate_run

    predictions = run.path / "predictions" / options.test_split if options.store_predictions else None
    look_up = options.label_space is not None
    scores = evaluate_run(run, dataset, options.test_split, look_up=look_up, predictions=predictions)
    result = {**scores, "schema_version": SCHEMA_VERSION, "checkpoint": run.best.name, **best}
    write_json(run.result, result)
    return json.loads(run.result.read_text("utf-8"))
