"""Framebuffers with the three attachments that every pass writes, and their way back to numpy."""

from __future__ import annotations

import numpy as np
from OpenGL import GL

from datasets.errors import UsageError

# Storage, then the format, number type, numpy type and channels that are read back without conversion.
_ATTACHMENTS = (
    (GL.GL_RGBA32F, GL.GL_RGBA, GL.GL_FLOAT, np.float32, 4),
    (GL.GL_RG16UI, GL.GL_RG_INTEGER, GL.GL_UNSIGNED_SHORT, np.uint16, 2),
    (GL.GL_RGBA32F, GL.GL_RGBA, GL.GL_FLOAT, np.float32, 4),
)
_SLOTS = tuple(GL.GL_COLOR_ATTACHMENT0 + slot for slot in range(len(_ATTACHMENTS)))
_NO_LABELS = np.zeros(4, np.uint32)
_NO_SURFACE = np.array([0, 0, 0, np.inf], np.float32)
_FARTHEST = np.ones(1, np.float32)


class Framebuffer:
    """Colour, labels and geometry of the current context, `height` by `width`.

    Attachments: 0 colour, linear R, G, B and a spare channel; 1 semantic and instance id, unsigned; 2 normal x, y, z
    and depth in metres, 32-bit floats. Formats are those that are read back, so that nothing is converted.

    Args:
        height: rows.
        width: columns.
        depth_test: whether there is a depth buffer.

    Raises:
        UsageError: the driver has no framebuffer of that size.
    """

    def __init__(self, height: int, width: int, depth_test: bool) -> None:
        limit = int(GL.glGetIntegerv(GL.GL_MAX_TEXTURE_SIZE))
        if max(height, width) > limit:
            raise UsageError(
                f"a frame drawn at {width}x{height} samples is larger than this driver's limit of {limit}x{limit}; "
                "make the frame smaller or lower the supersampling"
            )
        self.height, self.width = height, width
        self._name = GL.glGenFramebuffers(1)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        try:
            self.textures = [self._attach(slot) for slot in range(len(_ATTACHMENTS))]
            self._depth = self._attach_depth() if depth_test else None
            GL.glDrawBuffers(len(_SLOTS), _SLOTS)
            complete = GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) == GL.GL_FRAMEBUFFER_COMPLETE
        except GL.GLError:  # out of memory
            complete = False
        if not complete:
            raise UsageError(
                f"the driver has no memory for a frame drawn at {width}x{height} samples; "
                "make the frame smaller or lower the supersampling"
            )

    def bind(self) -> None:
        """Draw and read here from now on."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        GL.glViewport(0, 0, self.width, self.height)

    def draw_colour_only(self) -> None:
        """Let the next draw leave labels and geometry as they are."""
        GL.glDrawBuffers(1, _SLOTS[:1])

    def draw_all(self) -> None:
        """Let the next draw write every attachment."""
        GL.glDrawBuffers(len(_SLOTS), _SLOTS)

    def clear(self) -> None:
        """No object anywhere: ids 0, normals 0, depth infinite."""
        GL.glClearBufferuiv(GL.GL_COLOR, 1, _NO_LABELS)
        GL.glClearBufferfv(GL.GL_COLOR, 2, _NO_SURFACE)
        GL.glClearBufferfv(GL.GL_DEPTH, 0, _FARTHEST)

    def read(self, slot: int) -> np.ndarray:
        """`(height, width, channels)` array of one attachment, window row 0 first."""
        _, channels, number_type, dtype, count = _ATTACHMENTS[slot]
        # Zeros, since a lost context leaves the memory untouched and old pixels there would pass for new ones.
        pixels = np.zeros((self.height, self.width, count), dtype)
        GL.glReadBuffer(_SLOTS[slot])
        GL.glReadPixels(0, 0, self.width, self.height, channels, number_type, array=pixels)
        return pixels

    def close(self) -> None:
        """Free the framebuffer and its attachments."""
        GL.glDeleteFramebuffers(1, [self._name])
        GL.glDeleteTextures(len(self.textures), self.textures)
        if self._depth is not None:
            GL.glDeleteRenderbuffers(1, [self._depth])

    def _attach(self, slot: int) -> int:
        texture = GL.glGenTextures(1)
        GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
        storage, channels, number_type, _, _ = _ATTACHMENTS[slot]
        GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, storage, self.width, self.height, 0, channels, number_type, None)
        for setting in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, setting, GL.GL_NEAREST)
        GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, _SLOTS[slot], GL.GL_TEXTURE_2D, texture, 0)
        return int(texture)

    def _attach_depth(self) -> int:
        buffer = GL.glGenRenderbuffers(1)
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, buffer)
        GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, GL.GL_DEPTH_COMPONENT32F, self.width, self.height)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, buffer)
        return int(buffer)
