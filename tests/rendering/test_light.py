"""Materials, textures and lights against optics and arithmetic done by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import UsageError
from rendering.backgrounds import Background
from rendering.environments import AnalyticSky, RadianceFile
from rendering.frame import ANNOTATIONS
from rendering.geometry import affine, look_at, project, rotation, transform, unproject
from rendering.lights import AmbientLight, EnvironmentLight, PointLight, Shadows, SunLight
from rendering.materials import Material
from rendering.meshes import Plane
from rendering.prefilter import directions, irradiance_coefficients, reflections, solid_angles
from rendering.radiance import decode_radiance
from rendering.renderer import Renderer
from rendering.scene import Camera, Ground, Scene, SceneObject
from rendering.sensor import Sensor, encode_srgb
from rendering.textures import CheckerTexture, NoiseTexture, TextureFile
from tests.rendering.meshes_for_tests import Box, Card, Levelled, Pixels

SIZE = 48
HEAD_ON = Camera(SIZE, SIZE, np.array([[48.0, 0, 24], [0, 48, 24], [0, 0, 1]]), look_at((0, 0, 1), (0, 0, 0)))
NIGHT, DARK = SunLight(colour=(0, 0, 0)), AmbientLight((0, 0, 0), (0, 0, 0))
EVEN = AmbientLight((1, 1, 1), (1, 1, 1))


@pytest.fixture(scope="module")
def drawn(gl: None) -> Iterator[Renderer]:
    with Renderer(SIZE, SIZE, 1, ANNOTATIONS) as renderer:
        yield renderer


def linear(colour: np.ndarray) -> np.ndarray:
    share = colour / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def card(material: Material, mesh: object = None, pose: np.ndarray | None = None) -> SceneObject:
    mesh = Card() if mesh is None else mesh
    return SceneObject(mesh, np.eye(4) if pose is None else pose, material, 1, 0, 1)  # type: ignore[arg-type]


def glowing(texture: object = None, **values: object) -> Material:
    """A surface that reflects nothing that lights of a test send, and shows what it emits."""
    return Material((0, 0, 0), 1.0, 1.0, emissive=(1, 1, 1), emissive_texture=texture, **values)  # type: ignore[arg-type]


RED, GREEN, BLUE, GREY = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (128, 128, 128, 255)
FOUR = Pixels(((RED,) * 8 + (GREEN,) * 8,) * 8 + ((BLUE,) * 8 + (GREY,) * 8,) * 8)


def test_a_texture_stands_upright_and_its_srgb_levels_come_back(drawn: Renderer) -> None:
    frame = drawn.render(Scene(HEAD_ON, (card(glowing(FOUR)),), NIGHT, DARK))
    quarters = [frame.colour[v, u] for v in (10, 38) for u in (10, 38)]
    assert np.abs(np.array(quarters).astype(int) - [RED[:3], GREEN[:3], BLUE[:3], GREY[:3]]).max() <= 1


def test_base_colour_is_texture_times_vertex_colour_times_factor(drawn: Renderer) -> None:
    grey = Pixels((((188, 188, 188, 255),) * 4,) * 4)
    material = Material((0.8, 0.6, 0.4), 1.0, 0.0, base_colour_texture=grey)
    tinted = Card(((0.5, 1.0, 0.25, 1.0),) * 4)
    shown = drawn.render(Scene(HEAD_ON, (card(material, tinted),), NIGHT, EVEN)).colour[24, 24]
    base = float(linear(np.array(188.0))) * np.array([0.8, 0.6, 0.4]) * (0.5, 1.0, 0.25)
    lowest, highest = (encode_srgb(base + extra).astype(int) for extra in (0.0, 0.04))
    assert (lowest - 1 <= shown).all()
    assert (shown <= highest + 1).all()


def test_far_textures_are_averaged_in_linear_light(drawn: Renderer) -> None:
    """A fine black and white checker far away is a grey of half the light, not of half the level."""
    checker = CheckerTexture(((255, 255, 255), (0, 0, 0)), 64, 64)
    far = affine(np.diag([3, 3, 1]), (0, 0, -6))
    shown = drawn.render(Scene(HEAD_ON, (card(glowing(checker), pose=far),), NIGHT, DARK)).colour[24, 24]
    assert np.abs(shown.astype(int) - 188).max() <= 2


def test_metallic_roughness_comes_from_green_and_blue(drawn: Renderer) -> None:
    texture = Pixels((((9, 102, 204, 255),) * 4,) * 4)
    sun = SunLight((0.3, 0.2, 1), (0.8, 0.8, 0.8))
    plain = Material((0.6, 0.3, 0.1), 0.4, 0.8)
    mapped = Material((0.6, 0.3, 0.1), 1.0, 1.0, metallic_roughness_texture=texture)
    one, other = (drawn.render(Scene(HEAD_ON, (card(entry),), sun, EVEN)).colour for entry in (plain, mapped))
    assert np.abs(one.astype(int) - other).max() <= 1
    assert one[24, 24].max() > 40


@pytest.mark.parametrize("pose", [np.eye(4), affine(rotation(roll_deg=90)), affine(rotation(yaw_deg=35))])
def test_a_normal_texture_tilts_light_towards_u_and_up(drawn: Renderer, pose: np.ndarray) -> None:
    """A constant tangent-space normal is as good as a card that really leans that way; the label stays flat."""
    tilt = np.array([0.5, 0.3, 0.81])
    tilt /= np.linalg.norm(tilt)
    levels = tuple(np.round(127.5 * tilt + 127.5).astype(int).tolist())
    bumpy = Material((1, 1, 1), 1.0, 0.0, normal_texture=Pixels((((*levels, 255),) * 4,) * 4))
    sun = SunLight((0.6, 0.2, 0.7))
    frame = drawn.render(Scene(HEAD_ON, (card(bumpy, pose=pose),), sun, DARK))
    cosine = (pose[:3, :3] @ tilt) @ np.array(sun.direction) / np.linalg.norm(sun.direction)
    assert linear(frame.colour[24, 24])[1] == pytest.approx(cosine, abs=0.06)
    np.testing.assert_allclose(frame.normal[24, 24], HEAD_ON.world_to_camera[:3, :3] @ pose[:3, 2], atol=1e-4)


def test_holes_are_holes_in_every_map(drawn: Renderer) -> None:
    clear, full = (255, 255, 255, 100), (255, 255, 255, 255)
    texture = Pixels(((clear,) * 8 + (full,) * 8,) * 16)
    front = card(Material(alpha_cutoff=0.5, base_colour_texture=texture))
    behind = SceneObject(Card(), affine(np.eye(3) * 3, (0, 0, -1)), Material(), 2, 1, 2)
    frame = drawn.render(Scene(HEAD_ON, (front, behind)))
    assert (frame.instance[4:44, 4:20] == 2).all()
    assert (frame.instance[4:44, 28:44] == 1).all()
    np.testing.assert_allclose(frame.depth[24, [10, 38], 0], (2, 1), atol=1e-6)
    assert frame.amodal is not None
    assert not frame.amodal.mask(1)[:, 2:20].any()  # the texture repeats, so its edges mix
    uncut = replace(front, material=replace(front.material, alpha_cutoff=None))
    assert (drawn.render(Scene(HEAD_ON, (uncut, behind))).instance[4:44, 4:44] == 1).all()


def test_only_double_sided_surfaces_are_seen_from_behind(drawn: Renderer) -> None:
    turned = affine(rotation(180))
    assert not drawn.render(Scene(HEAD_ON, (card(Material(), pose=turned),))).instance.any()
    frame = drawn.render(Scene(HEAD_ON, (card(Material(double_sided=True), pose=turned),), SunLight((0, 0, 1)), DARK))
    np.testing.assert_allclose(frame.normal[24, 24], (0, 0, -1), atol=1e-4)
    assert frame.colour[24, 24].min() > 200


def test_a_lamp_follows_the_inverse_square_and_the_cosine(drawn: Renderer) -> None:
    white, lamp = Material((1, 1, 1), 1.0, 0.0), PointLight((0.3, 0.2, 0.8), (0.3, 0.25, 0.2))
    frame = drawn.render(Scene(HEAD_ON, (card(white),), NIGHT, DARK, point_lights=(lamp,)))
    points = unproject(HEAD_ON.intrinsics, np.ones((SIZE, SIZE, 1)))
    world = transform(np.linalg.inv(HEAD_ON.world_to_camera), points.reshape(-1, 3)).reshape(SIZE, SIZE, 3)
    towards = np.array(lamp.position_m) - world
    squared = (towards**2).sum(axis=2)
    wanted = (towards[:, :, 2] / np.sqrt(squared) / squared)[:, :, None] * lamp.colour
    inner = (slice(4, 44), slice(4, 44))
    assert np.abs(linear(frame.colour)[inner] - wanted[inner]).max() < 0.05
    dark = drawn.render(Scene(HEAD_ON, (card(white),), NIGHT, DARK, point_lights=(lamp,) * 2))
    np.testing.assert_allclose(linear(dark.colour[24, 24]), 2 * linear(frame.colour[24, 24]), atol=0.02)


def shadow_scene(shadows: Shadows | None) -> Scene:
    """A box above a floor, the sun at a slant, seen from above."""
    camera = Camera(SIZE, SIZE, np.array([[60.0, 0, 24], [0, 60, 24], [0, 0, 1]]), look_at((0, 4, 0.01), (0, 0, 0)))
    box = SceneObject(Box((-0.3, 0.4, -0.3), (0.3, 0.6, 0.3)), np.eye(4), Material((0, 0, 0)), 1, 0, 1)
    sun = SunLight((0.5, 1.0, 0.2), (0.8, 0.8, 0.8), shadows)
    return Scene(camera, (box,), sun, DARK, ground=Ground(material=Material((1, 1, 1), 1.0), semantic=4))


def test_a_shadow_lies_where_the_sun_is_hidden(drawn: Renderer) -> None:
    """Every ground pixel's ray to the sun is intersected with the box by hand."""
    lit, shaded = (drawn.render(shadow_scene(shadows)) for shadows in (None, Shadows(1024, 0.0)))
    scene = shadow_scene(None)
    points = unproject(scene.camera.intrinsics, lit.depth.astype(np.float64)).reshape(-1, 3)
    world = transform(np.linalg.inv(scene.camera.world_to_camera), points)
    sun = np.array(scene.sun.direction)
    near, far = ((np.array(edge) - world) / sun for edge in ((-0.3, 0.4, -0.3), (0.3, 0.6, 0.3)))
    enter, leave = np.minimum(near, far).max(axis=1), np.maximum(near, far).min(axis=1)
    clearance = (leave - enter).reshape(SIZE, SIZE)
    ground = lit.semantic[:, :, 0] == 4
    ratio = linear(shaded.colour).sum(axis=2) / linear(lit.colour).sum(axis=2).clip(1e-6)
    assert (clearance[ground] > 0.05).sum() > 40
    assert ratio[ground & (clearance > 0.05)].max() < 0.05
    assert ratio[ground & (clearance < -0.05)].min() > 0.97
    np.testing.assert_array_equal(lit.instance, shaded.instance)


