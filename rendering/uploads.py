"""Uniform blocks, pictures and shadow maps in the memory of the graphics driver."""

from __future__ import annotations

from ctypes import c_void_p

import numpy as np
from OpenGL import GL
from OpenGL.raw.GL.VERSION.GL_1_5 import glBufferData  # without the many checks of PyOpenGL's own wrapper

from rendering.textures import TextureRecipe

SCRATCH_UNIT = 15
"""The texture unit that new textures are filled on; no sampler reads it."""


class UniformBuffer:
    """A row of uniform blocks of the current context.

    Args:
        binding: place in `rendering.programs.BLOCKS`.
    """

    def __init__(self, binding: int) -> None:
        self._binding, self.name, self._stride = binding, int(GL.glGenBuffers(1)), 0

    def upload(self, blocks: np.ndarray) -> None:
        """Take the place of what was there; the first block is the one in use."""
        GL.glBindBuffer(GL.GL_UNIFORM_BUFFER, self.name)
        glBufferData(GL.GL_UNIFORM_BUFFER, blocks.nbytes, c_void_p(blocks.ctypes.data), GL.GL_STREAM_DRAW)
        self._stride = blocks.itemsize
        self.use(0)

    def use(self, row: int) -> None:
        """Let shaders read this block."""
        GL.glBindBufferRange(GL.GL_UNIFORM_BUFFER, self._binding, self.name, row * self._stride, self._stride)

    def close(self) -> None:
        """Free the buffer."""
        GL.glDeleteBuffers(1, [self.name])


class BufferTexture:
    """A uniform buffer to be looked up in any place, four uint32 at a time; it stays bound.

    Args:
        buffer: whose contents, at any time, are read.
        unit: of its sampler.
    """

    def __init__(self, buffer: UniformBuffer, unit: int) -> None:
        self._name = int(GL.glGenTextures(1))
        GL.glBindBuffer(GL.GL_TEXTURE_BUFFER, buffer.name)
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(GL.GL_TEXTURE_BUFFER, self._name)
        GL.glTexBuffer(GL.GL_TEXTURE_BUFFER, GL.GL_RGBA32UI, buffer.name)

    def close(self) -> None:
        """Free the texture, not the buffer."""
        GL.glDeleteTextures(1, [self._name])


class Texture:
    """A picture of the current context, bound for what is to be put into it.

    Args:
        target: `GL_TEXTURE_2D` or `GL_TEXTURE_3D`.
        height: rows.
        width: columns.
    """

    def __init__(self, target: int, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.name = int(GL.glGenTextures(1))
        self._target = target
        GL.glActiveTexture(GL.GL_TEXTURE0 + SCRATCH_UNIT)  # filling it must not displace one that is being read
        GL.glBindTexture(target, self.name)

    def bind(self, unit: int) -> None:
        """Let the sampler of this unit read it."""
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(self._target, self.name)

    def close(self) -> None:
        """Free the picture."""
        GL.glDeleteTextures(1, [self.name])


def upload_texture(recipe: TextureRecipe, colours: bool) -> Texture:
    """A picture with its mipmaps, repeated over the plane; `colours` says that it is sRGB-encoded."""
    pixels = np.ascontiguousarray(recipe.build())
    height, width = pixels.shape[:2]
    texture = Texture(GL.GL_TEXTURE_2D, height, width)
    storage = GL.GL_SRGB8_ALPHA8 if colours else GL.GL_RGBA8
    GL.glPixelStorei(GL.GL_UNPACK_ALIGNMENT, 1)
    GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, storage, width, height, 0, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, pixels)
    GL.glGenerateMipmap(GL.GL_TEXTURE_2D)
    # One mipmap level a pixel: mixing two costs software rasterisers nearly twice the time.
    GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR_MIPMAP_NEAREST)
    GL.glTexParameteri(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_MAG_FILTER, GL.GL_LINEAR)
    return texture


def upload_surroundings(radiance: np.ndarray) -> Texture:
    """An equirectangular `(height, width, 3)` float32 picture, or a stack of them `(levels, height, width, 3)`."""
    target = GL.GL_TEXTURE_2D if radiance.ndim == 3 else GL.GL_TEXTURE_3D
    texture = Texture(target, *radiance.shape[-3:-1])
    size = radiance.shape[-2::-1]
    upload = GL.glTexImage2D if radiance.ndim == 3 else GL.glTexImage3D
    halves = np.clip(radiance, 0, 65000).astype(np.float32)
    upload(target, 0, GL.GL_RGB16F, *size, 0, GL.GL_RGB, GL.GL_FLOAT, np.ascontiguousarray(halves))
    for setting in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
        GL.glTexParameteri(target, setting, GL.GL_LINEAR)
    for setting in (GL.GL_TEXTURE_WRAP_T, GL.GL_TEXTURE_WRAP_R):
        GL.glTexParameteri(target, setting, GL.GL_CLAMP_TO_EDGE)
    return texture


class ShadowMap:
    """Depth seen from the sun, `side` by `side`, of the current context.

    Args:
        side: rows and columns.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.texture = Texture(GL.GL_TEXTURE_2D, side, side)
        GL.glTexImage2D(
            GL.GL_TEXTURE_2D, 0, GL.GL_DEPTH_COMPONENT32F, side, side, 0, GL.GL_DEPTH_COMPONENT, GL.GL_FLOAT, None
        )
        for setting, value in (
            (GL.GL_TEXTURE_MIN_FILTER, GL.GL_LINEAR),
            (GL.GL_TEXTURE_MAG_FILTER, GL.GL_LINEAR),
            (GL.GL_TEXTURE_WRAP_S, GL.GL_CLAMP_TO_BORDER),
            (GL.GL_TEXTURE_WRAP_T, GL.GL_CLAMP_TO_BORDER),
            (GL.GL_TEXTURE_COMPARE_MODE, GL.GL_COMPARE_REF_TO_TEXTURE),
            (GL.GL_TEXTURE_COMPARE_FUNC, GL.GL_LEQUAL),
        ):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, setting, value)
        GL.glTexParameterfv(GL.GL_TEXTURE_2D, GL.GL_TEXTURE_BORDER_COLOR, np.ones(4, np.float32))
        self._name = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_TEXTURE_2D, self.texture.name, 0)
        GL.glDrawBuffer(GL.GL_NONE)
        GL.glReadBuffer(GL.GL_NONE)

    def bind(self) -> None:
        """Draw here from now on, onto nothing."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        GL.glViewport(0, 0, self.side, self.side)
        GL.glClearBufferfv(GL.GL_DEPTH, 0, np.ones(1, np.float32))

    def close(self) -> None:
        """Free the map."""
        GL.glDeleteFramebuffers(1, [self._name])
        self.texture.close()
