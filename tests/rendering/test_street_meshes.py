"""What stands in streets is whole: its triangles face outwards, it has its true size and stands on the ground."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.errors import UsageError
from rendering.meshes import Mesh
from rendering.streets.people import POSES
from rendering.streets.recipes import MODELS, PICTURES, StreetMesh, StreetTexture
from rendering.streets.vehicles import CARS

_STRAIGHT, _BENT = (0.0, 0.0, 0.0, 0.0), (0.01, 3.0, -2.0, 30.0)

_EXAMPLES: dict[str, tuple[tuple[float, ...], ...]] = {
    "ribbon": ((*_STRAIGHT, -5, 60, -3, 3, 0, 4), (*_BENT, -5, 60, 2, 5, 0.1, 4)),
    "kerb": ((*_STRAIGHT, 0, 40, 3, 1, 0.12), (*_BENT, 0, 40, -3, -1, 0.12)),
    "line": ((*_STRAIGHT, 0, 40, 0, 0.1, 3, 6), (*_BENT, 0, 40, 1, 0.1, 0, 0)),
    "stripes": ((*_BENT, 0, 3, -3, 3, 0.5, 0.5),),
    "hatch": ((*_STRAIGHT, 0, 12, -5, 5, 3, 0.2),),
    "arrow": ((3.0,),),
    "upright": ((*_STRAIGHT, 0, 40, 5, 0.3, 0, 2, 2), (*_BENT, 0, 40, -5, 0.3, 0, 2, 2)),
    "walls": ((3, 4, 1), (5, 1, 0)),
    "front_trim": tuple((3, 4, kind) for kind in range(5)),
    "roof": tuple((bays, 3, form) for bays in (2, 5) for form in range(5)),
    "car": tuple((kind, part) for kind in range(len(CARS)) for part in (0, 1)),
    "lorry": tuple((kind, part) for kind in range(3) for part in range(3)),
    "bus": tuple((kind, part) for kind in range(2) for part in (0, 1)),
    "bicycle": ((0,), (1,)),
    "motorcycle": ((0,), (1,)),
    "person": tuple((pose, look, part) for pose in range(-1, len(POSES)) for look in range(4) for part in (0, 1)),
    "trunk": ((0,), (4,)),
    "crown": ((0,), (1,)),
    "far_crown": ((0,), (3,)),
    "twigs": ((0,), (1,)),
    "conifer": ((0,), (1,)),
    "bush": ((0,), (1,)),
    "pole": ((3.0, 0.05),),
    "street_light": ((0,), (1,), (2,)),
    "mast": ((0,), (3.2,)),
    "traffic_light": ((0,), (2,)),
    "sign": tuple((form,) for form in range(10)),
    "bollard": ((0,), (1,)),
}


def test_every_model_has_an_example() -> None:
    assert set(_EXAMPLES) == set(MODELS)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_triangles_face_as_their_normals_do(model: str) -> None:
    """So that nothing that should be seen is culled; and no triangle is empty or out of this world."""
    for values in _EXAMPLES[model]:
        mesh = StreetMesh(model, values).build()
        corners = mesh.vertices[mesh.faces].astype(np.float64)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        areas = np.linalg.norm(across, axis=1)
        solid = areas > 1e-9  # poles of balls are drawn with empty triangles
        assert solid.mean() > 0.7
        leaning = np.einsum(
            "nj,nj->n", across[solid] / areas[solid, None], mesh.normals[mesh.faces[solid]].mean(axis=1)
        )
        assert leaning.min() > 0.1, values
        np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
        assert np.isfinite(mesh.vertices).all()
        assert np.abs(mesh.vertices).max() < 100


def test_ribbons_lie_beside_their_path() -> None:
    """The ends of a bent strip against the circle that its path is."""
    mesh = StreetMesh("ribbon", (0.01, 0, 0, 0, 0, 50, -4, 4, 0.2, 5)).build()
    centre = np.array([100.0, 0.0])  # a right bend of radius 100 m from the origin towards -z
    radii = np.linalg.norm(mesh.vertices[:, [0, 2]] - centre, axis=1)
    half = len(radii) // 2
    np.testing.assert_allclose(radii[:half], 104, atol=1e-4)
    np.testing.assert_allclose(radii[half:], 96, atol=1e-4)
    np.testing.assert_allclose(mesh.vertices[:, 1], 0.2, atol=1e-6)
    chord = mesh.vertices[half - 1, [0, 2]] - centre
    assert np.arctan2(-chord[1], -chord[0]) == pytest.approx(0.5, abs=1e-5)  # 50 m of a radius of 100 m


def test_vehicles_and_people_have_true_sizes() -> None:
    for number, form in enumerate(CARS):
        low, high = bounds([StreetMesh("car", (number, part)).build() for part in (0, 1)])
        assert low[1] == pytest.approx(0, abs=1e-6)
        assert high[1] == pytest.approx(form.height, abs=0.01)
        assert high[2] - low[2] == pytest.approx(form.length, abs=0.3)
        assert high[0] - low[0] == pytest.approx(form.width + 0.28, abs=0.05)  # with its mirrors
    for pose in range(len(POSES)):
        low, high = bounds([StreetMesh("person", (pose, 0, part)).build() for part in (0, 1)])
        assert -0.06 < low[1] < 0.12
        assert 1.6 < high[1] < 1.9
    for kind, height in ((0, 3.0), (1, 4.3)):
        low, high = bounds([StreetMesh("bus", (kind, part)).build() for part in (0, 1)])
        assert low[1] == pytest.approx(0, abs=1e-6)
        assert high[1] == pytest.approx(height, abs=0.01)
    low, high = bounds([StreetMesh("bicycle", (part,)).build() for part in (0, 1)])
    assert low[1] == pytest.approx(0, abs=0.01)
    assert 1.6 < high[2] - low[2] < 1.9


def test_meshes_are_built_once_and_few_triangles_suffice() -> None:
    for model, examples in _EXAMPLES.items():
        for values in examples:
            mesh = StreetMesh(model, values).build()
            assert StreetMesh(model, list(values)).build() is mesh  # type: ignore[arg-type]  # as JSON gives it
            assert len(mesh.faces) <= 1500


@pytest.mark.parametrize("picture", sorted(PICTURES))
def test_pictures_are_the_same_again_and_differ_by_variant(picture: str) -> None:
    first, again, other = (StreetTexture(picture, variant).build() for variant in (2, 2, 3))
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 4
    np.testing.assert_array_equal(first, again)
    assert first.shape == other.shape
    assert (first != other).mean() > 0.02


def test_what_does_not_exist_is_told() -> None:
    with pytest.raises(UsageError, match="no model 'castle'"):
        StreetMesh("castle")
    with pytest.raises(UsageError, match="street texture"):
        StreetTexture("marble")


def bounds(meshes: list[Mesh]) -> tuple[np.ndarray, np.ndarray]:
    points = np.concatenate([mesh.vertices for mesh in meshes])
    return points.min(axis=0), points.max(axis=0)
