"""The ceiling of the rendering benchmark: nothing but OpenGL calls, with everything prepared beforehand.

One pass with the same attachments, culling and levels of detail as the renderer; reads back into arrays that are made
once. Shaded in one of two ways: `matt`, the least that still shows a picture, and `equal`, with the renderer's own
formulae of light, material and colour, as the scenes ask for.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_void_p
from typing import TYPE_CHECKING

import numpy as np

from rendering.context import HeadlessContext
from rendering.draw_list import draw_list
from rendering.frame_block import frame_block
from rendering.geometry import projection
from rendering.scene import Scene

if TYPE_CHECKING:
    from rendering.resources import Resources

Call = tuple[np.ndarray, int, int, int, int]
"""Pose in camera axes, number, vertex array, how many corners, texture."""

_VERTEX = """#version 330 core
uniform mat4 to_clip; uniform mat4 to_camera; uniform mat4 to_box;
layout(location=0) in vec3 vertex; layout(location=1) in vec3 vertex_normal; layout(location=2) in vec2 vertex_uv;
out vec3 position; out vec3 normal; out vec3 box; out vec2 uv;
void main() { vec4 p = to_camera * vec4(vertex, 1.0); position = p.xyz; normal = mat3(to_camera) * vertex_normal;
  box = (to_box * vec4(vertex, 1.0)).xyz; uv = vertex_uv; gl_Position = to_clip * p; }"""
_OUTPUTS = """in vec3 position; in vec3 normal; in vec3 box; in vec2 uv;
layout(location=0) out vec4 colour_out;
layout(location=1) out uint number_out; layout(location=2) out float depth_out;
layout(location=3) out vec4 normal_out; layout(location=4) out vec4 box_out;
"""
_WRITE = """
  number_out = id; depth_out = position.z; normal_out = vec4(n * 0.5 + 0.5, 1.0); box_out = vec4(box, 1.0);
}"""
_MATT = f"""#version 330 core
uniform sampler2D picture; uniform uint id; uniform vec3 sun;
{_OUTPUTS}
void main() {{ vec3 n = normalize(normal); vec3 light = texture(picture, uv).rgb * (0.25 + max(dot(n, sun), 0.0));
  colour_out = vec4(pow(clamp(light, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);{_WRITE}"""
_EQUAL = f"""#version 330 core
#define DISPLAY
#define TONE_CURVE 0
#define TONE_CURVE_REINHARD 1
#define TONE_CURVE_ACES 2
BLOCKS
uniform sampler2D picture; uniform uint id; uniform vec2 constants;
{_OUTPUTS}
void main() {{ vec3 n = normalize(normal);
  colour_out = stored(lit(position, n, n, texture(picture, uv).rgb, constants.x, constants.y));{_WRITE}"""


def frames_per_second(
    scenes: list[Scene], seconds: float, pixels_per_triangle: float, clock: Callable[[], float], shading: str = "matt"
) -> float:
    """How many of the scenes one thread draws and reads back in a second; `shading` is `matt` or `equal`."""
    with HeadlessContext():
        from OpenGL import GL
        from OpenGL.raw.GL.VERSION.GL_1_1 import glDrawElements, glReadPixels

        from rendering.resources import Resources

        resources, camera = Resources(), scenes[0].camera
        program = _program(_EQUAL if shading == "equal" else _MATT)
        reads = _attachments(camera.height, camera.width)
        empty, infinite, nothing = (np.array(value, np.float32) for value in ((0, 0, 0, 1), (np.inf, 0, 0, 0), (1,)))
        no_number, none = np.zeros(4, np.uint32), c_void_p(0)
        places = {name: GL.glGetUniformLocation(program, name) for name in
                  ("to_clip", "to_camera", "to_box", "id", "sun", "constants")}  # fmt: skip
        prepared = [_prepared(scene, resources, pixels_per_triangle) for scene in scenes]
        clip = projection(camera.intrinsics, camera.height, camera.width, camera.near_m, camera.far_m)
        GL.glUseProgram(program)
        GL.glUniformMatrix4fv(places["to_clip"], 1, GL.GL_TRUE, clip.astype(np.float32))
        box = np.diag([0.4, 0.4, 0.4, 1]).astype(np.float32)
        box[:3, 3] = 0.5
        GL.glUniformMatrix4fv(places["to_box"], 1, GL.GL_TRUE, box)
        GL.glUniform3f(places["sun"], 0.3, -0.6, -0.7)
        material = scenes[0].objects[0].material
        GL.glUniform2f(places["constants"], material.roughness, material.metallic)
        GL.glActiveTexture(GL.GL_TEXTURE0)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glEnable(GL.GL_CULL_FACE)

        def draw(block: np.ndarray, calls: list[Call]) -> None:
            for slot in (0, 3, 4):
                GL.glClearBufferfv(GL.GL_COLOR, slot, empty)
            GL.glClearBufferuiv(GL.GL_COLOR, 1, no_number)
            GL.glClearBufferfv(GL.GL_COLOR, 2, infinite)
            GL.glClearBufferfv(GL.GL_DEPTH, 0, nothing)
            if shading == "equal":
                resources.frame_block.upload(block)
            for matrix, number, array, count, texture in calls:
                GL.glUniformMatrix4fv(places["to_camera"], 1, GL.GL_TRUE, matrix)
                GL.glUniform1ui(places["id"], number)
                GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
                GL.glBindVertexArray(array)
                glDrawElements(GL.GL_TRIANGLES, count, GL.GL_UNSIGNED_INT, none)
            for slot, channels, number_type, pixels in reads:
                GL.glReadBuffer(slot)
                glReadPixels(0, 0, camera.width, camera.height, channels, number_type, c_void_p(pixels.ctypes.data))

        for block, calls in prepared:
            draw(block, calls)
        start, count = clock(), 0
        while clock() - start < seconds:
            draw(*prepared[count % len(prepared)])
            count += 1
        return count / (clock() - start)


def _prepared(scene: Scene, resources: Resources, pixels_per_triangle: float) -> tuple[np.ndarray, list[Call]]:
    """The frame's numbers and draw calls, front to back."""
    meshes = [resources.meshes[thing.mesh] for thing in scene.objects]
    listed = draw_list(scene, scene.camera, None, [mesh.bounds for mesh in meshes], pixels_per_triangle)
    calls = []
    for row in listed.order.tolist():
        thing, mesh = scene.objects[row], resources.meshes[listed.meshes[row]]
        matrix = np.ascontiguousarray((scene.camera.world_to_camera @ thing.pose).astype(np.float32))
        texture = resources.textures[thing.material.base_colour_texture, True]
        calls.append((matrix, row + 1, mesh._array, mesh._count, texture.name))
    return frame_block(scene, scene.camera, None, None), calls


def _attachments(height: int, width: int) -> list[tuple[int, int, int, np.ndarray]]:
    """A framebuffer of five attachments, bound: slot, format and type to read each by, and the array for it."""
    from OpenGL import GL

    kinds = [
        (GL.GL_RGBA8, GL.GL_RGB, GL.GL_UNSIGNED_BYTE, np.uint8, 3),
        (GL.GL_R16UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_SHORT, np.uint16, 1),
        (GL.GL_R32F, GL.GL_RED, GL.GL_FLOAT, np.float32, 1),
        (GL.GL_RGBA16, GL.GL_RGBA, GL.GL_UNSIGNED_SHORT, np.uint16, 4),
        (GL.GL_RGBA16, GL.GL_RGBA, GL.GL_UNSIGNED_SHORT, np.uint16, 4),
    ]
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, GL.glGenFramebuffers(1))
    reads, buffers = [], GL.glGenRenderbuffers(len(kinds) + 1)
    storages = [(GL.GL_DEPTH_ATTACHMENT, GL.GL_DEPTH_COMPONENT32F)]
    for place, (storage, channels, number_type, dtype, count) in enumerate(kinds):
        slot = GL.GL_COLOR_ATTACHMENT0 + place
        storages.append((slot, storage))
        reads.append((slot, channels, number_type, np.zeros((height, width, count), dtype)))
    for buffer, (slot, storage) in zip(buffers, storages, strict=True):
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, buffer)
        GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, storage, width, height)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, slot, GL.GL_RENDERBUFFER, buffer)
    GL.glDrawBuffers(len(kinds), [slot for slot, *_ in reads])
    GL.glViewport(0, 0, width, height)
    assert GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) == GL.GL_FRAMEBUFFER_COMPLETE
    return reads


def _program(fragment: str) -> int:
    from OpenGL import GL

    from rendering.programs import SHADER_FOLDER

    parts = [(SHADER_FOLDER / name).read_text() for name in ("blocks.glsl", "display.glsl", "light.glsl")]
    program = GL.glCreateProgram()
    for kind, source in ((GL.GL_VERTEX_SHADER, _VERTEX), (GL.GL_FRAGMENT_SHADER, fragment)):
        stage = GL.glCreateShader(kind)
        GL.glShaderSource(stage, source.replace("BLOCKS", "".join(parts)))
        GL.glCompileShader(stage)
        assert GL.glGetShaderiv(stage, GL.GL_COMPILE_STATUS), GL.glGetShaderInfoLog(stage)
        GL.glAttachShader(program, stage)
    GL.glLinkProgram(program)
    block = GL.glGetUniformBlockIndex(program, "FrameBlock")
    if block != GL.GL_INVALID_INDEX:
        GL.glUniformBlockBinding(program, block, 0)
    return int(program)
