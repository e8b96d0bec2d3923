"""The commands `convert`, `render`, `inspect`, `verify`. Rooms are imported inside them: `--help` is instant."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from command_parser import add_options, options_of, underscored
from datasets.errors import SystemComponentError, UsageError, VerificationError

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

    from rendering.randomisation import Randomisation

SCENE_NAMES = ("digits", "turntable", "tabletop", "street")
_SCENE_LISTS = {
    "catalogues": "names or files of catalogues; by default all that apply to the assets",
    "classes": "classes to show, such as cat,dog; by default all",
    "annotations": "what to render beside colours, such as depth,normal,boxes,poses",
}

_NO_WORKERS = ("-h", "--help", "--dry_run", "--runner", "--worker", "--config")
"""Options with which `convert` starts no worker processes, or not as many as there are processors."""


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


def fill_convert(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `convert`, and those of the source that is named."""
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


def workers_ahead(words: Sequence[str]) -> AbstractContextManager[None]:
    """Worker processes for `convert`, started while it reads its options and lists the source, where it may use them.

    Whether it will is known when the source is listed: those started for a small one are ended then.
    """
    if len(words) < 3 or words[0] == "digits" or any(word.startswith(_NO_WORKERS) for word in map(underscored, words)):
        return nullcontext()
    return _ahead()


@contextmanager
def _ahead() -> Iterator[None]:
    from pipelines.worker_process import ONE_BLAS_THREAD, ahead_of_need

    lacking = ONE_BLAS_THREAD.keys() - os.environ.keys()
    os.environ.update({name: ONE_BLAS_THREAD[name] for name in lacking})
    try:
        with ahead_of_need():
            yield
    finally:
        for name in lacking:
            os.environ.pop(name, None)


def convert(parsed: Any) -> int:
    """Convert a real data set."""
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


def fill_render(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `render`, and those of the scenes that are named."""
    parser.add_argument(
        "scene", choices=SCENE_NAMES, help="which scenes; name one to see the options it has of its own"
    )
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
    if words and words[0] in SCENE_NAMES:
        from rendering.scenes import SCENES

        add_options(parser, SCENES[words[0]], frozenset({"size", "randomisation", *_SCENE_LISTS}))
        for name, about in _SCENE_LISTS.items():
            if name in SCENES[words[0]].__dataclass_fields__:
                parser.add_argument(f"--{name}", type=str, help=about)
    _fill_build(parser)


def render(parsed: Any) -> int:
    """Render a synthetic data set."""
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


def fill_dataset(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `verify`."""
    words_ = "DATA_DIR/NAME/VERSION, or DATA_DIR/NAME when there is one version; may be a URL"
    parser.add_argument("dataset", type=str, help=words_)
    parser.add_argument("--json", action="store_true", help="print JSON")


def fill_inspect(parser: ArgumentParser, words: Sequence[str]) -> None:
    """Options of `inspect`."""
    fill_dataset(parser, words)
    parser.add_argument("--show", type=Path, default=None, help="save one example as a picture to this PNG")
    parser.add_argument("--key", type=str, default=None, help="which example to show; by default the first")


def inspect(parsed: Any) -> int:
    """Show what a data set holds."""
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


def verify(parsed: Any) -> int:
    """Prove that a data set is complete and unchanged."""
    from datasets.dataset import Dataset
    from datasets.verification import verify as faults_of

    dataset = Dataset.open(_place(parsed.dataset, parsed.beam_options))
    with _console(stderr=True).status("verifying") as status:
        faults = faults_of(dataset, lambda shard: status.update(f"verifying {shard}"))
    examples = sum(facts.examples for facts in dataset.manifest.splits.values())
    if parsed.json:
        document = {"ok": not faults, "examples": examples, "faults": faults, "fingerprint": dataset.fingerprint}
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return VerificationError.exit_code if faults else 0
    if faults:
        raise VerificationError(f"{dataset.directory} is damaged:\n  " + "\n  ".join(faults))
    print(f"{dataset.directory}: complete and unchanged, {examples:,} examples, fingerprint {dataset.fingerprint[:16]}")
    return 0


def _console(stderr: bool = False) -> Any:
    from rich.console import Console

    piped = None if sys.stdout.isatty() else 120
    return Console(stderr=stderr, highlight=False, width=piped)
