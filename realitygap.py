"""The command line: `realitygap COMMAND ...`.

Every import of a room stands inside the command that needs it, so that `--help` is instant.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import data_commands
import listing
import study_commands
import training_commands
from command_parser import make_parser, underscored
from datasets.errors import RealitygapError, SystemComponentError, UsageError
from pipelines.garbage import uncollected

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser


EXIT_INTERRUPTED = 130
_ABOUT = """\
Real and synthetic training data for computer vision: convert, render, train, and measure the reality gap.

  realitygap demo OUT                                     everything below in one go, without any download
  realitygap convert pets ~/oxford_pets DATA_DIR          a real data set to sharded TFRecords
  realitygap render digits DATA_DIR --frames 4000         a labelled synthetic set, headless
  realitygap inspect DATA_DIR/oxford_iiit_pet             what is in it
"""


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        help: a line for the list.
        fill: fills its parser.
        run: does the work with the parsed options.
        around: what begins before options are read, and ends with the command.
    """

    help: str
    fill: Callable[[ArgumentParser, Sequence[str]], None]
    run: Callable[[Any], int]
    around: Callable[[Sequence[str]], AbstractContextManager[None]] = lambda words: nullcontext()


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
    """Run the command and leave."""
    leave(main())


def leave(code: int) -> None:
    """End this process, also when an interrupted worker still holds a thread."""
    sys.stdout.flush()
    sys.stderr.flush()
    if code:
        os._exit(code)
    gc.freeze()  # or Python goes through all that Beam and TensorFlow have made once more, for a quarter of a second
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
    with command.around(words[1:]):
        return _run(command, words)


def _run(command: Command, words: list[str]) -> int:
    own, beam_options = _cut_at_dashes(words[1:])
    with uncollected():
        parser = make_parser(words[0], command.help[0].upper() + command.help[1:] + ".")
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


COMMANDS: dict[str, Command] = {
    "doctor": Command("check that this machine can do the jobs", _fill_doctor, _doctor),
    "list": Command("list what other commands take by name", listing.fill, listing.run),
    "convert": Command(
        "convert a real data set to sharded TFRecords",
        data_commands.fill_convert,
        data_commands.convert,
        data_commands.workers_ahead,
    ),
    "render": Command("render a labelled synthetic data set", data_commands.fill_render, data_commands.render),
    "inspect": Command("show what a data set holds", data_commands.fill_inspect, data_commands.inspect),
    "verify": Command(
        "prove that a data set is complete and unchanged", data_commands.fill_dataset, data_commands.verify
    ),
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
