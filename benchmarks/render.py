"""Frames a second on one scene of 20 objects and 200,000 triangles, beside a bare OpenGL loop and pyrender.

    python benchmarks/render.py [--seconds 3] [--pyrender PYTHON]

pyrender does not live in this environment; make one of its own and name its Python:

    python -m venv /tmp/pyrender && /tmp/pyrender/bin/pip install pyrender && \
        /tmp/pyrender/bin/pip install -U PyOpenGL networkx "numpy<2"

On software OpenGL all figures are frames a second of processor time of one core: what else runs on the machine does not
count, and a second thread brings no credit. On a graphics card they are of wall time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from bare_loop import frames_per_second as bare_frames_per_second  # noqa: E402
from render_scenes import scenes  # noqa: E402

from rendering.annotations import to_sample  # noqa: E402
from rendering.context import probe  # noqa: E402
from rendering.frame import ANNOTATIONS  # noqa: E402
from rendering.renderer import Renderer  # noqa: E402

THREE = ("instance", "depth")
ONE_PASS = ("semantic", "instance", "depth", "normal", "object_coordinates", "camera")
SIZES = ((480, 640), (256, 256))


def renderer_frames_per_second(
    size: tuple[int, int], seconds: float, annotations: tuple[str, ...], supersample: int, pixels: float, rows: bool
) -> float:
    """Frames a second of the renderer; with `rows` boxes, poses and the rest are worked out too."""
    frames, clock = scenes(*size), _clock()
    with Renderer(*size, supersample, annotations, pixels) as renderer:
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


def pyrender_frames_per_second(python: str, size: tuple[int, int], seconds: float) -> float:
    """The same scene, in pyrender's own process."""
    frames, software = scenes(*size), _clock() is time.process_time
    stored = {"objects": len(frames[0].objects), "size": size, "intrinsics": frames[0].camera.intrinsics,
              "world_to_camera": [frame.camera.world_to_camera for frame in frames]}  # fmt: skip
    for place, thing in enumerate(frames[0].objects):
        mesh, texture = thing.mesh.build(), thing.material.base_colour_texture
        stored |= {f"{name}_{place}": getattr(mesh, name) for name in ("vertices", "normals", "faces", "uvs")}
        stored |= {f"picture_{place}": texture.build(), f"pose_{place}": thing.pose}
    environment = {**os.environ, "PYOPENGL_PLATFORM": "egl", "LP_NUM_THREADS": "1"}
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--pyrender", metavar="PYTHON", help="a Python that has pyrender")
    options = parser.parse_args()
    print(f"{probe().message}; frames/s")
    for size in SIZES:
        print(f"\n{size[1]}x{size[0]}")
        for pixels, words in ((0.0, "every triangle"), (2.0, "2 pixels a triangle")):
            ceiling = bare_frames_per_second(scenes(*size), options.seconds, pixels, _clock())
            print(f"  bare loop, five attachments, {words:22} {ceiling:7.1f}")
            for label, names, supersample, rows in (
                ("colour, instance, depth", THREE, 1, False),
                ("one-pass annotations", ONE_PASS, 1, False),
                ("all annotations, with rows", ANNOTATIONS, 1, True),
                ("all, colour antialiased", ANNOTATIONS, 3, True),
            ):
                found = renderer_frames_per_second(size, options.seconds, names, supersample, pixels, rows)
                print(f"  {label:27} {words:22} {found:7.1f}  {found / ceiling:5.0%} of the bare loop")
        if options.pyrender:
            peer = pyrender_frames_per_second(options.pyrender, size, options.seconds)
            print(f"  {'pyrender: colour, depth, ids':27} {'every triangle':22} {peer:7.1f}")
    if not options.pyrender:
        print(__doc__)


if __name__ == "__main__":
    main()
