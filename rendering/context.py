"""An OpenGL context without a window or a screen, through vispy's EGL backend.

Which driver answers is settled by the environment before EGL is first loaded:

1. what the user set (`EGL_PLATFORM`, `__EGL_VENDOR_LIBRARY_FILENAMES`);
2. NVIDIA's driver where it is installed and a device is there;
3. else Mesa without a display (`EGL_PLATFORM=surfaceless`), which draws on the thread that calls it: the pipeline runs
   one process a core, two of which draw about twice as much as one with two threads, and threads of the driver's own
   cost half a millisecond a frame in waiting for each other.

`python -m rendering.context` prints what this process gets, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from datasets.errors import SystemComponentError

INSTALL_COMMAND = "apt-get install --no-install-recommends libegl1 libgl1 libgl1-mesa-dri libfontconfig1"
"""What mends a Debian or Ubuntu without headless OpenGL."""

_VENDOR_FOLDERS = ("/etc/glvnd/egl_vendor.d", "/usr/share/glvnd/egl_vendor.d")
_NVIDIA_DEVICE = "/dev/nvidiactl"
_USER_CHOICES = ("EGL_PLATFORM", "__EGL_VENDOR_LIBRARY_FILENAMES", "__EGL_VENDOR_LIBRARY_DIRS")
_PROBE_SECONDS = 60
_SOFTWARE_DRIVERS = ("llvmpipe", "softpipe", "swrast")
_REMEDY = (
    f". On Debian or Ubuntu run `{INSTALL_COMMAND}`; if drivers are installed, `python -m rendering.context` shows "
    "which one answers, and EGL_PLATFORM=surfaceless asks for software rendering"
)


class ContextLost(SystemComponentError):
    """The driver no longer answers for a context that was good."""


@dataclass(frozen=True)
class GlProbe:
    """What a fresh process found when it opened a context.

    Attributes:
        ok: whether frames can be rendered.
        vendor: who made the driver.
        renderer: what draws, for example `llvmpipe (LLVM 19.1.7, 256 bits)`.
        version: the OpenGL version that the driver offers.
        message: one sentence for the user: what works and with which environment, or what is missing and what to do.
        environment: variables that were added to the user's own to get there.
    """

    ok: bool
    vendor: str = ""
    renderer: str = ""
    version: str = ""
    message: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


class HeadlessContext:
    """An OpenGL context that belongs to the thread that opened it; close it on the same thread.

    Raises:
        SystemComponentError: EGL or a driver is missing or refuses; the message names the command that mends it.
    """

    def __init__(self) -> None:
        if _first_process() != os.getpid():
            raise SystemComponentError(
                "this process was forked from one that used OpenGL, and would hang; start it with "
                'multiprocessing.get_context("spawn") instead'
            )
        prepare_environment()
        self._process, self._thread = os.getpid(), threading.get_ident()
        try:
            import vispy

            vispy.use(app="egl")
            from OpenGL import EGL, GL
            from vispy.app import Canvas

            self._canvas = Canvas(size=(1, 1), show=False, autoswap=False)
            self._canvas.set_current()
        except (ImportError, OSError, RuntimeError, AttributeError, ValueError) as error:
            raise SystemComponentError(
                f"no headless OpenGL context: {str(error).strip() or type(error).__name__}{_REMEDY}"
            ) from error
        self._egl = EGL
        self._refuse_beside_tensorflow((GL.glGetString(GL.GL_RENDERER) or b"").decode())
        self._handles = (
            EGL.eglGetCurrentDisplay(),
            EGL.eglGetCurrentSurface(EGL.EGL_DRAW),
            EGL.eglGetCurrentContext(),
        )
        self.vendor, self.renderer, self.version = (
            (GL.glGetString(name) or b"").decode() for name in (GL.GL_VENDOR, GL.GL_RENDERER, GL.GL_VERSION)
        )

    def _refuse_beside_tensorflow(self, renderer: str) -> None:
        """Mesa's software driver and TensorFlow each bring an LLVM; the first frame would end the process."""
        if "tensorflow" in sys.modules and any(name in renderer for name in _SOFTWARE_DRIVERS):
            self._canvas.close()
            raise SystemComponentError(
                f"software OpenGL ({renderer}) and TensorFlow crash each other in one process, and TensorFlow is "
                "loaded here; render in another process, as `realitygap render` does"
            )

    def make_current(self) -> None:
        """Direct the thread's OpenGL calls here, whatever context another library made current meanwhile.

        Raises:
            SystemComponentError: called on another thread, or after the context was closed.
            ContextLost: the driver refuses it.
        """
        self.check_thread()
        display, surface, context = self._handles
        try:
            self._egl.eglMakeCurrent(display, surface, surface, context)
        except self._egl.EGLError as error:
            raise ContextLost("the OpenGL context is lost; open a new renderer") from error

    def check_thread(self) -> None:
        """See that this thread may use the context.

        Raises:
            SystemComponentError: called on another thread, in a forked process, or after the context was closed.
        """
        if os.getpid() != self._process:
            raise SystemComponentError("an OpenGL context does not survive a fork; open the renderer in this process")
        if threading.get_ident() != self._thread:
            raise SystemComponentError(
                "an OpenGL context belongs to the thread that opened it; open the renderer on the thread that renders"
            )
        if self._canvas is None:
            raise SystemComponentError("the OpenGL context is closed; open a new renderer")

    def abandon(self) -> None:
        """Close a context that was lost; whatever the driver refuses then does not matter."""
        with contextlib.suppress(self._egl.EGLError, RuntimeError):
            self.close()

    def close(self) -> None:
        """Free the context and what still lives in it; a second call does nothing."""
        if self._canvas is None:
            return
        display, _, context = self._handles
        self._canvas.close()
        self._canvas = None
        # vispy frees the surface but never the context: without these two lines every canvas leaks megabytes.
        self._egl.eglMakeCurrent(display, self._egl.EGL_NO_SURFACE, self._egl.EGL_NO_SURFACE, self._egl.EGL_NO_CONTEXT)
        self._egl.eglDestroyContext(display, context)

    def __enter__(self) -> HeadlessContext:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@lru_cache(maxsize=1)