def test_soft_shadows_have_the_same_middle_and_wider_edges(drawn: Renderer) -> None:
    hard, soft = (linear(drawn.render(shadow_scene(Shadows(512, px))).colour)[:, :, 1] for px in (0.0, 12.0))

    def penumbra(light: np.ndarray) -> int:
        return int(((light > 0.1) & (light < 0.6)).sum())

    assert penumbra(soft) > penumbra(hard) + 15
    assert abs(soft.mean() - hard.mean()) < 0.01


def test_a_ball_does_not_shade_its_own_sunny_side(drawn: Renderer) -> None:
    ball = SceneObject(Levelled(), affine(np.eye(3) * 0.45), Material((1, 1, 1), 1.0), 1, 0, 1)
    sun = SunLight((0.2, 0.3, 1.0))
    plain, shaded = (
        linear(drawn.render(Scene(HEAD_ON, (ball,), replace(sun, shadows=entry), DARK)).colour)
        for entry in (None, Shadows(512, 1.5))
    )
    assert np.abs(plain - shaded)[plain > 0.25].max() < 0.02


def test_the_ground_is_a_plane_with_depth_but_no_object(drawn: Renderer) -> None:
    camera = replace(HEAD_ON, world_to_camera=look_at((0, 1, 3), (0, 0.2, 0)))
    frame = drawn.render(Scene(camera, ground=Ground(-0.25, 50, semantic=9)))
    seen = frame.semantic[:, :, 0] == 9
    points = unproject(camera.intrinsics, np.where(seen[:, :, None], frame.depth, 1).astype(np.float64))[seen]
    world = transform(np.linalg.inv(camera.world_to_camera), points)
    assert np.abs(world[:, 1] + 0.25).max() < 1e-4
    assert not frame.instance.any()
    assert np.isnan(frame.object_coordinates).all()
    np.testing.assert_allclose(frame.normal[seen][0], camera.world_to_camera[:3, 1], atol=1e-4)


