"""Frames a second on one scene of 20 objects and 200,000 triangles, beside bare OpenGL loops and pyrender.

    python benchmarks/render.py [--seconds 1] [--rounds 3] [--pyrender PYTHON]

pyrender does not live in this environment; make one of its own and name its Python:

    python -m venv /tmp/pyrender && /tmp/pyrender/bin/pip install pyrender && \
        /tmp/pyrender/bin/pip install -U PyOpenGL networkx "numpy<2"

There are two bare loops (`bare_loop.py`), both with the renderer's culling and levels of detail: `matt` computes next
to no light, `equal` the same light as the renderer. On software OpenGL the first tables give frames a second of
processor time of one core: what else runs on the machine does not count, and a second thread brings no credit. On a
graphics card they are of wall time, as are workers and records everywhere. Each figure is the median of the rounds,
which take turns.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from bare_loop import frames_per_second as bare_frames_per_second  # noqa: E402
from render_scenes import BenchmarkScenes, scenes  # noqa: E402

from datasets.shards import Shard  # noqa: E402
from pipelines.frames import Frames  # noqa: E402
from pipelines.shard_writer import write_shard  # noqa: E402
from pipelines.workspace import Workspace  # noqa: E402
from rendering.annotations import to_sample  # noqa: E402
from rendering.context import probe  # noqa: E402
from rendering.frame import ANNOTATIONS  # noqa: E402
from rendering.renderer import Renderer  # noqa: E402

THREE = ("instance", "depth")
ONE_PASS = ("semantic", "instance", "depth", "normal", "object_coordinates", "camera")
SIZES = ((480, 640), (256, 256))
PIXELS_PER_TRIANGLE = 2.0
Size = tuple[int, int]


def renderer_frames_per_second(
    size: Size, seconds: float, annotations: tuple[str, ...], supersample: int, clock: Callable[[], float]
) -> float:
    """Frames a second of the renderer; where boxes are asked for, they, poses and the rest are worked out too."""
    frames, rows = scenes(*size), "boxes" in annotations
    with Renderer(*size, supersample, annotations, PIXELS_PER_TRIANGLE) as renderer:
        for scene in frames:
            renderer.render(scene)
        start, count = clock(), 0
        while clock() - start < seconds:
            scene, following = frames[count % len(frames)], frames[(count + 1) % len(frames)]
            frame = renderer.render(scene, following)
            if rows:
                to_sample(frame, scene, "x")
            count += 1
        return count / (clock() - start)


def workers_frames_per_second(count: int, size: Size, seconds: float) -> float:
    """All frames a second of wall time of so many processes that render at once."""
    words = [sys.executable, __file__, "--worker", str(size[0]), str(size[1]), str(seconds)]
    workers = [subprocess.Popen(words, stdin=-1, stdout=-1, text=True) for _ in range(count)]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()  # it is ready
    return sum(float(worker.communicate("go\n")[0]) for worker in workers)


def work(size: Size, seconds: float) -> None:
    """One of those processes: warm up, say so, wait for the word, measure."""
    frames = scenes(*size)
    with Renderer(*size, 1, ONE_PASS, PIXELS_PER_TRIANGLE) as renderer:
        for scene in frames:
            renderer.render(scene)
        print("ready", flush=True)
        sys.stdin.readline()
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            renderer.render(frames[count % len(frames)])
            count += 1
        print(count / (time.perf_counter() - start))


def records_ratios(size: Size, frames: int, supersample: int) -> tuple[float, float]:
    """How many times as long as rendering alone it takes until the shard is on disk, in wall and in processor time."""
    source = Frames(BenchmarkScenes(size), frames, supersample=supersample)
    items = source.plan().items
    warm, counted = items[:16], items[16:]
    drawn = scenes(*size)
    with Renderer(*size, supersample, source.scenes.annotations, PIXELS_PER_TRIANGLE) as renderer:
        for scene in drawn:
            renderer.render(scene)
        start, busy = time.perf_counter(), time.process_time()
        for place in range(len(counted)):
            renderer.render(drawn[place % len(drawn)])
        alone = time.perf_counter() - start, time.process_time() - busy
    with TemporaryDirectory() as folder, source.open_reader() as reader:
        workspace = Workspace(Path(folder) / source.name / source.version)
        workspace.begin({}, overwrite=True)
        for shard in (Shard("warm", "train", 0, warm), Shard("counted", "train", 1, counted)):
            start, busy = time.perf_counter(), time.process_time()
            write_shard(shard, reader, source.schema, workspace, "fast")
        return (time.perf_counter() - start) / alone[0], (time.process_time() - busy) / alone[1]


def pyrender_frames_per_second(python: str, size: Size, seconds: float) -> float:
    """The same scene, in pyrender's own process."""
    frames, software = scenes(*size), _clock() is time.process_time
    stored = {"objects": len(frames[0].objects), "size": size, "intrinsics": frames[0].camera.intrinsics,
              "world_to_camera": [frame.camera.world_to_camera for frame in frames]}  # fmt: skip
    for place, thing in enumerate(frames[0].objects):
        mesh, texture = thing.mesh.build(), thing.material.base_colour_texture
        stored |= {f"{name}_{place}": getattr(mesh, name) for name in ("vertices", "normals", "faces", "uvs")}
        stored |= {f"picture_{place}": texture.build(), f"pose_{place}": thing.pose}
    environment = {**os.environ, "PYOPENGL_PLATFORM": "egl", "LP_NUM_THREADS": "0"}
    if software:
        environment["EGL_PLATFORM"] = "surfaceless"
    with TemporaryDirectory() as folder:
        np.savez(f"{folder}/scene.npz", **stored)
        script = Path(__file__).with_name("pyrender_loop.py")
        words = [python, str(script), f"{folder}/scene.npz", str(seconds), "process" if software else "wall"]
        done = subprocess.run(words, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"pyrender failed:\n{done.stderr[-2000:]}")
    return float(done.stdout)