def _first_process() -> int:
    """The process that opened the first context; a fork inherits the answer."""
    return os.getpid()


def prepare_environment() -> None:
    """Set what must stand before EGL is first loaded in this process; what the user set is left alone."""
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    os.environ.setdefault("LP_NUM_THREADS", "0")
    if not any(name in os.environ for name in _USER_CHOICES) and nvidia_vendor_file() is None:
        os.environ["EGL_PLATFORM"] = "surfaceless"


def nvidia_vendor_file() -> Path | None:
    """The file that tells EGL of NVIDIA's driver, or None; a driver without a device does not count."""
    if not Path(_NVIDIA_DEVICE).exists():
        return None
    return next((file for folder in _VENDOR_FOLDERS for file in sorted(Path(folder).glob("*nvidia*.json"))), None)


def probe() -> GlProbe:
    """Open a context in a fresh process and say what came of it; this process loads no OpenGL.

    Tried in order: the environment as it is, NVIDIA's vendor file, Mesa without a display.
    """
    attempts: list[dict[str, str]] = [{}]
    vendor_file = nvidia_vendor_file()
    if vendor_file is not None:
        attempts.append({"__EGL_VENDOR_LIBRARY_FILENAMES": str(vendor_file)})
    attempts.append({"EGL_PLATFORM": "surfaceless"})
    faults = []
    for environment in attempts:
        result = _probe_with(environment)
        if result.ok:
            return result
        faults.append(f"{_shown(environment)}: {result.message.removesuffix(_REMEDY)}")
    return GlProbe(ok=False, message="; ".join(faults) + _REMEDY)


def _probe_with(environment: Mapping[str, str]) -> GlProbe:
    """The probe of a fresh process with these variables added."""
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "rendering.context"],
            env={**os.environ, **environment, "PYTHONPATH": path},
            capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return GlProbe(ok=False, message=f"the driver did not answer within {_PROBE_SECONDS} s")
    try:
        found = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return GlProbe(ok=False, message=f"the process ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return GlProbe(**{**found, "environment": dict(environment)})


def _shown(environment: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in environment.items()) or "environment as it is"


def _probe_here() -> GlProbe:
    """Open a context in this very process."""
    try:
        with HeadlessContext() as context:
            message = f"{context.renderer} through EGL, {context.version}"
            return GlProbe(True, context.vendor, context.renderer, context.version, message)
    except SystemComponentError as error:
        return GlProbe(ok=False, message=str(error))


if __name__ == "__main__":
    print(json.dumps(asdict(_probe_here())))
