"""The commands `train`, `evaluate` and `compare`. Rooms are imported inside them, so that `--help` is instant."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from option_flags import add_flags, given_flags

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

    from training.comparison import Comparison


def fill_train(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `train`: every field of `TrainOptions`, sections with a dot."""
    from training.configuration import defaults
    from training.train_options import TrainOptions

    parser.add_argument("data", type=str, nargs="?", help="the data set")
    parser.add_argument("out", type=str, nargs="?", help="folder of the run: checkpoints, metrics and the result")
    parser.add_argument("--config", type=Path, help="a YAML file with any of these options; flags go before it")
    # The parser library gives this very word an empty value.
    parser.add_argument("--print_config", type=str, nargs="?", const="", metavar="", help="print all options as YAML")
    add_flags(parser, TrainOptions, defaults(TrainOptions), frozenset({"data", "out"}))


def train(parsed: Any) -> int:
    """Train, or go on with a run, and print its score."""
    from training.configuration import defaults, from_document, merged, read_yaml, yaml_text
    from training.train_options import TrainOptions

    source = str(parsed.config) if parsed.config else ""
    given = read_yaml(parsed.config) if parsed.config else {}
    if given:
        from_document(TrainOptions, {"data": "", "out": "", **given}, source)  # complaints name the file
    flags = given_flags(parsed, TrainOptions)
    document = merged(merged(defaults(TrainOptions), given), flags)
    shown = parsed.print_config is not None
    options = from_document(TrainOptions, {"data": "DATASET", "out": "RUN", **document} if shown else document)
    if shown:
        print(yaml_text({name: document.get(name) for name in TrainOptions.__dataclass_fields__}), end="")
        return 0
    from training.experiment import train as run
    from training.start import start_quietly

    start_quietly()
    result = run(options)
    print(
        f"split {result['split']!r}, epoch {result['epoch']} chosen on the held-out share; all of it in {options.out}"
    )
    _print_scores(result)
    return 0


def fill_evaluate(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `evaluate`."""
    parser.add_argument("run", type=Path, help="the folder of a run")
    parser.add_argument("dataset", type=Path, help="DATA_DIR/NAME/VERSION, or DATA_DIR/NAME when there is one version")
    parser.add_argument("--split", type=str, required=True, help="what is scored; there is no default")
    parser.add_argument("--look_up", action="store_true", help="look other classes up in the run's label space")
    parser.add_argument("--predictions", type=Path, help="folder for the predicted label maps as PNG files")
    parser.add_argument("--json", action="store_true", help="print JSON")


def evaluate(parsed: Any) -> int:
    """Score a run on a split at the stored size of its labels."""
    from datasets.dataset import Dataset
    from training.run_directory import RunDirectory
    from training.start import start_quietly

    dataset = Dataset.open(parsed.dataset)
    run = RunDirectory(parsed.run)
    run.read_record()
    start_quietly()
    from training.evaluation import evaluate_run

    result = evaluate_run(run, dataset, parsed.split, look_up=parsed.look_up, predictions=parsed.predictions)
    if parsed.json:
        print(json.dumps(result, indent=2, ensure_ascii=False))
    else:
        print(f"{parsed.run} on {dataset.name}, split {parsed.split!r}, {result['images']} images")
        _print_scores(result)
    return 0


def fill_compare(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `compare`."""
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs; all are held against the first")
    parser.add_argument(
        "--evaluation", type=str, help="which evaluation, such as DATASET-SPLIT, where there are several"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def compare(parsed: Any) -> int:
    """Hold runs against each other on the same test images."""
    from training.comparison import compare_runs

    comparison = compare_runs(parsed.runs, parsed.evaluation)
    if parsed.json:
        print(json.dumps(_comparison_document(comparison), indent=2, ensure_ascii=False))
    else:
        _print_comparison(comparison)
    return 0


def _print_scores(result: Mapping[str, Any]) -> None:
    width = max(map(len, result["iou"]))
    for name, value in result["iou"].items():
        print(f"  {name:{width}} {'absent' if value is None else f'{value:.4f}'}")
    mean, accuracy = (
        "undefined" if result[name] is None else f"{result[name]:.4f}" for name in ("mean_iou", "accuracy")
    )
    print(f"  {'mean':{width}} {mean}   IoU; convention {result['convention']}: {result['convention_about']}")
    print(f"  pixel accuracy {accuracy}")


def _comparison_document(comparison: Comparison) -> dict[str, Any]:
    rows = [
        {
            "run": str(run.path),
            "mean_iou": run.mean_iou,
            "interval": [run.interval.low, run.interval.high],
            "difference": run.difference,
            "difference_interval": [run.difference_interval.low, run.difference_interval.high],
            "iou": run.iou,
        }
        for run in comparison.runs
    ]
    return {
        "evaluation": comparison.evaluation,
        "convention": comparison.convention,
        "images": comparison.images,
        "runs": rows,
    }


def _print_comparison(comparison: Comparison) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    title = (
        f"{comparison.evaluation}: mean IoU ({comparison.convention}) over {comparison.images} images, 95 % intervals"
    )
    table = Table(title=title, title_justify="left")
    for name in ("run", "mean IoU", "interval", "difference to the first", "interval", ""):
        table.add_column(name)
    for number, run in enumerate(comparison.runs):
        between = run.difference_interval
        verdict = "" if number == 0 else "differs" if run.differs else "no difference shown"
        rest = ("", "") if number == 0 else (f"{run.difference:+.4f}", f"{between.low:+.4f} to {between.high:+.4f}")
        spread = f"{run.interval.low:.4f} to {run.interval.high:.4f}"
        table.add_row(Text(str(run.path)), f"{run.mean_iou:.4f}", spread, *rest, verdict)
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)
