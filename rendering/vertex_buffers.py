"""Meshes in the memory of the graphics driver."""

from __future__ import annotations

from ctypes import c_void_p

import numpy as np
from OpenGL import GL

# The plain entry points. PyOpenGL's own wrapper takes as long as drawing a small mesh; and it keeps every array alive
# for a context that it looks up by window system, and finds none where another library imported PyOpenGL before the
# headless context was chosen.
from OpenGL.raw.GL.VERSION.GL_1_1 import glDrawElements
from OpenGL.raw.GL.VERSION.GL_1_5 import glBufferData
from OpenGL.raw.GL.VERSION.GL_2_0 import glVertexAttribPointer

from rendering.draw_list import Bounds
from rendering.meshes import Mesh

_FLOAT_BYTES = 4
_FROM_START = c_void_p(0)


class VertexBuffers:
    """One uploaded mesh of the current context.

    Attributes:
        bounds: its bounding sphere.
        vertices: `(n, 3)` float32, kept for exact boxes.
        corners: `(2, 3)` float64 their lowest and highest corner.
        has_uvs: whether it has places in textures.
        has_colours: whether its vertices have colours.
    """

    def __init__(self, mesh: Mesh) -> None:
        self.vertices = mesh.vertices
        self.corners = _corners(mesh.vertices)
        centre = self.corners.mean(axis=0)
        offsets = mesh.vertices.astype(np.float64) - centre
        radius = float(np.sqrt(np.einsum("ij,ij->i", offsets, offsets).max(initial=0)))
        self.bounds = Bounds(centre, radius, len(mesh.faces))
        self.has_uvs, self.has_colours = mesh.uvs is not None, mesh.colours is not None
        self._count = mesh.faces.size
        self._array = int(GL.glGenVertexArrays(1))
        self._buffers = [int(name) for name in GL.glGenBuffers(2)]
        self._upload(mesh)

    def draw(self) -> None:
        """Draw every triangle with the program in use."""
        GL.glBindVertexArray(self._array)
        glDrawElements(GL.GL_TRIANGLES, self._count, GL.GL_UNSIGNED_INT, _FROM_START)

    def close(self) -> None:
        """Free the mesh."""
        GL.glDeleteVertexArrays(1, [self._array])
        GL.glDeleteBuffers(2, self._buffers)

    def _upload(self, mesh: Mesh) -> None:
        columns = {0: mesh.vertices, 1: mesh.normals, 2: mesh.uvs, 3: mesh.colours}  # by location in `surface.vert`
        present = {location: column for location, column in columns.items() if column is not None}
        corners = np.ascontiguousarray(np.hstack(list(present.values())))
        faces = np.ascontiguousarray(mesh.faces)
        GL.glBindVertexArray(self._array)
        for target, buffer, data in zip(
            (GL.GL_ARRAY_BUFFER, GL.GL_ELEMENT_ARRAY_BUFFER), self._buffers, (corners, faces), strict=True
        ):
            GL.glBindBuffer(target, buffer)
            glBufferData(target, data.nbytes, c_void_p(data.ctypes.data), GL.GL_STATIC_DRAW)
        offset = 0
        for location, column in present.items():
            count = column.shape[1]
            GL.glEnableVertexAttribArray(location)
            glVertexAttribPointer(location, count, GL.GL_FLOAT, GL.GL_FALSE, corners.strides[0], c_void_p(offset))
            offset += count * _FLOAT_BYTES


def _corners(vertices: np.ndarray) -> np.ndarray:
    if not len(vertices):
        return np.zeros((2, 3))
    return np.array([vertices.min(axis=0), vertices.max(axis=0)], np.float64)
