"""The ceiling of the rendering benchmark: nothing but OpenGL calls, with everything prepared beforehand.

One pass with the same attachments, culling and levels of detail as the renderer, a plain matt shader, one light; reads
back into arrays that are made once.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_void_p

import numpy as np

from rendering.context import HeadlessContext
from rendering.draw_list import draw_list
from rendering.geometry import projection
from rendering.scene import Scene

_VERTEX = """#version 330 core
uniform mat4 to_clip; uniform mat4 to_camera; uniform mat4 to_box;
layout(location=0) in vec3 vertex; layout(location=1) in vec3 vertex_normal; layout(location=2) in vec2 vertex_uv;
out vec3 position; out vec3 normal; out vec3 box; out vec2 uv;
void main() { vec4 p = to_camera * vec4(vertex, 1.0); position = p.xyz; normal = mat3(to_camera) * vertex_normal;
  box = (to_box * vec4(vertex, 1.0)).xyz; uv = vertex_uv; gl_Position = to_clip * p; }"""
_FRAGMENT = """#version 330 core
uniform sampler2D picture; uniform uint number; uniform vec3 sun;
in vec3 position; in vec3 normal; in vec3 box; in vec2 uv;
layout(location=0) out vec4 colour_out;
layout(location=1) out uint number_out; layout(location=2) out float depth_out;
layout(location=3) out vec4 normal_out; layout(location=4) out vec4 box_out;
void main() { vec3 n = normalize(normal); vec3 light = texture(picture, uv).rgb * (0.25 + max(dot(n, sun), 0.0));
  colour_out = vec4(pow(clamp(light, 0.0, 1.0), vec3(1.0 / 2.2)), 1.0);
  number_out = number; depth_out = position.z; normal_out = vec4(n * 0.5 + 0.5, 1.0); box_out = vec4(box, 1.0);
}"""


def frames_per_second(
    scenes: list[Scene], seconds: float, pixels_per_triangle: float, clock: Callable[[], float]
) -> float:
    """How many of the scenes one thread draws and reads back in a second."""
    with HeadlessContext():
        from OpenGL import GL

        from rendering.framebuffers import ATTACHMENTS, Framebuffer
        from rendering.resources import Resources

        resources, camera = Resources(), scenes[0].camera
        program, names = _program(), ("display", "number", "depth", "normal", "coordinates")
        target = Framebuffer(camera.height, camera.width, names, depth_test=True)
        places = {name: GL.glGetUniformLocation(program, name) for name in
                  ("to_clip", "to_camera", "to_box", "number", "sun")}  # fmt: skip
        prepared = []
        for scene in scenes:
            listed = draw_list(scene, scene.camera, None, lambda r: resources.meshes[r].bounds, pixels_per_triangle)
            calls = []
            for row in listed.order.tolist():
                thing, mesh = scene.objects[row], resources.meshes[listed.meshes[row]]
                matrix = np.ascontiguousarray((scene.camera.world_to_camera @ thing.pose).astype(np.float32))
                texture = resources.textures[thing.material.base_colour_texture, True]
                calls.append((matrix, row + 1, mesh._array, mesh._count, texture.name))
            prepared.append(calls)
        clip = projection(camera.intrinsics, camera.height, camera.width, camera.near_m, camera.far_m)
        GL.glUseProgram(program)
        GL.glUniformMatrix4fv(places["to_clip"], 1, GL.GL_TRUE, clip.astype(np.float32))
        box = np.diag([0.4, 0.4, 0.4, 1]).astype(np.float32)
        box[:3, 3] = 0.5
        GL.glUniformMatrix4fv(places["to_box"], 1, GL.GL_TRUE, box)
        GL.glUniform3f(places["sun"], 0.3, -0.6, -0.7)
        GL.glActiveTexture(GL.GL_TEXTURE0)
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glEnable(GL.GL_CULL_FACE)
        reads = []
        for slot, name in enumerate(target.names):
            kind = ATTACHMENTS[name]
            pixels = np.zeros((camera.height, camera.width, kind.count), kind.dtype)
            reads.append((GL.GL_COLOR_ATTACHMENT0 + slot, kind.channels, kind.number_type, pixels))
        none = c_void_p(0)

        def draw(calls: list[tuple[np.ndarray, int, int, int, int]]) -> None:
            target.bind()
            target.clear()
            for matrix, number, array, count, texture in calls:
                GL.glUniformMatrix4fv(places["to_camera"], 1, GL.GL_TRUE, matrix)
                GL.glUniform1ui(places["number"], number)
                GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
                GL.glBindVertexArray(array)
                GL.glDrawElements(GL.GL_TRIANGLES, count, GL.GL_UNSIGNED_INT, none)
            for slot, channels, number_type, pixels in reads:
                GL.glReadBuffer(slot)
                GL.glReadPixels(0, 0, camera.width, camera.height, channels, number_type, array=pixels)

        for calls in prepared:
            draw(calls)
        start, count = clock(), 0
        while clock() - start < seconds:
            draw(prepared[count % len(prepared)])
            count += 1
        return count / (clock() - start)


def _program() -> int:
    from OpenGL import GL

    program = GL.glCreateProgram()
    for kind, source in ((GL.GL_VERTEX_SHADER, _VERTEX), (GL.GL_FRAGMENT_SHADER, _FRAGMENT)):
        stage = GL.glCreateShader(kind)
        GL.glShaderSource(stage, source)
        GL.glCompileShader(stage)
        assert GL.glGetShaderiv(stage, GL.GL_COMPILE_STATUS), GL.glGetShaderInfoLog(stage)
        GL.glAttachShader(program, stage)
    GL.glLinkProgram(program)
    return int(program)
