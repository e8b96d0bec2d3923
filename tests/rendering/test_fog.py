"""Fog against its closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from rendering.backgrounds import Background
from rendering.fog import Fog
from rendering.frame import ANNOTATIONS
from rendering.geometry import affine, look_at
from rendering.lights import AmbientLight, SunLight
from rendering.materials import Material
from rendering.renderer import Renderer
from rendering.scene import Camera, Ground, Scene, SceneObject
from rendering.sensor import Sensor
from tests.rendering.meshes_for_tests import Card

SIZE = 48
CAMERA = Camera(SIZE, SIZE, np.array([[30.0, 0, 24], [0, 30, 24], [0, 0, 1]]), look_at((0, 2, 0), (0, 1.5, -5)))
NIGHT, DARK = SunLight(colour=(0, 0, 0)), AmbientLight((0, 0, 0), (0, 0, 0))
GLOW, BEHIND = (0.9, 0.2, 0.05), (0.1, 0.2, 0.3)


def scene(fog: Fog | None, sensor: Sensor | None = None) -> Scene:
    """A glowing floor to the horizon and a card before it, without any other light."""
    glowing = Material((0, 0, 0), 1.0, 1.0, emissive=GLOW)
    card = SceneObject(Card(), affine(np.eye(3), (0, 1.5, -6)), glowing, 1, 0, 1)
    return Scene(
        CAMERA, (card,), NIGHT, DARK, Background(colours=(BEHIND,) * 3), sensor or Sensor(),
        ground=Ground(size_m=190, material=glowing, semantic=2), fog=fog,
    )  # fmt: skip


def linear(colour: np.ndarray) -> np.ndarray:
    share = colour / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


@pytest.fixture(scope="module", params=[1, 3])
def drawn(gl: None, request: pytest.FixtureRequest) -> Iterator[Renderer]:
    with Renderer(SIZE, SIZE, request.param, ANNOTATIONS) as renderer:
        yield renderer


@pytest.mark.parametrize("extinction", [0.0, 0.004, 0.08])
def test_light_fades_with_the_distance_along_the_ray(drawn: Renderer, extinction: float) -> None:
    fog = Fog((0.5, 0.6, 0.7), extinction)
    frame = drawn.render(scene(fog))
    assert frame.depth is not None
    v, u = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    rays = np.stack([(u - 24) / 30, (v - 24) / 30, np.ones_like(u)], axis=-1)
    distance = frame.depth[:, :, 0] * np.linalg.norm(rays, axis=-1)
    seen = np.isfinite(distance)
    steep = seen.copy()
    steep[:-1] &= np.abs(np.diff(np.where(seen, distance, 1e6), axis=0)) < 3  # sub-samples of a pixel are as far
    steep[1:] &= steep[:-1]
    arrived = np.exp(-extinction * distance[steep])[:, None]
    wanted = np.array(fog.colour) + (np.array(GLOW) - fog.colour) * arrived
    assert steep.sum() > 800
    assert np.ptp(arrived) > 0.01 or not extinction
    np.testing.assert_allclose(linear(frame.colour[steep]), wanted, atol=0.009)
    np.testing.assert_allclose(linear(frame.colour[0, 0]), BEHIND, atol=0.004)  # the background stays


def test_no_map_but_colour_sees_the_fog(drawn: Renderer) -> None:
    clear, foggy = (drawn.render(scene(fog)) for fog in (None, Fog(extinction_per_m=0.05)))
    assert (clear.colour != foggy.colour).any()
    for name in ("semantic", "instance", "depth", "normal_code", "coordinates_code", "flow_code"):
        np.testing.assert_array_equal(getattr(clear, name), getattr(foggy, name), err_msg=name)


def test_no_fog_and_fog_without_density_look_the_same(drawn: Renderer) -> None:
    clear, thin = (drawn.render(scene(fog)).colour.astype(int) for fog in (None, Fog(extinction_per_m=0.0)))
    assert np.abs(clear - thin).max() <= 1


def test_contrast_and_saturation_are_the_same_on_the_card_and_after_it(drawn: Renderer) -> None:
    """With the faintest noise the sensor works on arrays, without any the shader does."""
    for curve in ("clip", "aces"):
        shader = Sensor(exposure_ev=0.3, contrast=1.7, saturation=0.4, tone_curve=curve)
        one, other = (
            drawn.render(scene(Fog(), sensor)).colour.astype(int) for sensor in (shader, replace(shader, noise=1e-7))
        )
        assert np.abs(one - other).max() <= 1
        plain = drawn.render(scene(Fog(), Sensor(exposure_ev=0.3, tone_curve=curve))).colour
        assert np.abs(one - plain).max() > 20


def test_fog_is_stored_with_the_scene() -> None:
    foggy = Scene(CAMERA, fog=Fog((0.1, 0.2, 0.3), 0.02))
    assert Scene.from_json(foggy.to_json()).fog == foggy.fog
    older = Scene(CAMERA).to_json().replace(',"fog":null', "")
    assert "fog" not in older
    assert Scene.from_json(older).fog is None
    for values in ({"extinction_per_m": -0.1}, {"extinction_per_m": float("inf")}, {"colour": (-1, 0, 0)}):
        with pytest.raises(ValueError, match=r"fog|Fog"):
            Fog(**values)  # type: ignore[arg-type]
