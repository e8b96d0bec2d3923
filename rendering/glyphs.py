"""Solid digits and letters, extruded from the outlines of fonts that come with matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from datasets.errors import UsageError
from rendering.meshes import Mesh, shade, unique_rows

FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique",
    "DejaVuSansMono", "DejaVuSansMono-Bold",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic",
    "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta",
    "cmr10", "cmb10", "cmss10", "cmtt10", "cmti10",
)  # fmt: skip
"""Fonts in matplotlib's own folder whose digits stand on one line at one height."""

_CURVE_STEPS = 8  # points a Bezier curve is first cut into
_TOLERANCE = 0.002  # how far the final outline may leave the curve, as a share of the height


@dataclass(frozen=True)
class Glyph:
    """The recipe of one extruded character.

    Its outline is one unit high and its bounding box is centred on the origin. The front faces +z.

    Attributes:
        character: one character.
        font: a name of `FONTS`.
        weight: how far strokes are thickened (negative: thinned) on each side, as a share of the height.
        depth: extent along z, as a share of the height.
        bevel: how far the front and back edges are cut off at 45 degrees, as a share of the height.

    Raises:
        UsageError: a value is outside what can be built.
    """

    kind: ClassVar[str] = "glyph"

    character: str
    font: str = "DejaVuSans"
    weight: float = 0.0
    depth: float = 0.2
    bevel: float = 0.0

    def __post_init__(self) -> None:
        if len(self.character) != 1:
            raise UsageError(f"glyph: character must be a single one, got {self.character!r}")
        if self.font not in FONTS:
            raise UsageError(f"glyph: no font {self.font!r}; there are {', '.join(FONTS)}")
        if not -0.03 <= self.weight <= 0.1:
            raise UsageError(f"glyph: weight must be between -0.03 and 0.1 of the height, got {self.weight}")
        if not 0 <= 2 * self.bevel < self.depth:
            raise UsageError(f"glyph: bevel must be 0 or more and below half the depth {self.depth}, got {self.bevel}")

    def build(self) -> Mesh:
        """A closed mesh, outward normals, smooth along curves and sharp at edges; the same object for equal recipes."""
        return _build(self)


@lru_cache(maxsize=2048)
def _build(glyph: Glyph) -> Mesh:
    outline = glyph_outline(glyph.character, glyph.font, glyph.weight)
    half = glyph.depth / 2
    inset = shapely.normalize(_parts(outline.buffer(-glyph.bevel, join_style="mitre", mitre_limit=2)))
    cap = _triangulate(inset)
    soup = [_lift(cap, half), _lift(cap, -half)[:, ::-1], _walls(outline, half - glyph.bevel)]
    if glyph.bevel:
        slope = _triangulate(_parts(outline.difference(inset)))
        on_outline = np.isin(_as_complex(slope), _as_complex(shapely.get_coordinates(outline)))
        front = np.dstack([slope, np.where(on_outline, half - glyph.bevel, half)])
        soup += [front, (front * (1, 1, -1))[:, ::-1]]
    corners = np.concatenate(soup).reshape(-1, 3)
    first, index = unique_rows(corners)
    return shade(corners[first], index.reshape(-1, 3))


@lru_cache(maxsize=1024)
def glyph_outline(character: str, font: str, weight: float = 0.0) -> MultiPolygon:
    """The filled outline of a character, holes cut out, one unit high and centred; x right, y up.

    Raises:
        UsageError: the font has no such character, or thinning leaves nothing of it.
    """
    shape: BaseGeometry = Polygon()
    # Each contour flips inside and outside, so a hole is cut out and an island within it is filled again.
    for ring in _contours(character, font):
        shape = shape.symmetric_difference(Polygon(ring))
    shape = _fit(shape)
    if weight:
        shape = _fit(shape.buffer(weight, quad_segs=4))
    shape = shapely.normalize(_fit(shape.simplify(_TOLERANCE)))
    if shape.area == 0:
        raise UsageError(f"glyph: nothing is left of {character!r} in {font} at weight {weight}; use a larger weight")
    return _parts(shape)


@lru_cache(maxsize=256)
def _contours(character: str, font: str) -> list[np.ndarray]:
    """The closed contours of a character, `(n, 2)` points each, curves cut into straight pieces."""
    # Imported here: matplotlib takes longer to load than all that a stored scene needs. `ft2font` reads one file,
    # where matplotlib's font manager would first scan every font of the system.
    import matplotlib
    from matplotlib.ft2font import FT2Font, LoadFlags
    from matplotlib.path import Path as Outline

    face = FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")))
    if not face.get_char_index(ord(character)):
        raise UsageError(f"glyph: font {font} has no character {character!r}")
    face.load_char(ord(character), flags=LoadFlags.NO_SCALE)
    steps = np.linspace(0, 1, _CURVE_STEPS + 1)[1:]
    contours: list[list[np.ndarray]] = []
    curves: Any = Outline(*face.get_path()).iter_bezier()
    for curve, code in curves:
        if code == Outline.MOVETO:
            contours.append([])
        contours[-1].append(curve(steps if curve.degree > 1 else np.ones(1)))
    return [np.concatenate(pieces) for pieces in contours]


def _fit(shape: BaseGeometry) -> BaseGeometry:
    """The shape scaled to unit height with its bounding box centred on the origin."""
    left, bottom, right, top = shape.bounds
    if np.isnan(top) or top == bottom:
        return shape
    centre = ((left + right) / 2, (bottom + top) / 2)
    fitted: BaseGeometry = shapely.transform(shape, lambda points: (points - centre) / (top - bottom))
    return fitted


def _parts(shape: BaseGeometry) -> MultiPolygon:
    """The areas of a shape; stray lines and points that set operations leave are dropped."""
    return MultiPolygon([part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and part.area > 1e-9])


def _triangulate(shape: MultiPolygon) -> np.ndarray:
    """`(m, 3, 2)` corners of anticlockwise triangles that fill the shape and use its own points only."""
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(shape))
    corners = shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    twice_area = ax * by - ay * bx
    corners = np.where((twice_area < 0)[:, None, None], corners[:, ::-1], corners)
    return corners[np.abs(twice_area) > 0]


def _lift(triangles: np.ndarray, z: float) -> np.ndarray:
    """`(m, 3, 3)` triangles of the plane at height z."""
    return np.concatenate([triangles, np.full((*triangles.shape[:2], 1), z)], axis=2)


def _walls(shape: MultiPolygon, half: float) -> np.ndarray:
    """`(m, 3, 3)` triangles of the upright walls between -half and half along every ring of the shape."""
    walls = []
    for polygon in shape.geoms:
        oriented = shapely.orient_polygons(polygon)
        for ring in (oriented.exterior, *oriented.interiors):
            points = shapely.get_coordinates(ring)
            below, above = (np.column_stack([points, np.full(len(points), z)]) for z in (-half, half))
            walls.append(np.stack([below[:-1], below[1:], above[1:]], axis=1))
            walls.append(np.stack([below[:-1], above[1:], above[:-1]], axis=1))
    return np.concatenate(walls)


def _as_complex(points: np.ndarray) -> np.ndarray:
    """Planar points as one number each, to look them up exactly."""
    return points[..., 0] + 1j * points[..., 1]
