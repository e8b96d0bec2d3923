"""Framebuffers with the attachments that a pass writes, and their way back to numpy."""

from __future__ import annotations

from ctypes import c_void_p
from dataclasses import dataclass

import numpy as np
from OpenGL import GL
from OpenGL.raw.GL.VERSION.GL_1_1 import glReadPixels  # without the many checks of PyOpenGL's own wrapper

from datasets.errors import UsageError
from rendering.array_pool import ArrayPool
from rendering.uploads import SCRATCH_UNIT


@dataclass(frozen=True)
class Attachment:
    """How one attachment is stored and read back: the driver converts nothing but RGBA to RGB bytes."""

    storage: int
    channels: int
    number_type: int
    dtype: str
    count: int


ATTACHMENTS = {
    "display": Attachment(GL.GL_RGBA8, GL.GL_RGB, GL.GL_UNSIGNED_BYTE, "uint8", 3),
    "light": Attachment(GL.GL_RGBA32F, GL.GL_RGBA, GL.GL_FLOAT, "float32", 4),
    "sub_light": Attachment(GL.GL_RGBA16F, GL.GL_RGBA, GL.GL_HALF_FLOAT, "float16", 4),
    "surface": Attachment(GL.GL_RGBA32UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 4),
    "finish": Attachment(GL.GL_RGBA32UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 4),
    "semantic": Attachment(GL.GL_R8UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_BYTE, "uint8", 1),
    "instance": Attachment(GL.GL_R32UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 1),
    "depth": Attachment(GL.GL_R32F, GL.GL_RED, GL.GL_FLOAT, "float32", 1),
    "normal": Attachment(GL.GL_RGBA16UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_SHORT, "uint16", 4),
    "coordinates": Attachment(GL.GL_RGBA16UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_SHORT, "uint16", 4),
    "flow": Attachment(GL.GL_RGBA16UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_SHORT, "uint16", 4),
    "bits_1": Attachment(GL.GL_R32UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 1),
    "bits_2": Attachment(GL.GL_RG32UI, GL.GL_RG_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 2),
    "bits_4": Attachment(GL.GL_RGBA32UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 4),
}
"""Everything that a pass can write."""

_FARTHEST, _ZERO = np.ones(1, np.float32), np.zeros(4, np.uint32)


class Framebuffer:
    """Attachments of the current context, `height` by `width`.

    Args:
        height: rows.
        width: columns.
        names: of `ATTACHMENTS`, in the order of their places in the shader.
        depth: whether it has a depth buffer of its own, or the framebuffer whose depth buffer it shares.

    Raises:
        UsageError: the driver has no framebuffer of that size.
    """

    def __init__(self, height: int, width: int, names: tuple[str, ...], depth: bool | Framebuffer) -> None:
        limit = int(GL.glGetIntegerv(GL.GL_MAX_TEXTURE_SIZE))
        if max(height, width) > limit:
            raise UsageError(
                f"a frame drawn at {width}x{height} samples is larger than this driver's limit of {limit}x{limit}; "
                "make the frame smaller or lower the supersampling"
            )
        self.height, self.width, self.names = height, width, names
        self._pool = ArrayPool()
        self._slots = tuple(GL.GL_COLOR_ATTACHMENT0 + place for place in range(len(names)))
        self._name = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        try:
            self.textures = {name: self._attach(slot, name) for slot, name in zip(self._slots, names, strict=True)}
            self._depth = self._attach_depth(depth) if depth else None
            GL.glDrawBuffers(len(self._slots), self._slots)
            complete = GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) == GL.GL_FRAMEBUFFER_COMPLETE
        except GL.GLError:  # out of memory
            complete = False
        if not complete:
            raise UsageError(
                f"the driver has no memory for a frame drawn at {width}x{height} samples; "
                "make the frame smaller or lower the supersampling"
            )
        self._owns_depth = depth is True

    def bind(self) -> None:
        """Draw and read here from now on."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        GL.glViewport(0, 0, self.width, self.height)

    def clear(self) -> None:
        """Zero in all attachments, which must be of integers."""
        for place in range(len(self.names)):
            GL.glClearBufferuiv(GL.GL_COLOR, place, _ZERO)

    def clear_depth(self) -> None:
        """No surface anywhere. What the attachments hold is not touched."""
        GL.glClearBufferfv(GL.GL_DEPTH, 0, _FARTHEST)

    def read(self, name: str) -> np.ndarray:
        """`(height, width, channels)` array of one attachment, window row 0 first."""
        kind = ATTACHMENTS[name]
        pixels = self._pool.take((self.height, self.width, kind.count), kind.dtype)
        GL.glReadBuffer(self._slots[self.names.index(name)])
        glReadPixels(0, 0, self.width, self.height, kind.channels, kind.number_type, c_void_p(pixels.ctypes.data))
        return pixels

    def close(self) -> None:
        """Free the framebuffer and its attachments."""
        GL.glDeleteFramebuffers(1, [self._name])
        if self.textures:
            GL.glDeleteTextures(len(self.textures), list(self.textures.values()))
        if self._owns_depth:
            GL.glDeleteRenderbuffers(1, [self._depth])

    def _attach(self, slot: int, name: str) -> int:
        texture = GL.glGenTextures(1)
        GL.glActiveTexture(GL.GL_TEXTURE0 + SCRATCH_UNIT)
        GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
        kind = ATTACHMENTS[name]
        GL.glTexImage2D(
            GL.GL_TEXTURE_2D, 0, kind.storage, self.width, self.height, 0, kind.channels, kind.number_type, None
        )
        for setting in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, setting, GL.GL_NEAREST)
        GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, slot, GL.GL_TEXTURE_2D, texture, 0)
        return int(texture)

    def _attach_depth(self, depth: bool | Framebuffer) -> int:
        if isinstance(depth, Framebuffer):
            buffer = depth._depth or 0
        else:
            buffer = GL.glGenRenderbuffers(1)
            GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, buffer)
            GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, GL.GL_DEPTH_COMPONENT32F, self.width, self.height)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, buffer)
        return int(buffer)
