"""Labels behind a lens, against a straight camera and against outlines worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import MultiPoint

from rendering.frame import Frame
from rendering.geometry import affine, look_at, project, rotation, transform
from rendering.materials import Material
from rendering.renderer import Renderer
from rendering.scene import Camera, Ground, Scene, SceneObject
from rendering.sensor import Sensor
from tests.rendering.meshes_for_tests import Box

HEIGHT, WIDTH, MARGIN = 72, 96, 60
K = np.array([[70.0, 0, 50], [0, 68, 33], [0, 0, 1]])
MAPS = ("semantic", "instance", "depth", "normal", "object_coordinates")
LENSES = {"barrel": (-0.55, 0.2), "strong barrel": (-0.9, 0.45), "pincushion": (0.5, 0.1)}


def boxes_up_to_the_edge() -> Scene:
    """Turned boxes on a floor all over what a barrel shows, beyond the edges of the straight frame too."""
    things = tuple(
        SceneObject(Box(), affine(rotation(31 * i, 17 * i) * 0.5, (x, y, 0.2 * i - 1)), Material(), i + 1, 0, 100 + i)
        for i, (x, y) in enumerate((x, y) for x in (-3.2, -1.6, 0.0, 1.6, 3.2) for y in (-0.9, 0.7, 2.2))
    )
    camera = Camera(HEIGHT, WIDTH, K, look_at((0.3, 1.2, 3.5), (0, 0.8, 0)))
    return Scene(camera, things, ground=Ground(-1.2, 60, semantic=99))


def straight_places(lens: tuple[float, float]) -> np.ndarray:
    """`(height, width, 2)` u, v where a camera without a lens sees what each pixel's centre shows.

    By bisection of the radius, in between 0 and where the polynomial's first rise ends.
    """
    k1, k2 = lens
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    x, y = (u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1]
    wanted = np.hypot(x, y)
    rising = np.linspace(0, 3, 30001)
    bent = rising * (1 + k1 * rising**2 + k2 * rising**4)
    falls = np.flatnonzero(np.diff(bent) <= 0)
    low, high = np.zeros_like(wanted), np.full_like(wanted, rising[falls[0]] if len(falls) else 3.0)
    for _ in range(60):
        middle = (low + high) / 2
        below = middle * (1 + k1 * middle**2 + k2 * middle**4) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    scale = low / np.where(wanted > 0, wanted, 1)
    return np.stack([K[0, 2] + K[0, 0] * x * scale, K[1, 2] + K[1, 1] * y * scale], axis=-1)


@pytest.fixture(scope="module")
def wide(gl: None) -> Iterator[Frame]:
    """The scene without a lens, with a margin all around."""
    scene, shift = boxes_up_to_the_edge(), np.array([[1, 0, MARGIN], [0, 1, MARGIN], [0, 0, 1.0]])
    size = (HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
    camera = replace(scene.camera, height=size[0], width=size[1], intrinsics=shift @ K)
    with Renderer(*size, 1, MAPS) as renderer:
        yield renderer.render(replace(scene, camera=camera))


@pytest.mark.parametrize("supersample", [1, 3])
@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_every_map_is_that_of_the_nearest_ray(wide: Frame, lens: tuple[float, float], supersample: int) -> None:
    places = straight_places(lens) + MARGIN
    beyond = ((places < MARGIN) | (places > MARGIN + np.array([WIDTH, HEIGHT]))).any(axis=2)
    assert (beyond.mean() > 0.1) == (lens[0] < 0)  # a barrel shows what lies outside the straight frame
    sure = (np.abs(places - np.rint(places)) > 1e-3).all(axis=2)  # where one ray is nearest
    columns, rows = np.floor(places).astype(int).transpose(2, 0, 1)
    scene = replace(boxes_up_to_the_edge(), sensor=Sensor(distortion=lens))
    with Renderer(HEIGHT, WIDTH, supersample, MAPS) as renderer:
        frame = renderer.render(scene)
    assert sure.mean() > 0.98
    assert len(np.unique(frame.instance[beyond])) > 3 or lens[0] > 0
    for name in ("semantic", "instance", "depth", "normal_code", "coordinates_code"):
        one, other = getattr(frame, name), getattr(wide, name)[rows, columns]
        if name == "depth":
            np.testing.assert_allclose(one[sure], other[sure], rtol=1e-5)
        else:
            assert np.abs(one[sure].astype(int) - other[sure].astype(int)).max() <= (2 if "code" in name else 0)


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_no_label_is_farther_than_half_a_pixel_from_its_outline(gl: None, lens: tuple[float, float]) -> None:
    """One box at a time: its silhouette is the convex hull of its corners."""
    places = shapely.points(straight_places(lens))
    scene = replace(boxes_up_to_the_edge(), sensor=Sensor(distortion=lens), ground=None)
    off = 0
    with Renderer(HEIGHT, WIDTH, 1, ("instance",)) as renderer:
        for thing in scene.objects:
            corners = transform(scene.camera.world_to_camera @ thing.pose, thing.mesh.build().vertices)
            hull = MultiPoint(project(K, corners)).convex_hull
            shown = renderer.render(replace(scene, objects=(thing,))).instance[:, :, 0] > 0
            assert shapely.distance(places[shown], hull).max(initial=0) < 0.71  # half a pixel in u and in v
            assert (
                shapely.distance(places[~shown & shapely.contains(hull, places)], hull.boundary).max(initial=0) < 0.71
            )
            off += np.count_nonzero(shown != shapely.contains(hull, places))
    assert off / shown.size < 0.04
