"""The command line: `realitygap COMMAND ...`.

Every import of a room stands inside the command that needs it, so that `--help` is instant.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import listing
import study_commands
import training_commands
from command_parser import add_options, make_parser, options_of, underscored
from datasets.errors import RealitygapError, SystemComponentError, UsageError, VerificationError

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

    from rendering.randomisation import Randomisation


EXIT_INTERRUPTED = 130
_SCENES = ("digits", "turntable", "tabletop", "street")
_SCENE_LISTS = {
    "catalogues": "names or files of catalogues; by default all that apply to the assets",
    "classes": "classes to show, such as cat,dog; by default all",
    "annotations": "what to render beside colours, such as depth,normal,boxes,poses",
}

_ABOUT = """\
Real and synthetic training data for computer vision: convert, render, train, and measure the reality gap.

  realitygap demo OUT                                     everything below in one go, without any download
  realitygap convert pets ~/oxford_pets DATA_DIR          a real data set to sharded TFRecords
  realitygap render digits DATA_DIR --frames 4000         a labelled synthetic set, headless
  realitygap inspect DATA_DIR/oxford_iiit_pet             what is in it
"""


@dataclass(frozen=True)
class Command:
    """One command: a line for the list, what fills its parser, what it does with the parsed options."""

    help: str
    fill: Callable[[ArgumentParser, Sequence[str]], None]
    run: Callable[[Any], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 done, 2 usage, 3 rejections, 4 a system component missing, 5 bad data."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    logging.basicConfig(level=logging.ERROR, format="%(name)s: %(message)s")  # first, or Beam's import takes the root
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _dispatch(words)
    except RealitygapError as error:
        return _say_error(error, str(error), error.exit_code, debug)
    except KeyboardInterrupt:
        print("\nrealitygap: stopped. What is finished is kept: run the same command again to go on.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return _say_error(error, f"the operating system refused: {error.strerror or error}{where}", 1, debug)
    except Exception as error:
        words_ = f"{type(error).__name__}: {error}. This is a fault of the program: --debug shows where it happened"
        return _say_error(error, words_, 1, debug)


def console_main() -> None:
    """Run the command and leave, also when an interrupted worker still holds a thread."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    if code:
        os._exit(code)
    sys.exit(code)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_ABOUT + "\ncommands (each has --help):")
        for name, command in COMMANDS.items():
            print(f"  {name:9} {command.help}")
        print("\n  --version  print the version\n  --debug    show the traceback of an error")
        return 0 if words else 2
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"realitygap {version('realitygap')}")
        return 0
    if words[0] not in COMMANDS:
        raise UsageError(f"there is no command {words[0]!r}; there are {', '.join(COMMANDS)}")
    command = COMMANDS[words[0]]
    parser = make_parser(words[0], command.help[0].upper() + command.help[1:] + ".")
    own, beam_options = _cut_at_dashes(words[1:])
    command.fill(parser, own)
    parsed = parser.parse_args([underscored(word) for word in own])
    if beam_options and words[0] not in ("convert", "render", "inspect", "verify"):
        raise UsageError(f"{words[0]} asks nothing of Beam; it takes no options after --")
    parsed.beam_options = beam_options
    return command.run(parsed)


