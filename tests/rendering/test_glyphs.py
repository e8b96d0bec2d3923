"""Solid characters against trimesh's topology and matplotlib's own outlines."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
import shapely
import trimesh
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, IdentityTransform

from datasets.errors import UsageError
from rendering.glyphs import FONTS, Glyph, glyph_outline

HOLES = {"0": 1, "1": 0, "2": 0, "3": 0, "4": 1, "5": 0, "6": 1, "7": 0, "8": 2, "9": 1}


def solid(glyph: Glyph) -> trimesh.Trimesh:
    """The mesh with its corners joined by place, as trimesh sees it."""
    mesh = glyph.build()
    joined = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    joined.merge_vertices(merge_norm=True, merge_tex=True)
    return joined


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize("weight, bevel", [(0.0, 0.0), (0.03, 0.02), (-0.01, 0.02)])
def test_every_digit_is_a_closed_solid(font: str, weight: float, bevel: float) -> None:
    for character in HOLES:
        body = solid(Glyph(character, font, weight, 0.2, bevel))
        assert body.is_watertight
        assert body.is_winding_consistent
        outline = glyph_outline(character, font, weight)
        full = outline.area * 0.2
        if bevel == 0:
            assert body.volume == pytest.approx(full, rel=1e-5)
        else:  # each long edge loses a triangle of bevel squared over two, corners a little less or more
            lost = 2 * outline.length * bevel**2 / 2
            assert full - 1.3 * lost < body.volume < full - 0.7 * lost
        np.testing.assert_allclose(body.bounds[:, 1:], [(-0.5, -0.1), (0.5, 0.1)], atol=1e-6)
        assert body.bounds[:, 0].sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("character", HOLES)
def test_holes_go_through(character: str) -> None:
    """The Euler number of a solid with g holes right through it is 2 - 2g."""
    assert solid(Glyph(character, "DejaVuSans", bevel=0.02)).euler_number == 2 - 2 * HOLES[character]


def matplotlib_raster(character: str, font: str) -> np.ndarray:
    """`(200, 240)` bool: the character filled by matplotlib's own painter, one unit high in a window of 1 by 1.2."""
    file = Path(matplotlib.get_data_path(), "fonts", "ttf", f"{font}.ttf")
    path = TextPath((0, 0), character, size=100, prop=FontProperties(fname=str(file)))
    box = path.get_extents()
    place = Affine2D().translate(*-(box.p0 + box.p1) / 2).scale(200 / box.height).translate(120, 100)
    canvas = FigureCanvasAgg(Figure(figsize=(2.4, 2), dpi=100))
    canvas.figure.add_artist(
        PathPatch(path.transformed(place), transform=IdentityTransform(), facecolor="black", linewidth=0)
    )
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, 0] < 128


@pytest.mark.parametrize("font", FONTS)
def test_outlines_cover_what_matplotlib_draws(font: str) -> None:
    v, u = np.mgrid[0:200, 0:240] + 0.5
    for character in HOLES:
        theirs = matplotlib_raster(character, font)
        ours = shapely.contains_xy(glyph_outline(character, font), (u - 120) / 200, (100 - v) / 200)
        assert (theirs & ours).sum() / (theirs | ours).sum() > 0.97


def test_normals_point_out_of_the_solid() -> None:
    mesh = Glyph("8", "DejaVuSerif-Bold", bevel=0.02).build()
    corners = mesh.vertices[mesh.faces].astype(np.float64)
    facets = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facets /= np.linalg.norm(facets, axis=1, keepdims=True)
    assert np.einsum("ij,ikj->ik", facets, mesh.normals[mesh.faces].astype(np.float64)).min() > np.cos(np.radians(40))


def test_equal_recipes_share_one_mesh_and_weight_thickens() -> None:
    assert Glyph("3").build() is Glyph("3").build()
    areas = [glyph_outline("3", "DejaVuSans", weight).area for weight in (-0.01, 0.0, 0.02, 0.04)]
    assert areas == sorted(areas)
    assert areas[-1] > 1.3 * areas[0]


@pytest.mark.parametrize(
    "values, message",
    [
        ({"character": "12"}, "single one, got '12'"),
        ({"character": "1", "font": "Comic"}, "no font 'Comic'; there are DejaVuSans"),
        ({"character": "1", "weight": 0.5}, "weight must be between"),
        ({"character": "1", "bevel": 0.1}, "below half the depth 0.2, got 0.1"),
    ],
)
def test_impossible_recipes_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Glyph(**values)  # type: ignore[arg-type]


def test_a_character_that_the_font_lacks_is_named() -> None:
    with pytest.raises(UsageError, match="font cmr10 has no character '漢'"):
        Glyph("漢", "cmr10").build()