def test_the_first_frame_equals_the_second(gl: None) -> None:
    """Whatever a frame uploads on the way must not displace what it reads."""
    scene = replace(shadow_scene(Shadows()), environment=EnvironmentLight(AnalyticSky(), visible=True),
                    ground=Ground(material=Material(base_colour_texture=NoiseTexture())))  # fmt: skip
    for supersample in (1, 3):
        with Renderer(SIZE, SIZE, supersample, ANNOTATIONS) as renderer:
            first = renderer.render(scene).colour.copy()
            renderer.render(replace(scene, objects=()))
            np.testing.assert_array_equal(first, renderer.render(scene).colour)


def test_a_photograph_fills_the_frame_the_right_way_up(drawn: Renderer, tmp_path: Path) -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:20, :40], pixels[:20, 40:], pixels[20:, :40] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    scene = Scene(HEAD_ON, background=Background(picture=TextureFile(str(tmp_path / "photo.png"))))
    frame = drawn.render(Scene.from_json(scene.to_json()))
    corners = [frame.colour[v, u].tolist() for v in (5, 42) for u in (5, 42)]
    assert corners == [[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]]
    assert np.isinf(frame.depth).all()
    with pytest.raises(UsageError, match=r"texture .*missing\.png"):
        drawn.render(Scene(HEAD_ON, background=Background(picture=TextureFile("missing.png"))))


