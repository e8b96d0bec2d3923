"""Runs `tests/rendering` in a process of its own, where TensorFlow is not loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_rendering_room() -> None:
    words = [sys.executable, "-m", "pytest", "tests/rendering", "-m", "not slow", "-p", "no:cacheprovider", "-rs"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    print(done.stdout[-6000:], done.stderr[-2000:])
    assert done.returncode == 0
    assert " passed" in done.stdout


def test_software_opengl_beside_tensorflow_is_refused_in_words() -> None:
    program = """
import sys, types
sys.modules["tensorflow"] = types.ModuleType("tensorflow")
from rendering.context import HeadlessContext
try:
    HeadlessContext()
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert "SystemComponentError" in done.stdout
    assert "render in another process" in done.stdout or "no headless OpenGL context" in done.stdout
