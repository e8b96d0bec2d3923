"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from datasets.dataset import Dataset
from datasets.digits import Digits
from datasets.pets import Pets
from pipelines.build import run_build
from pipelines.frames import Frames
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
from rendering.context import probe
from rendering.digits import DigitScenes
from tests.fixtures import PetsTree

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the suite asserts exact numbers, which is a matter for the CPU
settings.register_profile("the same every time", derandomize=True, deadline=None)
settings.load_profile("the same every time")

_RENDERING_ROOM = Path(__file__).parent / "rendering"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave `tests/rendering` to `tests/test_rendering_room.py` unless it is named outright.

    Other tests load TensorFlow, which crashes software OpenGL in the same process.
    """
    if collection_path != _RENDERING_ROOM:
        return None
    named = [(config.invocation_params.dir / word.partition("::")[0]).resolve() for word in config.args]
    return None if any(path.is_relative_to(_RENDERING_ROOM) for path in named) else True


@pytest.fixture
def pets_tree(tmp_path: Path) -> PetsTree:
    return PetsTree(tmp_path / "pets")


@pytest.fixture
def pets_set(pets_tree: PetsTree, tmp_path: Path) -> Dataset:
    """The miniature Pets, converted into three shards a split."""
    return convert(Pets(pets_tree.root), tmp_path / "data", num_shards=3)


@pytest.fixture(scope="session")
def digits_set(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The real digits, converted; read only."""
    return convert(Digits(), tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; tests that need it are skipped, saying so, where there is none."""
    folder = os.environ.get("REALITYGAP_REAL_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("no real data here: REALITYGAP_REAL_DATA names no folder")
    return Path(folder)


def convert(source: Pets | Digits, data_dir: Path, workers: int = 1, **options: object) -> Dataset:
    build_options = BuildOptions(workers=workers, **options)
    return run_build(source, plan_build(source, data_dir, build_options), build_options, "threads")


@pytest.fixture(scope="session")
def gl_probe() -> None:
    """Skip, with the reason, where there is no headless OpenGL for worker processes."""
    found = probe()
    if not found.ok:
        pytest.skip(found.message)


@pytest.fixture(scope="session")
def rendered_set(tmp_path_factory: pytest.TempPathFactory, gl_probe: None) -> Dataset:
    """Twelve rendered digits; read only."""
    source = Frames(DigitScenes(size=(24, 32)), 12, name="digits_rendered")
    options = BuildOptions(workers=1, num_shards=2)
    return run_build(source, plan_build(source, tmp_path_factory.mktemp("rendered"), options), options, "processes")