def test_surroundings_are_seen_in_the_direction_they_come_from(drawn: Renderer) -> None:
    class Marked:
        """A bright patch towards +x, seen in the middle of the right half."""

        kind = "marked"

        def build(self) -> np.ndarray:
            picture = np.full((64, 128, 3), 0.02, np.float32)
            where = directions(64, 128) @ np.array([0.8, 0.6, 0]) > 0.97
            picture[where] = (0.2, 0.9, 0.2)
            return picture

    light = EnvironmentLight(Marked(), visible=True)
    for turn, direction in ((0, (0.8, 0.6, 0)), (90, (0, 0.6, -0.8))):
        camera = replace(HEAD_ON, world_to_camera=look_at((0, 0, 0), (1, 0.5, 0) if turn == 0 else (0, 0.5, -1)))
        frame = drawn.render(Scene(camera, environment=replace(light, turn_deg=turn)))
        v, u = np.nonzero(frame.colour[:, :, 1] > 150)
        wanted = project(camera.intrinsics, [camera.world_to_camera[:3, :3] @ direction])[0]
        np.testing.assert_allclose([u.mean() + 0.5, v.mean() + 0.5], wanted, atol=1)


def test_even_surroundings_light_as_an_even_sky_does(drawn: Renderer) -> None:
    class Even:
        kind = "even"

        def build(self) -> np.ndarray:
            return np.ones((32, 64, 3), np.float32)

    for material in (Material((0.5, 0.3, 0.2), 1.0), Material((0.9, 0.6, 0.3), 0.3, 1.0)):
        one = drawn.render(Scene(HEAD_ON, (card(material),), NIGHT, EVEN)).colour
        other = drawn.render(Scene(HEAD_ON, (card(material),), NIGHT, environment=EnvironmentLight(Even()))).colour
        assert np.abs(one[10:38, 10:38].astype(int) - other[10:38, 10:38]).max() <= 1


