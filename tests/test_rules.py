"""Who may import whom, and what must never be loaded for what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("datasets", "rendering", "pipelines", "training")
MAY_IMPORT = {
    "datasets": set(),
    "rendering": {"datasets"},
    "pipelines": {"datasets", "rendering"},
    "training": {"datasets"},
}
ONLY_IN = {
    "tensorflow": ("training/",),
    "keras": ("training/",),
    "apache_beam": ("pipelines/",),
    "OpenGL": ("rendering/",),
    "vispy": ("rendering/context.py",),
}


def _files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def _imported(path: Path) -> set[str]:
    """Top-level names of every import in a file, wherever it stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    names = _imported(path)
    assert names & {*ROOMS, "realitygap", "command_parser", "tests"} <= MAY_IMPORT[room] | {room}
    place = path.relative_to(ROOT).as_posix()
    for package, places in ONLY_IN.items():
        assert package not in names or place.startswith(places), f"{place} imports {package}"


def _loaded_after(program: str) -> set[str]:
    code = f"{program}\nimport sys; print(' '.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "modules, absent",
    [
        ("pipelines.build, pipelines.frames, datasets.sources", {"tensorflow", "keras"}),
        ("datasets.dataset, datasets.describe, datasets.verification", {"tensorflow", "apache_beam", "vispy"}),
        ("rendering.scenes", {"vispy", "OpenGL", "tensorflow"}),
    ],
)
def test_what_a_room_does_not_need_is_not_loaded(modules: str, absent: set[str]) -> None:
    assert not _loaded_after(f"import {modules}") & absent


@pytest.mark.parametrize(
    "command, absent",
    [
        ("", {"jsonargparse", "numpy", "tensorflow", "apache_beam"}),
        ("convert", {"tensorflow", "apache_beam"}),
        ("render", {"tensorflow", "apache_beam", "vispy"}),
        ("train", {"tensorflow", "keras", "apache_beam"}),
        ("study", {"tensorflow", "keras", "apache_beam"}),
    ],
)
def test_help_loads_nothing_heavy(command: str, absent: set[str]) -> None:
    program = f"""
import contextlib, realitygap
with contextlib.suppress(SystemExit):
    realitygap.main({[*command.split(), "--help"]!r})
"""
    assert not _loaded_after(program) & absent


def test_converting_and_rendering_never_load_tensorflow(tmp_path: Path) -> None:
    program = f"""
import realitygap
assert realitygap.main(["convert", "digits", "scikit-learn", {str(tmp_path)!r}]) == 0
"""
    assert not _loaded_after(program) & {"tensorflow", "keras"}


def test_the_name_datasets_is_ours() -> None:
    import datasets

    assert Path(datasets.__file__).parent == ROOT / "datasets"


def test_the_lock_names_no_host_and_every_package_has_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    requirements = text.replace("\\\n", " ").splitlines()
    pinned = [line for line in requirements if "==" in line and not line.lstrip().startswith("#")]
    assert len(pinned) > 80
    assert all("--hash=sha256:" in line for line in pinned)
    assert not any(line.startswith("datasets==") for line in pinned)
