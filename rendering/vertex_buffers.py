"""Meshes in the memory of the graphics driver."""

from __future__ import annotations

from collections import OrderedDict
from ctypes import c_void_p

import numpy as np
from OpenGL import GL

# The plain entry point: PyOpenGL's own wrapper keeps every array alive for a context that it looks up by window system,
# and finds none where another library imported PyOpenGL before the headless context was chosen.
from OpenGL.raw.GL.VERSION.GL_2_0 import glVertexAttribPointer

from rendering.meshes import Mesh, MeshRecipe

_FLOAT_BYTES = 4


class VertexBuffers:
    """One uploaded mesh of the current context."""

    def __init__(self, mesh: Mesh) -> None:
        self._count = mesh.faces.size
        self._array = int(GL.glGenVertexArrays(1))
        self._buffers = [int(name) for name in GL.glGenBuffers(2)]
        GL.glBindVertexArray(self._array)
        corners = np.ascontiguousarray(np.hstack([mesh.vertices, mesh.normals]))
        for target, buffer, data in zip(
            (GL.GL_ARRAY_BUFFER, GL.GL_ELEMENT_ARRAY_BUFFER), self._buffers, (corners, mesh.faces), strict=True
        ):
            GL.glBindBuffer(target, buffer)
            GL.glBufferData(target, data.nbytes, data, GL.GL_STATIC_DRAW)
        for location in (0, 1):
            offset = c_void_p(3 * _FLOAT_BYTES * location)
            GL.glEnableVertexAttribArray(location)
            glVertexAttribPointer(location, 3, GL.GL_FLOAT, GL.GL_FALSE, 6 * _FLOAT_BYTES, offset)

    def draw(self) -> None:
        """Draw every triangle with the program in use."""
        GL.glBindVertexArray(self._array)
        GL.glDrawElements(GL.GL_TRIANGLES, self._count, GL.GL_UNSIGNED_INT, None)

    def close(self) -> None:
        """Free the mesh."""
        GL.glDeleteVertexArrays(1, [self._array])
        GL.glDeleteBuffers(2, self._buffers)


class VertexBufferCache:
    """Uploaded meshes by recipe, each uploaded once; beyond `limit` the one unused for longest is freed."""

    def __init__(self, limit: int = 2048) -> None:
        self._limit = limit
        self._kept: OrderedDict[MeshRecipe, VertexBuffers] = OrderedDict()

    def __getitem__(self, recipe: MeshRecipe) -> VertexBuffers:
        if recipe in self._kept:
            self._kept.move_to_end(recipe)
        else:
            self._kept[recipe] = VertexBuffers(recipe.build())
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)[1].close()
        return self._kept[recipe]

    def __len__(self) -> int:
        return len(self._kept)

    def close(self) -> None:
        """Free every mesh."""
        while self._kept:
            self._kept.popitem()[1].close()
