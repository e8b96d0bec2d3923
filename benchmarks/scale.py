"""What a job costs against the number of its examples and workers: time, processor time, memory of driver and workers.

    python benchmarks/scale.py [--convert 1000,10000,100000] [--photographs 4000] [--render 1000,10000]

Examples are tiny (random 28x28 digits, rendered frames of 16x16), so that what is measured is the cost of an example
and not of its pixels; `photographs` are 500x375 JPEG that are decoded to the last pixel, work for the processor. Every
run is a whole process of the command, with its start. The start is taken from a run of 10 examples and given by itself;
`speed-up` compares what is left. docs/scale.md is made from this output.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

_FEW = 10
_POLL_S = 0.1


@dataclass(frozen=True)
class Cost:
    """One run: wall and processor seconds, largest memory of the command, of one worker and of all together, disk."""

    seconds: float
    cpu_s: float
    driver_mb: float
    worker_mb: float
    all_mb: float
    mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--convert", type=_numbers, default=(1000, 10_000, 100_000))
    parser.add_argument("--render", type=_numbers, default=(1000, 10_000, 100_000))
    parser.add_argument("--photographs", type=_numbers, default=(4000,))
    parser.add_argument("--workers", type=_numbers, default=(1, 2))
    parser.add_argument("--kind", default="processes", help="of the workers that convert; rendering takes processes")
    options = parser.parse_args()
    print(f"{len(os.sched_getaffinity(0))} cores; load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="realitygap-scale-") as folder:
        jobs = {"convert": options.convert, "photographs": options.photographs, "render": options.render}
        for job, counts in jobs.items():
            _measure(job, counts, options.workers, options.kind, Path(folder))


def _measure(job: str, counts: tuple[int, ...], workers: tuple[int, ...], kind: str, folder: Path) -> None:
    print(f"\n{job:11} workers  seconds  start  examples/s  cpu ms/example  speed-up", end="")
    print("  driver MB  worker MB  all MB  MB on disk")
    alone: dict[int, float] = {}
    for several in workers:
        start = _run(job, _FEW, several, kind, folder)
        for count in counts:
            cost = _run(job, count, several, kind, folder)
            spent = max(cost.seconds - start.seconds, 1e-9)
            alone.setdefault(count, spent)
            print(
                f"{count:11} {several:7} {cost.seconds:8.1f} {start.seconds:6.1f} {count / spent:11.0f} "
                f"{(cost.cpu_s - start.cpu_s) / count * 1000:15.3f} {alone[count] / spent:9.2f} "
                f"{cost.driver_mb:10.0f} {cost.worker_mb:10.0f} {cost.all_mb:7.0f} {cost.mb:11.1f}",
                flush=True,
            )


def _run(job: str, count: int, workers: int, kind: str, folder: Path) -> Cost:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    shards = ["--num-shards", str(max(8, count // 2500)), "--workers", str(workers)]
    if job == "convert":
        words = ["convert", "mnist", str(_digits(folder, count)), str(out), "--splits", "train", "--worker-kind", kind]
    elif job == "photographs":
        words = ["convert", "pets", str(_photographs(folder, count)), str(out), "--splits", "train"]
        words += ["--worker-kind", kind]
    else:
        words = ["render", "digits", str(out), "--frames", str(count), "--size", "16x16"]
    before, began = os.times(), time.perf_counter()
    command = [sys.executable, "-m", "realitygap", *words, *shards]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peaks = _peaks(child)
    said = child.communicate()[0]
    if child.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{said}")
    seconds, after = time.perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    size = sum(path.stat().st_size for path in out.rglob("*.tfrecord-*"))
    return Cost(seconds, spent, *peaks, size / 1e6)


def _peaks(child: subprocess.Popen[str]) -> tuple[float, float, float]:
    """Largest resident memory in MB of a command, of the largest process below it and of all together, until it ends.

    Pages that processes share are counted in each.
    """
    driver = worker = together = 0.0
    while child.poll() is None:
        here, below = _megabytes(child.pid), [_megabytes(pid) for pid in _below(child.pid)]
        driver, worker, together = max(driver, here), max([worker, *below]), max(together, here + sum(below))
        time.sleep(_POLL_S)
    return driver, worker, together


def _megabytes(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


def _below(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from _below(child)


def _digits(folder: Path, count: int) -> Path:
    """Random digits as the two idx files of MNIST's train split."""
    root = folder / f"mnist-{count}"
    if not root.exists():
        root.mkdir()
        generator = np.random.default_rng(count)
        images = generator.integers(0, 256, (count, 28, 28), np.uint8) * (generator.random((count, 28, 28)) < 0.2)
        labels = generator.integers(0, 10, count, np.uint8)
        for name, array in (("train-images-idx3-ubyte", images.astype(np.uint8)), ("train-labels-idx1-ubyte", labels)):
            header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            with gzip.open(root / f"{name}.gz", "wb", compresslevel=1) as file:
                file.write(header + array.tobytes())
    return root


def _photographs(folder: Path, count: int) -> Path:
    from benchmarks.inputs import pets_tree

    root = folder / f"pets-{count}"
    if not root.exists():
        pets_tree(root, count)
    return root


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


if __name__ == "__main__":
    main()