def _clock() -> Callable[[], float]:
    return time.process_time if "llvmpipe" in probe().renderer else time.perf_counter


def compare(size: Size, seconds: float, rounds: int, pyrender: str | None) -> None:
    """Print one size's frames a second, each a median, and their ratios to the bare loops."""
    clock = _clock()
    runs: dict[str, Callable[[], float]] = {
        f"bare loop, {shading} shading": lambda shading=shading: bare_frames_per_second(
            scenes(*size), seconds, PIXELS_PER_TRIANGLE, clock, shading
        )
        for shading in ("matt", "equal")
    }
    for label, names, supersample in (
        ("colour, instance, depth", THREE, 1),
        ("one-pass annotations", ONE_PASS, 1),
        ("one-pass, colour antialiased", ONE_PASS, 3),
        ("all, with flow, amodal and rows", ANNOTATIONS, 1),
    ):
        runs[label] = lambda names=names, supersample=supersample: renderer_frames_per_second(
            size, seconds, names, supersample, clock
        )
    if pyrender:
        runs["pyrender: colour, depth, ids"] = lambda: pyrender_frames_per_second(pyrender, size, seconds)
    found: dict[str, list[float]] = {label: [] for label in runs}
    for _ in range(rounds):
        for label, run in runs.items():
            found[label].append(run())
    matt, equal = (median(found[f"bare loop, {shading} shading"]) for shading in ("matt", "equal"))
    print(f"\n{size[1]}x{size[0]:<32} frames/s  of matt  of equal")
    for label, figures in found.items():
        middle = median(figures)
        print(f"  {label:34} {middle:8.1f}  {middle / matt:7.0%}  {middle / equal:8.0%}")


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        height, width, seconds = sys.argv[2:]
        work((int(height), int(width)), float(seconds))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pyrender", metavar="PYTHON", help="a Python that has pyrender")
    options = parser.parse_args()
    print(probe().message)
    for size in SIZES:
        compare(size, options.seconds, options.rounds, options.pyrender)
    print("\n                                     640x480  256x256")
    speedups = []
    for size in SIZES:
        pairs = [[workers_frames_per_second(count, size, options.seconds) for count in (1, 2)]
                 for _ in range(options.rounds)]  # fmt: skip
        speedups.append(median(two / one for one, two in pairs))
    print(f"  two workers over one, wall time    {speedups[0]:7.2f}  {speedups[1]:7.2f}")
    for supersample in (1, 3):
        pairs = [[records_ratios(size, 64, supersample) for _ in range(options.rounds)] for size in SIZES]
        for place, clock in enumerate(("wall time", "processor time")):
            shares = [median(ratio[place] for ratio in ratios) - 1 for ratios in pairs]
            label = f"to disk, {supersample}x{supersample} samples, {clock}"
            print(f"  {label:34} {shares[0]:+7.0%}  {shares[1]:+7.0%}")
    if not options.pyrender:
        print(__doc__)


if __name__ == "__main__":
    main()