def test_irradiance_is_the_cosine_integral_of_smooth_light() -> None:
    towards = directions(64, 128)
    radiance = (0.5 + 0.3 * towards[..., :1] + 0.2 * towards[..., 1:2] * towards[..., 2:]) * np.array([1, 0.5, 2])
    found = irradiance_coefficients(radiance.astype(np.float32))
    for normal in [*np.eye(3)[[0, 1, 2]].tolist(), [0.6, -0.48, 0.64]]:
        weight = np.maximum(towards @ np.array(normal), 0) * solid_angles(64, 128) / np.pi
        wanted = np.einsum("hw,hwc->c", weight, radiance)
        x, y, z = normal
        basis = np.array([1, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
        np.testing.assert_allclose(basis @ found, wanted, atol=0.01)
    assert solid_angles(64, 128).sum() * 128 == pytest.approx(4 * np.pi)


def test_rough_reflections_keep_even_light_and_spread_a_spot() -> None:
    even = reflections(np.full((32, 64, 3), 0.7, np.float32))
    np.testing.assert_allclose(even, 0.7, atol=1e-3)
    spot = np.zeros((32, 64, 3), np.float32)
    spot[16, 32] = 100
    peaks = reflections(spot).max(axis=(1, 2, 3))
    assert (np.diff(peaks) < 0).all()


def test_radiance_files_are_read_plain_and_run_length_encoded(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    rgbe = generator.integers(0, 256, (6, 40, 4)).astype(np.uint8)
    rgbe[2, 5:30] = (10, 20, 30, 130)
    rgbe[:, 0, 3] = 0
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 6 +X 40\n"
    rows = []
    for row in rgbe:
        coded = bytes((2, 2, 0, 40))
        for channel in row.T:
            values, place = channel.tobytes(), 0
            while place < 40:
                run = next(
                    (n for n in range(min(127, 40 - place), 3, -1) if len(set(values[place : place + n])) == 1), 0
                )
                coded += bytes((128 + run, values[place])) if run else bytes((1, values[place]))
                place += run or 1
        rows.append(coded)
    wanted = rgbe[..., :3] * np.where(rgbe[..., 3:] > 0, 2.0 ** (rgbe[..., 3:].astype(float) - 136), 0)
    for body in (b"".join(rows), rgbe.tobytes() if rgbe[0, 0, :2].tolist() != [2, 2] else None):
        if body is not None:
            np.testing.assert_allclose(decode_radiance(head + body), wanted.astype(np.float32), rtol=1e-6)
    for broken in (b"", head, head + b"".join(rows)[:-9], b"P6 3 3", head.replace(b"40", b"99999") + rows[0]):
        with pytest.raises(ValueError, match="picture|bytes|cut short|row"):
            decode_radiance(broken)
    (tmp_path / "x.hdr").write_bytes(head)
    with pytest.raises(UsageError, match="x.hdr"):
        RadianceFile(str(tmp_path / "x.hdr")).build()


def test_every_part_of_a_scene_comes_back_from_json() -> None:
    things = (
        card(Material(alpha_cutoff=0.3, emissive=(2, 1, 0), base_colour_texture=CheckerTexture(),
                      normal_texture=NoiseTexture(seed=3), emissive_texture=TextureFile("a.png")), Plane(2, 3)),
    )  # fmt: skip
    scene = Scene(
        HEAD_ON, things, SunLight(shadows=Shadows(256, 1)), ground=Ground(1, 2, 3, Material(), 4),
        point_lights=(PointLight((1, 2, 3)),), environment=EnvironmentLight(AnalyticSky(), 2.0, 30.0, True),
        background=Background(picture=TextureFile("b.jpg")),
    )  # fmt: skip
    again = Scene.from_json(scene.to_json())
    assert again.to_json() == scene.to_json()
    assert again.objects[0].material == scene.objects[0].material
    for name in ("sun", "ground", "point_lights", "environment", "background"):
        assert getattr(again, name) == getattr(scene, name)
    with pytest.raises(ValueError, match="no texture of kind 'paint'; there are file"):
        Scene.from_json(scene.to_json().replace('"kind":"checker"', '"kind":"paint"'))


def test_a_plain_surface_looks_the_same_beside_one_with_a_richer_material(drawn: Renderer) -> None:
    """Materials with maps or a glow of their own make the renderer keep more of each pixel."""
    plain = card(Material((0.5, 0.2, 0.1), 0.3, 0.4), pose=affine(0.4 * np.eye(3), (-0.25, 0, 0)))
    rich = replace(
        card(glowing(), pose=affine(0.4 * np.eye(3), (0.25, 0, 0))),
        instance=2,
    )
    alone, beside = (drawn.render(Scene(HEAD_ON, things)) for things in ((plain,), (plain, rich)))
    own = alone.instance[:, :, 0] == 1
    assert own.sum() > 100
    assert (beside.instance[:, :, 0] == 1)[own].all()
    off = np.abs(alone.colour[own].astype(int) - beside.colour[own].astype(int))
    assert off.max() <= 1
    np.testing.assert_array_equal(alone.normal_code[own], beside.normal_code[own])


def test_a_glow_brighter_than_white_keeps_its_strength(gl: None) -> None:
    scene = Scene(
        HEAD_ON,
        (card(Material((0, 0, 0), 1.0, 1.0, emissive=(40.0, 3.0, 0.001))),),
        NIGHT, ambient=DARK, sensor=Sensor(exposure_ev=-6),
    )  # fmt: skip
    with Renderer(SIZE, SIZE, 1) as renderer:
        middle = renderer.render(scene).colour[SIZE // 2, SIZE // 2].astype(int)
    np.testing.assert_allclose(middle, encode_srgb(np.array([40.0, 3.0, 0.001]) / 64).astype(int), atol=1)