def _cut_at_dashes(words: list[str]) -> tuple[list[str], list[str]]:
    """Words before and after `--`; those after it are options of Beam's."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _say_error(error: BaseException, message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    text = message if message.endswith((".", "!", "?", ")")) else message + "."
    print(f"realitygap: {text}", file=sys.stderr)
    return code


# --- options shared by convert and render ---------------------------------------------------------------------------


def _fill_build(parser: ArgumentParser) -> None:
    from pipelines.options import BuildOptions
    from pipelines.runners import RunnerOptions

    add_options(parser, BuildOptions)
    add_options(parser, RunnerOptions, frozenset({"beam_options"}))
    parser.add_argument("--config", action="config", help="a YAML file with any of these options")


def _build(source: Any, parsed: Any, kind: Any, origin: Mapping[str, str] | None = None) -> int:
    from pipelines.job import Job
    from pipelines.options import BuildOptions
    from pipelines.runners import RunnerOptions

    runner = options_of(RunnerOptions, parsed, beam_options=tuple(parsed.beam_options))
    data_dir = _place(parsed.data_dir, runner.beam_options)
    job = Job(source, data_dir, options_of(BuildOptions, parsed), kind, runner, origin or {})
    job.run_or_show(_console())
    return 0


def _place(text: str, beam_options: Sequence[str]) -> Path:
    """A path of this machine, or a URL that is used like one."""
    if "://" not in text:
        return Path(text)
    from pipelines.remote_path import place_of

    return place_of(text, beam_options)


# --- the commands ---------------------------------------------------------------------------------------------------


def _fill_convert(parser: ArgumentParser, words: Sequence[str]) -> None:
    from datasets.sources import SOURCES

    names = tuple(SOURCES)
    parser.add_argument("source", choices=names, help="which data set; name it to see the options it has of its own")
    parser.add_argument("path", type=str, help="its folder as delivered, or its URL; for digits the word scikit-learn")
    parser.add_argument("data_dir", type=str, help="the data set goes to DATA_DIR/NAME/VERSION; may be a URL")
    parser.add_argument("--splits", type=str, help="which splits, such as train,test; by default the official ones")
    parser.add_argument("--label_space", type=str, help="look class ids of pixels up in this space, such as camvid11")
    parser.add_argument(
        "--lane_marking", choices=("ignore", "road"), default="ignore", help="what SYNTHIA's lane markings become there"
    )
    parser.add_argument("--size", type=str, help="resize to WIDTHxHEIGHT pixels: images by area, labels by nearest")
    parser.add_argument("--crop", type=str, help="keep WIDTHxHEIGHT+LEFT+TOP pixels, before resizing")
    if words and words[0] in SOURCES:
        add_options(parser, SOURCES[words[0]], frozenset({"root", "splits", "seed"}))
    _fill_build(parser)


def _convert(parsed: Any) -> int:
    from datasets.archive import refuse_tar
    from datasets.sources import SOURCES
    from datasets.transforms import Crop, Transform, transformed

    splits = {"splits": tuple(parsed.splits.split(","))} if parsed.splits else {}
    root = _place(parsed.path, parsed.beam_options)
    refuse_tar(root)
    source = options_of(SOURCES[parsed.source], parsed, root=root, **splits)
    transform = Transform(
        crop=Crop.parse(parsed.crop) if parsed.crop else None,
        size=_parse_size(parsed.size) if parsed.size else None,
        label_space=parsed.label_space,
        lane_marking=parsed.lane_marking,
    )
    return _build(transformed(source, transform), parsed, "threads")


def _fill_render(parser: ArgumentParser, words: Sequence[str]) -> None:
    parser.add_argument("scene", choices=_SCENES, help="which scenes; name one to see the options it has of its own")
    parser.add_argument("data_dir", type=str, help="the data set goes to DATA_DIR/NAME/VERSION; may be a URL")
    parser.add_argument("--frames", type=int, required=True, help="how many; frame i depends on (seed, i) alone")
    parser.add_argument("--size", type=str, help="WIDTHxHEIGHT in pixels; by default what suits the scene")
    parser.add_argument("--without", type=str, default="", help="factors held fixed, such as light,sensor")
    parser.add_argument("--ranges", type=Path, help="a YAML file of ranges of randomisation, such as noise: [0, 0.05]")
    parser.add_argument("--name", type=str, default=None, help="of the data set; by default SCENE_rendered")
    parser.add_argument("--split", type=str, default="train", help="the split that the frames go to")
    parser.add_argument("--first", type=int, default=0, help="index of the first frame")
    parser.add_argument("--cache", type=Path, help="folder for prepared levels of detail; by default the user's cache")
    parser.add_argument(
        "--supersample", type=int, default=3, help="sub-samples of colour a pixel along each side: odd; 1 is fastest"
    )
    if words and words[0] in _SCENES:
        from rendering.scenes import SCENES

        add_options(parser, SCENES[words[0]], frozenset({"size", "randomisation", *_SCENE_LISTS}))
        for name, about in _SCENE_LISTS.items():
            if name in SCENES[words[0]].__dataclass_fields__:
                parser.add_argument(f"--{name}", type=str, help=about)
    _fill_build(parser)


def _render(parsed: Any) -> int:
    from datasets.cache_folder import CACHE_VARIABLE
    from pipelines.frames import Frames
    from rendering.scenes import SCENES

    if parsed.cache:
        os.environ[CACHE_VARIABLE] = str(parsed.cache)  # workers inherit it

    chosen: dict[str, Any] = {name: tuple(parsed[name].split(",")) for name in _SCENE_LISTS if parsed.get(name)}
    if parsed.size:
        chosen["size"] = _parse_size(parsed.size)
    chosen["randomisation"] = _ranges(parsed).without(*filter(None, parsed.without.split(",")))
    scenes = options_of(SCENES[parsed.scene], parsed, **chosen)
    name = f"{parsed.scene}_rendered" if parsed.name is None else parsed.name
    source = Frames(scenes, parsed.frames, parsed.seed, parsed.split, name, parsed.first, parsed.supersample)
    return _build(source, parsed, "processes", _gl_origin() if parsed.runner == "local" else None)


def _ranges(parsed: Any) -> Randomisation:
    """Those of the file that was named, else as they come."""
    from rendering.randomisation import Randomisation
    from training.configuration import from_document, read_yaml

    if parsed.ranges is None:
        return Randomisation()
    if parsed.scene == "street":
        raise UsageError("--ranges: streets have ranges of their own; their options and --without change them")
    given: Randomisation = from_document(Randomisation, read_yaml(parsed.ranges), str(parsed.ranges))
    return given


def _gl_origin() -> dict[str, str]:
    from rendering.context import probe

    found = probe()
    if not found.ok:
        raise SystemComponentError(found.message)
    return {"gl_vendor": found.vendor, "gl_renderer": found.renderer, "gl_version": found.version}


def _parse_size(text: str) -> tuple[int, int]:
    """(height, width) of `WIDTHxHEIGHT`."""
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise UsageError(f"--size must be WIDTHxHEIGHT in pixels such as 640x480, got {text!r}")
    return int(height), int(width)


def _fill_dataset(parser: ArgumentParser, words: Sequence[str]) -> None:
    words_ = "DATA_DIR/NAME/VERSION, or DATA_DIR/NAME when there is one version; may be a URL"
    parser.add_argument("dataset", type=str, help=words_)
    parser.add_argument("--json", action="store_true", help="print JSON")


def _fill_inspect(parser: ArgumentParser, words: Sequence[str]) -> None:
    _fill_dataset(parser, words)
    parser.add_argument("--show", type=Path, default=None, help="save one example as a picture to this PNG")
    parser.add_argument("--key", type=str, default=None, help="which example to show; by default the first")


def _inspect(parsed: Any) -> int:
    from datasets.dataset import Dataset
    from datasets.describe import describe, summary

    dataset = Dataset.open(_place(parsed.dataset, parsed.beam_options))
    if parsed.json:
        print(json.dumps(summary(dataset), indent=2, ensure_ascii=False))
    else:
        console = _console()
        console.print(describe(dataset, width=console.width))
    if parsed.show:
        _show(dataset, parsed.key, parsed.show)
    return 0


def _show(dataset: Any, key: str | None, path: Path) -> None:
    from datasets.preview import preview

    sample = dataset.sample(key) if key else dataset.first_sample()
    preview(sample, dataset.schema).save(path)
    print(f"{sample.key}: {path}", file=sys.stderr)


def _verify(parsed: Any) -> int:
    from datasets.dataset import Dataset
    from datasets.verification import verify

    dataset = Dataset.open(_place(parsed.dataset, parsed.beam_options))
    with _console(stderr=True).status("verifying") as status:
        faults = verify(dataset, lambda shard: status.update(f"verifying {shard}"))
    examples = sum(facts.examples for facts in dataset.manifest.splits.values())
    if parsed.json:
        document = {"ok": not faults, "examples": examples, "faults": faults, "fingerprint": dataset.fingerprint}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return VerificationError.exit_code if faults else 0
    if faults:
        raise VerificationError(f"{dataset.directory} is damaged:\n  " + "\n  ".join(faults))
    print(f"{dataset.directory}: complete and unchanged, {examples:,} examples, fingerprint {dataset.fingerprint[:16]}")
    return 0


def _fill_doctor(parser: ArgumentParser, words: Sequence[str]) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _doctor(parsed: Any) -> int:
    from pipelines.doctor import examine

    checks = examine()
    if parsed.json:
        print(json.dumps([check.to_json() for check in checks], indent=2))
    else:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:16} {check.found}")
            if not check.ok:
                print(f"      {'':16} {check.remedy}")
    return 0 if all(check.ok for check in checks) else SystemComponentError.exit_code


def _console(stderr: bool = False) -> Any:
    from rich.console import Console

    piped = None if sys.stdout.isatty() else 120
    return Console(stderr=stderr, highlight=False, width=piped)


COMMANDS: dict[str, Command] = {
    "doctor": Command("check that this machine can do the jobs", _fill_doctor, _doctor),
    "list": Command("list what other commands take by name", listing.fill, listing.run),
    "convert": Command("convert a real data set to sharded TFRecords", _fill_convert, _convert),
    "render": Command("render a labelled synthetic data set", _fill_render, _render),
    "inspect": Command("show what a data set holds", _fill_inspect, _inspect),
    "verify": Command("prove that a data set is complete and unchanged", _fill_dataset, _verify),
    "train": Command(
        "train a network on a data set and score it", training_commands.fill_train, training_commands.train
    ),
    "evaluate": Command(
        "score a run on a split of a data set", training_commands.fill_evaluate, training_commands.evaluate
    ),
    "compare": Command(
        "hold runs against each other on the same test images",
        training_commands.fill_compare,
        training_commands.compare,
    ),
    "study": Command("measure a reality gap and write the report", study_commands.fill_study, study_commands.study),
    "demo": Command(
        "render, convert, train, adapt and report, without any download",
        study_commands.fill_demo,
        lambda parsed: study_commands.demo(parsed, _dispatch),
    ),
}

if __name__ == "__main__":
    console_main()
