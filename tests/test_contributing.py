"""The example of a new source in CONTRIBUTING.md is code that runs."""

from __future__ import annotations

import re
from dataclasses import fields
from inspect import get_annotations
from pathlib import Path
from typing import Any

import numpy as np

from datasets.verification import verify
from pipelines.build import run_build
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
from rendering.scenes import SCENES, SceneGenerator
from tests.fixtures import jpeg, photograph

PAGE = Path(__file__).parent.parent / "CONTRIBUTING.md"


def test_the_source_that_the_page_shows_converts_a_folder(tmp_path: Path) -> None:
    code = PAGE.read_text().split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {"__name__": "moons"}
    exec(compile(code, "CONTRIBUTING.md", "exec", dont_inherit=True), names)
    (tmp_path / "in").mkdir()
    for number in range(3):
        (tmp_path / f"in/moon_{number}.jpg").write_bytes(jpeg(photograph(20, 30 + number)))
    source, options = names["Moons"](tmp_path / "in"), BuildOptions(workers=1)
    dataset = run_build(source, plan_build(source, tmp_path / "out", options), options, "threads")
    assert verify(dataset) == ()
    samples = {sample.key: sample for sample in dataset.samples("train")}
    assert {key: sample.image.width for key, sample in samples.items()} == {f"moon_{n}": 30 + n for n in range(3)}
    assert np.ptp(samples["moon_0"].image.array) > 0


def test_the_page_names_all_that_a_scene_needs() -> None:
    section = PAGE.read_text().split("## Add a scene\n")[1].split("\n## ")[0]
    members = {name for name in {*vars(SceneGenerator), *get_annotations(SceneGenerator)} if not name.startswith("_")}
    assert {"name", "size", "licence", "randomisation", "sample"} <= members
    assert {*members, "SCENES", "SCENE_NAMES"} <= set(re.findall(r"`(\w+)", section))
    for scenes in SCENES.values():
        assert members <= set(dir(scenes)) | {field.name for field in fields(scenes)}
        assert {"size", "randomisation"} <= {field.name for field in fields(scenes) if field.init}
