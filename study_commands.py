"""The commands `study` and `demo`. Rooms are imported inside them, so that `--help` is instant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.errors import UsageError
from option_flags import add_flags, given_flags

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

    from datasets.dataset import Dataset

_COMPARISON_NAME = "comparison.html"


def fill_study(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `study`: those of every study and, where one is named, by a word or by a file, its own."""
    from training.configuration import defaults
    from training.study.domains import STUDIES
    from training.study.options import Limits, StudyOptions

    names = ", ".join(STUDIES)
    parser.add_argument("study", type=str, nargs="?", help=f"{names}; name one to see the options it has of its own")
    parser.add_argument("out", type=str, nargs="?", help="folder for rows, report.json and report.html")
    parser.add_argument("--config", type=Path, help="a YAML file with any of these options, study and out among them")
    # The parser library gives this very word an empty value.
    parser.add_argument("--print_config", type=str, nargs="?", const="", metavar="", help="print all options as YAML")
    parser.add_argument("--report", type=Path, metavar="OUT", help="write the report of a finished study anew, no more")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="OUT", help="hold two finished studies together")
    parser.add_argument(
        "--page", type=Path, help=f"where their comparison goes (default: {_COMPARISON_NAME} in the second)"
    )
    kind = STUDIES.get(_study_named(words) or "")
    known = defaults(StudyOptions) | (dict(kind.defaults) if kind else {})
    add_flags(parser, StudyOptions, known, frozenset({"out"}))
    if kind:
        add_flags(parser, kind, defaults(kind))
    add_flags(parser, Limits, defaults(Limits))


def study(parsed: Any) -> int:
    """Run a study or what is missing of it, or write a report or comparison of what has run."""
    if parsed.report:
        from training.study.report import write_report

        print(f"report: {write_report(parsed.report)}")
        return 0
    if parsed.compare:
        from training.study.comparing import write_comparison

        first, second = parsed.compare
        print(f"comparison: {write_comparison(first, second, parsed.page or second / _COMPARISON_NAME)}")
        return 0
    shown = parsed.print_config is not None
    name, document = _document(parsed, shown)
    options, domains, limits = _options(name, document, str(parsed.config) if parsed.config else "")
    if shown:
        from training.configuration import yaml_text

        print(yaml_text({"study": name, **document}), end="")
        return 0
    from training.start import start_quietly
    from training.study.engine import run_study

    start_quietly()
    print(f"report: {run_study(options, domains, limits=limits)}")
    return 0


def fill_demo(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `demo`."""
    parser.add_argument("out", type=Path, help="folder for the data sets and the report")
    parser.add_argument("--frames", type=int, default=6000, help="rendered frames")
    parser.add_argument("--workers", type=int, default=None, help="by default one for each processor")


def demo(parsed: Any, dispatch: Callable[[list[str]], int]) -> int:
    """Render, convert and study the digits; what is finished stays.

    Args:
        parsed: options.
        dispatch: runs another command.

    Raises:
        UsageError: another number of frames is rendered already.
    """
    from datasets.dataset import Dataset, finished_versions

    data_dir = parsed.out / "data"
    synthetic, real = data_dir / "digits_rendered", data_dir / "digits"
    if finished_versions(synthetic):
        _refuse_other_count(Dataset.open(synthetic), parsed.frames)
    workers = ["--workers", str(parsed.workers)] if parsed.workers else []
    render = ["render", "digits", str(data_dir), "--frames", str(parsed.frames), *workers]
    convert = ["convert", "digits", "scikit-learn", str(data_dir), *workers]
    for title, words, target in (("1/3 render digits", render, synthetic), ("2/3 convert real digits", convert, real)):
        print(f"\n== {title}: realitygap {' '.join(words)}", flush=True)
        if finished_versions(target):
            print("finished already")
        else:
            dispatch(words)
    study_words = ["study", "digits", str(parsed.out / "study"), "--synthetic", str(synthetic), "--real", str(real)]
    print(f"\n== 3/3 study: realitygap {' '.join(study_words)}", flush=True)
    dispatch(study_words)
    print(f"\nOpen the report: {(parsed.out / 'study' / 'report.html').resolve()}")
    return 0


def _refuse_other_count(rendered: Dataset, frames: int) -> None:
    stand = sum(split.examples for split in rendered.manifest.splits.values())
    if stand != frames:
        raise UsageError(
            f"{rendered.directory} holds {stand} frames, and --frames asks for {frames}; give --frames {stand} to go "
            "on with those, or name another folder"
        )


def _study_named(words: Sequence[str]) -> str | None:
    """The study that a command line names first, else the one that its file names."""
    from training.configuration import read_yaml
    from training.study.domains import STUDIES

    if words and words[0] in STUDIES:
        return words[0]
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option == "--config":
            path = value if equals else "".join(words[place + 1 : place + 2])
            return str(read_yaml(Path(path)).get("study"))
    return None


def _document(parsed: Any, shown: bool) -> tuple[str, dict[str, Any]]:
    """The study's name and plain values of all options: defaults, then the file, then flags."""
    from training.configuration import defaults, merged, read_yaml
    from training.study.domains import STUDIES
    from training.study.options import Limits, StudyOptions

    given = read_yaml(parsed.config) if parsed.config else {}
    positional = [word for word in (parsed.study, parsed.out) if word is not None]
    # With a file that names the study, a single word is the folder.
    named = positional and not ("study" in given and len(positional) == 1)
    name = positional.pop(0) if named else given.get("study")
    if name not in STUDIES:
        wanted = f"there is no study {name!r}; there are" if name else "study must be named: one of"
        raise UsageError(f"{wanted} {', '.join(STUDIES)}")
    kinds = (StudyOptions, STUDIES[name], Limits)
    document: dict[str, Any] = {"out": None}
    for kind in kinds:
        document |= defaults(kind)
    document |= {name: list(value) if isinstance(value, tuple) else value for name, value in kinds[1].defaults.items()}
    given = {name: value for name, value in given.items() if name != "study"}
    _refuse_unknown(given, kinds, f"{parsed.config}: ")
    document = merged(document, given)
    for kind in kinds:
        document |= given_flags(parsed, kind)
    if positional:
        document["out"] = positional[0]
    if shown and document["out"] is None:
        document["out"] = "OUT"
    return name, document


def _options(name: str, document: Mapping[str, Any], source: str) -> tuple[Any, Any, Any]:
    from training.configuration import from_document
    from training.study.domains import STUDIES
    from training.study.options import Limits, StudyOptions

    if document["out"] is None:
        raise UsageError(f"out must be given: realitygap study {name} OUT")
    parts = []
    for kind in (StudyOptions, STUDIES[name], Limits):
        names = {field.name for field in fields(kind)}
        parts.append(from_document(kind, {key: value for key, value in document.items() if key in names}, source))
    return parts[0], parts[1], parts[2]


def _refuse_unknown(given: Mapping[str, Any], kinds: Sequence[type[Any]], source: str) -> None:
    known = [field.name for kind in kinds for field in fields(kind)]
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise UsageError(f"{source}{name}: there is no such option; {hint}")
