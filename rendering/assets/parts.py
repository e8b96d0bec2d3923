"""Parts of an asset: as its file gives them, and as they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rendering.meshes import Mesh


@dataclass(frozen=True)
class ImageSource:
    """Where a texture's encoded image lies: in the asset's own file under a number, or in a file of its own.

    Attributes:
        path: the file.
        key: place in the file's list of images; empty for a file that is itself the image.
    """

    path: str
    key: str = ""


@dataclass(frozen=True)
class Surface:
    """A part's material as the file gives it, in the terms of glTF 2.0, section 3.9; colours are linear R, G, B."""

    name: str = ""
    base_colour: tuple[float, float, float] = (0.8, 0.8, 0.8)
    roughness: float = 0.7
    metallic: float = 0.0
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    alpha_cutoff: float | None = None
    double_sided: bool = False
    base_colour_image: ImageSource | None = None
    metallic_roughness_image: ImageSource | None = None
    normal_image: ImageSource | None = None
    emissive_image: ImageSource | None = None

    @property
    def textured(self) -> bool:
        """Whether any image needs texture coordinates."""
        images = (self.base_colour_image, self.metallic_roughness_image, self.normal_image, self.emissive_image)
        return any(image is not None for image in images)


@dataclass(frozen=True, eq=False)
class RawPart:
    """Triangles of one material, in the axes and units of the file, the node hierarchy applied.

    Attributes:
        positions: `(n, 3)` float64.
        triangles: `(m, 3)` int64 indices, anticlockwise seen from outside.
        surface: the material.
        normals: `(n, 3)` float64, or None where the file has none.
        uvs: `(n, 2)` float64, origin at the image's top left corner, v down (glTF 2.0), or None.
        colours: `(n, 4)` float64 linear R, G, B, A, or None.
    """

    positions: np.ndarray
    triangles: np.ndarray
    surface: Surface = field(default_factory=Surface)
    normals: np.ndarray | None = None
    uvs: np.ndarray | None = None
    colours: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class AssetPart:
    """One mesh with one material, ready to draw, in the axes and units of the file."""

    mesh: Mesh
    surface: Surface
