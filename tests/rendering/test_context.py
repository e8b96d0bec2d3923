"""The headless context: what the probe says, and what the user is told when OpenGL is missing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import rendering.context as context_file
from datasets.errors import SystemComponentError
from rendering.context import INSTALL_COMMAND, HeadlessContext, nvidia_vendor_file, prepare_environment, probe


def test_the_probe_names_the_driver_and_loads_no_opengl_here(gl: None) -> None:
    code = (
        "import sys, json; from dataclasses import asdict; from rendering.context import probe;"
        "print(json.dumps({**asdict(probe()), 'loaded': 'OpenGL' in sys.modules}))"
    )
    found = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert found["ok"]
    assert not found["loaded"]
    with HeadlessContext() as context:
        assert (found["vendor"], found["renderer"], found["version"]) == (
            context.vendor, context.renderer, context.version
        )  # fmt: skip


def test_the_probe_goes_on_to_software_where_the_environment_fails(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGL_PLATFORM", "wayland")
    monkeypatch.setenv("WAYLAND_DISPLAY", "no-such-screen")
    found = probe()
    assert found.ok
    assert found.environment == {"EGL_PLATFORM": "surfaceless"}


def test_without_egl_the_probe_gives_the_command_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGL_LIBRARY", sys.executable)  # a file that exists and is no EGL library
    found = probe()
    assert not found.ok
    assert found.message.count(INSTALL_COMMAND) == 1
    assert "environment as it is:" in found.message
    assert "EGL_PLATFORM=surfaceless:" in found.message


def test_a_missing_egl_is_a_missing_system_component(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "from rendering.context import HeadlessContext\n"
        "try: HeadlessContext()\n"
        "except Exception as error: print(type(error).__name__, error.exit_code, error)\n"
    )
    monkeypatch.setenv("EGL_LIBRARY", sys.executable)
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("SystemComponentError 4 no headless OpenGL context")
    assert INSTALL_COMMAND in said


@pytest.mark.parametrize(
    "user, nvidia, wanted",
    [
        ({}, None, "surfaceless"),
        ({}, Path("10_nvidia.json"), None),
        ({"EGL_PLATFORM": "device"}, None, "device"),
        ({"__EGL_VENDOR_LIBRARY_FILENAMES": "x.json"}, None, None),
    ],
)
def test_the_environment_is_chosen_only_where_the_user_did_not(
    monkeypatch: pytest.MonkeyPatch, user: dict[str, str], nvidia: Path | None, wanted: str | None
) -> None:
    names = ("EGL_PLATFORM", "__EGL_VENDOR_LIBRARY_FILENAMES", "__EGL_VENDOR_LIBRARY_DIRS", "LP_NUM_THREADS")
    environment = {**user, "LP_NUM_THREADS": "3"}
    monkeypatch.setattr(context_file.os, "environ", environment)
    monkeypatch.setattr(context_file, "nvidia_vendor_file", lambda: nvidia)
    prepare_environment()
    assert environment.get("EGL_PLATFORM") == wanted
    assert environment["LP_NUM_THREADS"] == "3"
    assert environment["PYOPENGL_PLATFORM"] == "egl"
    assert set(environment) <= {*names, "PYOPENGL_PLATFORM"}


def test_nvidia_counts_only_with_a_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "50_mesa.json").touch()
    monkeypatch.setattr(context_file, "_VENDOR_FOLDERS", (str(tmp_path / "absent"), str(tmp_path)))
    monkeypatch.setattr(context_file, "_NVIDIA_DEVICE", str(tmp_path / "device"))
    (tmp_path / "10_nvidia.json").touch()
    assert nvidia_vendor_file() is None
    (tmp_path / "device").touch()
    assert nvidia_vendor_file() == tmp_path / "10_nvidia.json"
    (tmp_path / "10_nvidia.json").unlink()
    assert nvidia_vendor_file() is None


def test_another_thread_is_told_so(gl: None) -> None:
    faults: list[BaseException] = []

    def use(context: HeadlessContext) -> None:
        try:
            context.make_current()
        except SystemComponentError as error:
            faults.append(error)

    with HeadlessContext() as context:
        thread = threading.Thread(target=use, args=(context,))
        thread.start()
        thread.join()
    assert "belongs to the thread that opened it" in str(faults[0])
    with pytest.raises(SystemComponentError, match="is closed"):
        context.make_current()
    context.close()


def test_a_context_that_the_driver_lost_is_told(gl: None) -> None:
    context = HeadlessContext()
    from OpenGL import EGL

    display, _, handle = context._handles
    EGL.eglMakeCurrent(display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, EGL.EGL_NO_CONTEXT)
    EGL.eglDestroyContext(display, handle)
    with pytest.raises(SystemComponentError, match=r"^the OpenGL context is lost; open a new renderer$"):
        context.make_current()


def test_a_forked_process_is_told_and_does_not_hang(gl: None) -> None:
    code = (
        "import os, signal; from rendering.renderer import Renderer; from datasets.errors import SystemComponentError\n"
        "from rendering.context import HeadlessContext; from rendering.digits import DigitScenes\n"
        "from rendering.randomisation import frame_generator\n"
        "scene = DigitScenes((16, 16)).sample(frame_generator(0, 0))\n"
        "renderer = Renderer(16, 16); before = renderer.render(scene).colour.tobytes()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    signal.alarm(20)\n"
        "    for attempt in (lambda: renderer.render(scene), HeadlessContext):\n"
        "        try: attempt()\n"
        "        except SystemComponentError as error: print(error, flush=True)\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert renderer.render(scene).colour.tobytes() == before\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    first, second = done.stdout.splitlines()
    assert "does not survive a fork" in first
    assert "forked from one that used OpenGL" in second
