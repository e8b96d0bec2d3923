"""Framebuffers with the attachments that a pass writes, and their way back to numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from OpenGL import GL

from datasets.errors import UsageError
from rendering.array_pool import ArrayPool
from rendering.uploads import SCRATCH_UNIT


@dataclass(frozen=True)
class Attachment:
    """How one attachment is stored, cleared and read back: the driver converts nothing but RGBA to RGB bytes."""

    storage: int
    channels: int
    number_type: int
    dtype: str
    count: int
    empty: tuple[float, ...]


_INFINITE = float("inf")

ATTACHMENTS = {
    "display": Attachment(GL.GL_RGBA8, GL.GL_RGB, GL.GL_UNSIGNED_BYTE, "uint8", 3, (0, 0, 0, 1)),
    "light": Attachment(GL.GL_RGBA32F, GL.GL_RGBA, GL.GL_FLOAT, "float32", 4, (0, 0, 0, 1)),
    "sub_light": Attachment(GL.GL_RGBA16F, GL.GL_RGBA, GL.GL_HALF_FLOAT, "float16", 4, (0, 0, 0, 1)),
    "number": Attachment(GL.GL_R16UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_SHORT, "uint16", 1, (0, 0, 0, 0)),
    "depth": Attachment(GL.GL_R32F, GL.GL_RED, GL.GL_FLOAT, "float32", 1, (_INFINITE, 0, 0, 0)),
    "normal": Attachment(GL.GL_RGBA16, GL.GL_RGBA, GL.GL_UNSIGNED_SHORT, "uint16", 4, (0, 0, 0, 0)),
    "coordinates": Attachment(GL.GL_RGBA16, GL.GL_RGBA, GL.GL_UNSIGNED_SHORT, "uint16", 4, (0, 0, 0, 0)),
    "flow": Attachment(GL.GL_RGBA16, GL.GL_RGBA, GL.GL_UNSIGNED_SHORT, "uint16", 4, (0, 0, 0, 0)),
    "bits_1": Attachment(GL.GL_R32UI, GL.GL_RED_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 1, (0, 0, 0, 0)),
    "bits_2": Attachment(GL.GL_RG32UI, GL.GL_RG_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 2, (0, 0, 0, 0)),
    "bits_4": Attachment(GL.GL_RGBA32UI, GL.GL_RGBA_INTEGER, GL.GL_UNSIGNED_INT, "uint32", 4, (0, 0, 0, 0)),
}
"""Everything that a pass can write."""

_FARTHEST = np.ones(1, np.float32)


class Framebuffer:
    """Attachments of the current context, `height` by `width`.

    Args:
        height: rows.
        width: columns.
        names: of `ATTACHMENTS`, in the order of their places in the shader.
        depth_test: whether there is a depth buffer.

    Raises:
        UsageError: the driver has no framebuffer of that size.
    """

    def __init__(self, height: int, width: int, names: tuple[str, ...], depth_test: bool) -> None:
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
            self._depth = self._attach_depth() if depth_test else None
            GL.glDrawBuffers(len(self._slots), self._slots)
            complete = GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) == GL.GL_FRAMEBUFFER_COMPLETE
        except GL.GLError:  # out of memory
            complete = False
        if not complete:
            raise UsageError(
                f"the driver has no memory for a frame drawn at {width}x{height} samples; "
                "make the frame smaller or lower the supersampling"
            )
        self._empty = [(*_clearing(name), place) for place, name in enumerate(names)]

    def bind(self) -> None:
        """Draw and read here from now on."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._name)
        GL.glViewport(0, 0, self.width, self.height)

    def draw_first_only(self) -> None:
        """Let the next draws leave all attachments but the first as they are.

        By masks: another set of attachments would make software rasterisers finish the frame and begin it again.
        """
        for place in range(1, len(self._slots)):
            GL.glColorMaski(place, False, False, False, False)

    def draw_all(self) -> None:
        """Let the next draws write every attachment."""
        for place in range(1, len(self._slots)):
            GL.glColorMaski(place, True, True, True, True)

    def clear(self) -> None:
        """No surface anywhere."""
        for clear, value, place in self._empty:
            clear(GL.GL_COLOR, place, value)
        if self._depth is not None:
            GL.glClearBufferfv(GL.GL_DEPTH, 0, _FARTHEST)

    def read(self, name: str) -> np.ndarray:
        """`(height, width, channels)` array of one attachment, window row 0 first."""
        kind = ATTACHMENTS[name]
        pixels = self._pool.take((self.height, self.width, kind.count), kind.dtype)
        GL.glReadBuffer(self._slots[self.names.index(name)])
        GL.glReadPixels(0, 0, self.width, self.height, kind.channels, kind.number_type, array=pixels)
        return pixels

    def close(self) -> None:
        """Free the framebuffer and its attachments."""
        GL.glDeleteFramebuffers(1, [self._name])
        if self.textures:
            GL.glDeleteTextures(len(self.textures), list(self.textures.values()))
        if self._depth is not None:
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

    def _attach_depth(self) -> int:
        buffer = GL.glGenRenderbuffers(1)
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, buffer)
        GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, GL.GL_DEPTH_COMPONENT32F, self.width, self.height)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, buffer)
        return int(buffer)


def _clearing(name: str) -> tuple[Callable[..., None], np.ndarray]:
    """The call that empties an attachment, and its value."""
    kind = ATTACHMENTS[name]
    integer = kind.channels in (GL.GL_RED_INTEGER, GL.GL_RG_INTEGER, GL.GL_RGBA_INTEGER)
    if integer:
        return GL.glClearBufferuiv, np.array(kind.empty, np.uint32)
    return GL.glClearBufferfv, np.array(kind.empty, np.float32)
