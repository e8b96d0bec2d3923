"""Shader programs: compiled from the files in `shaders/`, with their uniforms by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from OpenGL import GL

from datasets.errors import SystemComponentError

SHADER_FOLDER = Path(__file__).with_name("shaders")

BLOCKS = ("FrameBlock", "ObjectBlock")
"""Uniform blocks of `shaders/blocks.glsl`; each is read from the binding of its place here."""

_HEADER = "#version 330 core\n"
_STAGES = {".vert": GL.GL_VERTEX_SHADER, ".frag": GL.GL_FRAGMENT_SHADER}
_LINE_IN_LOG = re.compile(r"\b(\d+)[:(](\d+)\)?")  # file and line: Mesa writes 0:12(5), NVIDIA 0(12)
_INCLUDE = re.compile(r'^#include "([a-z_]+\.glsl)"$', re.MULTILINE)


class Program:
    """A linked shader program of the current context.

    Setting a uniform that the compiler found unused does nothing, as in OpenGL itself: one caller may serve variants
    of a shader that differ in what they use.

    Raises:
        SystemComponentError: the driver refuses a shader; the message shows the source line.
    """

    def __init__(self, vertex: Path, fragment: Path, constants: dict[str, int] | None = None) -> None:
        self._name = GL.glCreateProgram()
        stages = [compile_stage(file, constants or {}) for file in (vertex, fragment)]
        for stage in stages:
            GL.glAttachShader(self._name, stage)
        GL.glLinkProgram(self._name)
        for stage in stages:
            GL.glDeleteShader(stage)
        if not GL.glGetProgramiv(self._name, GL.GL_LINK_STATUS):
            raise SystemComponentError(f"{vertex.name} + {fragment.name}: {_text(GL.glGetProgramInfoLog(self._name))}")
        self._locations: dict[str, int] = {}
        for place, block in enumerate(BLOCKS):
            index = GL.glGetUniformBlockIndex(self._name, block)
            if index != GL.GL_INVALID_INDEX:
                GL.glUniformBlockBinding(self._name, index, place)

    def use(self) -> None:
        """Draw with this program from now on."""
        GL.glUseProgram(self._name)

    def set_floats(self, name: str, value: Any) -> None:
        """Set a float, a vector, or an array of `(n, 3)` to a uniform of the program in use."""
        location = self._location(name)
        if location >= 0:
            numbers = np.atleast_1d(np.asarray(value, np.float32))
            setter = _FLOAT_SETTERS[numbers.shape[-1]]
            setter(location, numbers.size // numbers.shape[-1], numbers)

    def set_matrix(self, name: str, value: np.ndarray) -> None:
        """Set a `(3, 3)` or `(4, 4)` matrix."""
        setter = GL.glUniformMatrix4fv if len(value) == 4 else GL.glUniformMatrix3fv
        setter(self._location(name), 1, GL.GL_TRUE, np.ascontiguousarray(value, np.float32))

    def set_integer(self, name: str, value: int) -> None:
        """Set an int or the unit of a sampler."""
        GL.glUniform1i(self._location(name), value)

    def set_unsigned(self, name: str, *values: int) -> None:
        """Set a uint or a uvec2."""
        if len(values) == 1:
            GL.glUniform1ui(self._location(name), *values)
        else:
            GL.glUniform2ui(self._location(name), *values)

    def close(self) -> None:
        """Free the program."""
        GL.glDeleteProgram(self._name)

    def _location(self, name: str) -> int:
        if name not in self._locations:
            self._locations[name] = GL.glGetUniformLocation(self._name, name)
        return self._locations[name]


def compile_stage(file: Path, constants: dict[str, int]) -> int:
    """Compile one shader file, with `#define`s before its first line; the name of the shader object.

    Raises:
        SystemComponentError: the driver refuses it.
    """
    defines = "".join(f"#define {name} {value}\n" for name, value in constants.items())
    files: list[Path] = []
    source = _with_includes(file, files)
    stage = GL.glCreateShader(_STAGES[file.suffix])
    GL.glShaderSource(stage, f"{_HEADER}{defines}{source}")
    GL.glCompileShader(stage)
    if GL.glGetShaderiv(stage, GL.GL_COMPILE_STATUS):
        return int(stage)
    log = _text(GL.glGetShaderInfoLog(stage))
    GL.glDeleteShader(stage)
    found, place = _LINE_IN_LOG.search(log), ""
    if found and int(found[1]) < len(files):
        culprit = files[int(found[1])]
        line = culprit.read_text(encoding="utf-8").splitlines()[int(found[2]) - 1 : int(found[2])]
        place = f", {culprit.name}" * (culprit != file) + f", line {found[2]}: `{''.join(line).strip()}`"
    raise SystemComponentError(f"shader {file.name}{place} does not compile: {log}")


def _with_includes(file: Path, files: list[Path]) -> str:
    """A shader's text with the files that it includes in their places, each the first time only.

    `files` grows by what was read; its order gives the numbers by which compilers name them in their messages.
    """
    number = len(files)
    files.append(file)
    lines = [f"#line 1 {number}\n"]
    for place, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        wanted = _INCLUDE.match(line)
        included = file.with_name(wanted[1]) if wanted else None
        if included is None:
            lines.append(f"{line}\n")
        elif included not in files:
            lines.append(f"{_with_includes(included, files)}#line {place + 1} {number}\n")
    return "".join(lines)


def _text(log: bytes | str) -> str:
    return (log.decode(errors="replace") if isinstance(log, bytes) else log).strip("\0 \n")


_FLOAT_SETTERS = {1: GL.glUniform1fv, 2: GL.glUniform2fv, 3: GL.glUniform3fv}
