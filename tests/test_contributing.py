"""The example of a new source in CONTRIBUTING.md is code that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from datasets.verification import verify
from pipelines.build import run_build
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
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
