"""What one OpenGL context holds for all frames: programs, meshes, textures, surroundings, shadow maps, blocks."""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import c_void_p

import numpy as np
from OpenGL import GL
from OpenGL.raw.GL.VERSION.GL_1_1 import glReadPixels

from rendering.backgrounds import PATTERNS
from rendering.context import ContextLost
from rendering.environments import EnvironmentRecipe
from rendering.materials import TEXTURE_SLOTS
from rendering.meshes import MeshRecipe
from rendering.prefilter import irradiance_coefficients, reflections, shrunk
from rendering.programs import BLOCKS, SHADER_FOLDER, Program
from rendering.recently_used import RecentlyUsed
from rendering.sensor import TONE_CURVES
from rendering.textures import TextureRecipe
from rendering.uploads import BufferTexture, ShadowMap, Texture, UniformBuffer, upload_surroundings, upload_texture
from rendering.vertex_buffers import VertexBuffers

UNITS = {name: unit for unit, name in enumerate((*TEXTURE_SLOTS, "shadow_map", "reflections", "picture", "sub_colour",
                                                  "surface", "finish", "objects"))}  # fmt: skip
"""The texture unit of each sampler."""

_PLACES = {f"PATTERN_{name.upper()}": place for place, name in enumerate((*PATTERNS, "picture", "surroundings"))}
_CURVES = {f"TONE_CURVE_{name.upper()}": place for place, name in enumerate(TONE_CURVES)}


class Surroundings:
    """An environment's light, prepared for shading."""

    def __init__(self, recipe: EnvironmentRecipe) -> None:
        radiance = recipe.build()
        self.irradiance = irradiance_coefficients(shrunk(radiance, 128))
        self.reflections = upload_surroundings(reflections(radiance))
        self.picture = upload_surroundings(radiance)

    def close(self) -> None:
        """Free the pictures."""
        self.reflections.close()
        self.picture.close()


class Resources:
    """Everything that is made once for a context and used by its passes."""

    def __init__(self) -> None:
        self.meshes: RecentlyUsed[MeshRecipe, VertexBuffers] = RecentlyUsed(lambda r: VertexBuffers(r.build()), 2048)
        self.textures: RecentlyUsed[tuple[TextureRecipe, bool], Texture] = RecentlyUsed(
            lambda key: upload_texture(*key), 256
        )
        self.surroundings: RecentlyUsed[EnvironmentRecipe, Surroundings] = RecentlyUsed(Surroundings, 8)
        self.shadow_maps: RecentlyUsed[int, ShadowMap] = RecentlyUsed(ShadowMap, 2)
        self.frame_block, self.object_blocks = (UniformBuffer(place) for place in range(len(BLOCKS)))
        self._object_texels = BufferTexture(self.object_blocks, UNITS["objects"])
        self._programs: dict[tuple[object, ...], Program] = {}
        self._no_vertices = int(GL.glGenVertexArrays(1))
        self._canary = np.zeros(1, np.float32)
        self._canary_frame = int(GL.glGenFramebuffers(1))
        self._canary_texture = Texture(GL.GL_TEXTURE_2D, 1, 1)
        GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, GL.GL_R32F, 1, 1, 0, GL.GL_RED, GL.GL_FLOAT, None)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._canary_frame)
        GL.glFramebufferTexture2D(
            GL.GL_FRAMEBUFFER, GL.GL_COLOR_ATTACHMENT0, GL.GL_TEXTURE_2D, self._canary_texture.name, 0
        )
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
        GL.glFrontFace(GL.GL_CW)  # `projection` mirrors the window

    def surface_program(self, features: tuple[str, ...], constants: tuple[tuple[str, int], ...]) -> Program:
        """The program of surfaces with these features that writes the attachments that the constants name."""
        key = (features, constants)
        if key not in self._programs:
            named = {**_CURVES, **dict.fromkeys(features, 1), **dict(constants)}
            self._programs[key] = self._program("surface.vert", "surface.frag", named)
        return self._programs[key]

    def screen_program(self, fragment: str, constants: Mapping[str, int]) -> Program:
        """The program that fills the frame; `PATTERN` and `TONE_CURVE` are places in their tables."""
        key = (fragment, *sorted(constants.items()))
        if key not in self._programs:
            self._programs[key] = self._program("screen.vert", fragment, {**_CURVES, **_PLACES, **constants})
        return self._programs[key]

    def pattern(self, name: str) -> int:
        """The number of a pattern, of `picture` or of `surroundings` in shaders."""
        return _PLACES[f"PATTERN_{name.upper()}"]

    def draw_screen(self) -> None:
        """Run the program in use for every pixel."""
        GL.glBindVertexArray(self._no_vertices)
        GL.glDrawArrays(GL.GL_TRIANGLES, 0, 3)

    def mark(self) -> None:
        """Write a new number that `prove` will look for."""
        self._canary[0] = self._canary[0] % 65536 + 1
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._canary_frame)
        GL.glClearBufferfv(GL.GL_COLOR, 0, self._canary)

    def prove(self) -> None:
        """Prove that the context draws and reads, and did so since `mark`.

        Without a current context all calls succeed and read zeros or old memory; a new value each time shows it.

        Raises:
            ContextLost: it does not.
        """
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._canary_frame)
        came = np.zeros(1, np.float32)
        glReadPixels(0, 0, 1, 1, GL.GL_RED, GL.GL_FLOAT, c_void_p(came.ctypes.data))
        if came[0] != self._canary[0]:
            raise ContextLost(
                "the OpenGL context is lost: the frame came back empty. Open a new renderer on this thread; if it "
                "happens again, check the graphics driver with `python -m rendering.context`"
            )

    def close(self) -> None:
        """Free everything."""
        for cache in (self.meshes, self.textures, self.surroundings, self.shadow_maps):
            cache.close()
        for program in self._programs.values():
            program.close()
        self.frame_block.close()
        self._object_texels.close()
        self.object_blocks.close()
        self._canary_texture.close()
        GL.glDeleteFramebuffers(1, [self._canary_frame])
        GL.glDeleteVertexArrays(1, [self._no_vertices])

    def _program(self, vertex: str, fragment: str, constants: dict[str, int]) -> Program:
        program = Program(SHADER_FOLDER / vertex, SHADER_FOLDER / fragment, constants)
        program.use()
        for name, unit in UNITS.items():
            program.set_integer(name, unit)
        return program
