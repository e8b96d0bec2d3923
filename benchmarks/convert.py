"""Writing shards: this toolkit beside TensorFlow Datasets and `cat`, on the same generated files, in one run.

    python benchmarks/convert.py [--pets 7349] [--cityscapes 500] [--runs 3]

Every tool runs as a whole process, in turn, `--runs` times after one warm-up, when the disk has come to rest after the
one before it; ours is the command `realitygap convert`.
Printed are images per second of the whole process and, in brackets, inside it after imports (medians; ours imports Beam
inside, while its workers work), the largest memory of a process, and how many times as fast as each peer we are. `bare
decode` decodes every file on two threads with libpng and libjpeg-turbo and writes nothing. `bare work` does in two
processes what `fast` promises and nothing else: it reads each file, proves it, decodes and counts the label maps, takes
the checksums and writes the bytes; there are no samples, no schema, no records, no statistics, no Beam, no plan.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import google_crc32c

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SETS = ("pets", "cityscapes")
OURS = ("realitygap fast", "realitygap full")
TOOLS = (*OURS, "tfds generator", "tfds beam", "bare decode", "bare work", "cat")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pets", type=int, default=7349, help="images of 500x375; the true set has 7,349")
    parser.add_argument(
        "--cityscapes", type=int, default=500, help="images of 2048x1024; the true validation list has 500"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child", nargs=4, metavar=("SET", "TOOL", "SOURCE", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, tool, source, out = options.child
        CHILDREN[tool](name, Path(source), Path(out))
        return
    with tempfile.TemporaryDirectory(prefix="realitygap-bench-") as folder:
        for name in SETS:
            _compare(name, getattr(options, name), options.runs, Path(folder))


def _compare(name: str, count: int, runs: int, folder: Path) -> None:
    from benchmarks import inputs

    source = folder / name
    make = {"pets": inputs.pets_tree, "cityscapes": inputs.cityscapes_tree}[name]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as elsewhere:
        elsewhere.submit(make, source, count).result()  # or its memory would count as that of every child
    seconds: dict[str, list[tuple[float, float]]] = {tool: [] for tool in TOOLS}
    memory: dict[str, float] = {}
    for run in range(runs + 1):
        for tool in TOOLS:
            whole, inside, megabytes = _run(name, tool, source, folder / "out")
            memory[tool] = max(memory.get(tool, 0), megabytes)
            if run:
                seconds[tool].append((whole, inside))
    _print(name, count, source, seconds, memory)


def _run(name: str, tool: str, source: Path, out: Path) -> tuple[float, float, float]:
    shutil.rmtree(out, ignore_errors=True)
    os.sync()
    from pipelines.worker_process import KEPT_MEMORY

    words = [sys.executable, __file__, "--child", name, tool, str(source), str(out)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | (KEPT_MEMORY if tool == "bare work" else {})
    began = time.perf_counter()
    child = subprocess.run(words, capture_output=True, text=True, env=environment)
    whole = time.perf_counter() - began
    if child.returncode:
        sys.exit(f"{tool} failed:\n{child.stdout}\n{child.stderr}")
    facts = json.loads(child.stdout.splitlines()[-1])
    return whole, facts["seconds"], facts["megabytes"]


def _print(
    name: str, count: int, source: Path, seconds: dict[str, list[tuple[float, float]]], memory: dict[str, float]
) -> None:
    size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    print(f"\n{name}: {count} images, {size / 1e6:.0f} MB, {len(os.sched_getaffinity(0))} cores", flush=True)
    whole = {tool: statistics.median(run[0] for run in runs) for tool, runs in seconds.items()}
    inside = {tool: statistics.median(run[1] for run in runs) for tool, runs in seconds.items()}
    for tool in TOOLS:
        spread = f"{min(run[0] for run in seconds[tool]):.2f}-{max(run[0] for run in seconds[tool]):.2f} s"
        times, inner = whole[tool] / whole["realitygap fast"], inside[tool] / inside["realitygap fast"]
        ratio = f"fast is {times:.2f}x, inside {inner:.2f}x"
        rates = f"{count / whole[tool]:8.0f} ({count / inside[tool]:.0f}) images/s"
        print(f"  {tool:16} {rates:28} {spread:16} {memory[tool]:6.0f} MB   {ratio}", flush=True)


def _timed(work: Callable[[], object]) -> None:
    began = time.perf_counter()
    work()
    spent = time.perf_counter() - began
    usage = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": spent, "megabytes": usage / 1024}))


def _ours(thoroughness: str) -> Callable[[str, Path, Path], None]:
    def run(name: str, source: Path, out: Path) -> None:
        import datasets.sources
        import pipelines.build
        import pipelines.job
        from realitygap import leave, main

        _ = datasets.sources, pipelines.build, pipelines.job  # what the command imports at its start
        _timed(lambda: main(["convert", name, str(source), str(out), "--splits", "train", "--verify", thoroughness]))
        leave(0)

    return run


def _tfds(beam_builder: bool) -> Callable[[str, Path, Path], None]:
    def run(name: str, source: Path, out: Path) -> None:
        import apache_beam as beam
        import tensorflow_datasets as tfds
        from apache_beam.options.pipeline_options import PipelineOptions
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner

        from benchmarks.peers import features, list_files, read

        def generate(builder: object, split: str = "train") -> object:
            files = list_files(name, source)
            if beam_builder:
                return beam.Create(files) | beam.Map(read)
            return map(read, files)

        body = {
            "VERSION": tfds.core.Version("1.0.0"),
            "_info": lambda self: tfds.core.DatasetInfo(builder=self, description="", features=features(name)),
            "_split_generators": lambda self, manager: {"train": self._generate_examples()},
            "_generate_examples": generate,
            "__module__": __name__,
        }
        base = tfds.core.BeamBasedBuilder if beam_builder else tfds.core.GeneratorBasedBuilder
        builder = type("Peer", (base,), body)(data_dir=str(out))
        config = tfds.download.DownloadConfig(beam_runner=FnApiRunner(), beam_options=PipelineOptions())
        _timed(lambda: builder.download_and_prepare(download_config=config))

    return run


def _cat(name: str, source: Path, out: Path) -> None:
    from benchmarks.peers import list_files

    files = [path for _, paths in list_files(name, source) for path in paths.values()]

    def work() -> None:
        out.mkdir(parents=True)
        with open(out / "all", "wb") as target:
            for start in range(0, len(files), 1000):
                subprocess.run(["cat", *files[start : start + 1000]], stdout=target, check=True)
            os.fsync(target.fileno())

    _timed(work)


def _bare_decode(name: str, source: Path, out: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import imagecodecs
    import simplejpeg

    from benchmarks.peers import list_files

    def decode(path: str) -> None:
        data = Path(path).read_bytes()
        (imagecodecs.png_decode if path.endswith(".png") else simplejpeg.decode_jpeg)(data)

    files = [str(path) for _, paths in list_files(name, source) for path in paths.values()]

    def work() -> None:
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            list(pool.map(decode, files))

    _timed(work)


def _bare_work(name: str, source: Path, out: Path) -> None:
    from benchmarks.peers import list_files

    examples = [paths for _, paths in list_files(name, source)]
    processes = len(os.sched_getaffinity(0))

    def work() -> None:
        out.mkdir(parents=True)
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            pool.map(_do_bare_work, [(out / str(part), examples[part::processes]) for part in range(processes)], 1)

    _timed(work)


def _do_bare_work(part: tuple[Path, Sequence[Mapping[str, Path]]]) -> None:
    from datasets.jpeg import jpeg_fault
    from datasets.png import count_png_ids, distinct_png_ids, png_fault
    from datasets.storage import whole_file

    target, examples = part
    digest = hashlib.sha256()
    with open(target, "wb", buffering=0) as file:
        for paths in examples:
            for kind, path in paths.items():
                data = whole_file(path)
                if kind == "image":
                    fault = (png_fault if str(path).endswith(".png") else jpeg_fault)(data)
                    assert fault is None
                else:
                    assert (count_png_ids if kind == "labels" else distinct_png_ids)(data) is not None
                digest.update(data)
                google_crc32c.value(data)
                file.write(data)
        os.fsync(file.fileno())


CHILDREN: dict[str, Callable[[str, Path, Path], None]] = {
    "realitygap fast": _ours("fast"),
    "realitygap full": _ours("full"),
    "tfds generator": _tfds(beam_builder=False),
    "tfds beam": _tfds(beam_builder=True),
    "bare decode": _bare_decode,
    "bare work": _bare_work,
    "cat": _cat,
}

if __name__ == "__main__":
    main()
