"""Shader programs: a fault names its file, its line and what the line says."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.errors import SystemComponentError
from rendering.context import HeadlessContext


def test_a_faulty_shader_shows_its_source_line(gl: None, tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.frag"
    faulty.write_text("out vec4 colour;\n\nvoid main() {\n    colour = vec4(TWO, missing, 0.0, 1.0);\n}\n")
    with HeadlessContext():
        from rendering.programs import SHADER_FOLDER, Program

        with pytest.raises(SystemComponentError) as caught:
            Program(SHADER_FOLDER / "screen.vert", faulty, {"TWO": 2})
    message = str(caught.value)
    assert message.startswith("shader faulty.frag, line 4: `colour = vec4(TWO, missing, 0.0, 1.0);` does not compile:")
    assert "missing" in message
    assert "TWO" not in message.partition("compile:")[2]


def test_stages_that_do_not_fit_together_are_named(gl: None, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.frag"
    lonely.write_text("in vec2 normal;\nout vec4 colour;\nvoid main() { colour = normal.xyxy; }\n")
    with HeadlessContext():
        from rendering.programs import SHADER_FOLDER, Program

        with pytest.raises(SystemComponentError, match=r"surface.vert \+ lonely.frag: .*normal"):
            Program(SHADER_FOLDER / "surface.vert", lonely, {"SURFACE": 0})
