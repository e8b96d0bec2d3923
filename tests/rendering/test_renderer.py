"""The renderer against geometry, optics and arithmetic done by hand."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import shapely

from datasets.errors import SystemComponentError, UsageError
from rendering.backgrounds import PATTERNS, Background
from rendering.digits import DigitScenes
from rendering.frame import Frame
from rendering.geometry import affine, look_at, project, rotation, transform, unproject
from rendering.glyphs import Glyph, glyph_outline
from rendering.meshes import Mesh
from rendering.randomisation import frame_generator
from rendering.renderer import Renderer
from rendering.scene import AmbientLight, Camera, Material, Scene, SceneObject, SunLight
from rendering.sensor import encode_srgb

HEIGHT, WIDTH = 48, 64
SKEWED = np.array([[70.0, 3.0, 28.0], [0.0, 62.0, 27.0], [0.0, 0.0, 1.0]])
CAMERA = Camera(HEIGHT, WIDTH, SKEWED, look_at((0.6, 0.4, 3), (0.1, 0, 0)))
DARK = AmbientLight((0, 0, 0), (0, 0, 0))
NIGHT = SunLight(colour=(0, 0, 0))
NORMAL_STEP = 0.5 / 32767 + 1e-6  # normals have 16 bits
MATT_WHITE = Material((1, 1, 1), 1.0, 0.0)


@dataclass(frozen=True)
class Quad:
    """A square of side 1 in the plane z = 0 that faces +z."""

    kind: ClassVar[str] = "quad"

    def build(self) -> Mesh:
        corners = np.array([(-0.5, -0.5, 0), (0.5, -0.5, 0), (0.5, 0.5, 0), (-0.5, 0.5, 0)], np.float32)
        return Mesh(corners, np.tile(np.float32([0, 0, 1]), (4, 1)), np.array([(0, 1, 2), (0, 2, 3)], np.uint32))


@dataclass(frozen=True)
class Sphere:
    """A sphere of radius 1 from rings and segments, with exact normals."""

    kind: ClassVar[str] = "sphere"
    rings: int = 160

    def build(self) -> Mesh:
        n = self.rings
        polar, around = np.meshgrid(np.linspace(0, np.pi, n + 1), np.linspace(0, 2 * np.pi, 2 * n + 1), indexing="ij")
        points = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1)
        corner = (np.arange(n)[:, None] * (2 * n + 1) + np.arange(2 * n)).ravel()
        below, after = corner + 2 * n + 1, corner + 1
        faces = np.concatenate([np.stack([corner, below, after], 1), np.stack([after, below, below + 1], 1)])
        flat = points.reshape(-1, 3).astype(np.float32)
        return Mesh(flat, flat, faces.astype(np.uint32))


def thing(
    mesh: object, pose: np.ndarray, instance: int = 1, material: Material = MATT_WHITE, semantic: int = 5
) -> SceneObject:
    """An object with defaults that do not matter to the test."""
    return SceneObject(mesh, pose, material, semantic, 0, instance)  # type: ignore[arg-type]


def digest(frame: Frame) -> str:
    """One hash of every byte of a frame."""
    arrays = (frame.colour, frame.semantic, frame.instance, frame.normal, frame.depth)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_mask_lies_where_the_vertices_project(renderer: Renderer) -> None:
    for digit in "0123456789":
        pose = affine(rotation(20, -15, 10), (0.1, -0.1, 0.2))
        scene = Scene(CAMERA, (thing(Glyph(digit, "DejaVuSerif", bevel=0.02), pose),))
        v, u = np.nonzero(renderer.render(scene).instance[:, :, 0])
        points = transform(CAMERA.world_to_camera @ pose, scene.objects[0].mesh.build().vertices)
        pixels = project(SKEWED, points)
        box = np.array([u.min(), v.min(), u.max() + 1, v.max() + 1])
        assert np.abs(box - [*pixels.min(axis=0), *pixels.max(axis=0)]).max() < 1


def test_depth_lies_on_the_plane_of_a_quad(renderer: Renderer) -> None:
    pose = affine(rotation(35, 25, 10), (0.2, 0.1, -0.3))
    frame = renderer.render(Scene(CAMERA, (thing(Quad(), pose),)))
    seen = frame.instance[:, :, 0] == 1
    points = unproject(SKEWED, np.where(np.isfinite(frame.depth), frame.depth, 1).astype(np.float64))[seen]
    on_quad = transform(np.linalg.inv(CAMERA.world_to_camera @ pose), points)
    assert np.abs(on_quad[:, 2]).max() < 1e-5
    assert np.abs(on_quad[:, :2]).max() < 0.5 + 1e-5
    wanted = CAMERA.world_to_camera[:3, :3] @ pose[:3, 2]
    assert np.abs(frame.normal[seen] - wanted).max() < NORMAL_STEP
    assert seen.sum() > 100
    assert np.isinf(frame.depth[~seen]).all()
    assert not frame.normal[~seen].any()


def test_a_sphere_is_round_in_depth_normals_and_outline(renderer: Renderer) -> None:
    centre, radius = np.array([0.1, -0.1, 0.2]), 0.6
    frame = renderer.render(Scene(CAMERA, (thing(Sphere(), affine(np.eye(3) * radius, centre)),)))
    middle = transform(CAMERA.world_to_camera, [centre])[0]
    rays = unproject(SKEWED, np.ones((HEIGHT, WIDTH, 1)))
    rays /= np.linalg.norm(rays, axis=2, keepdims=True)
    along = rays @ middle
    squared = along**2 - middle @ middle + radius**2  # above 0 where the ray meets the sphere
    clear = np.abs(squared) > 0.02
    seen = frame.instance[:, :, 0] == 1
    np.testing.assert_array_equal(seen[clear], squared[clear] > 0)
    inner = seen & clear
    wanted = rays[inner] * (along[inner] - np.sqrt(squared[inner]))[:, None]
    assert np.abs(frame.depth[inner, 0] - wanted[:, 2]).max() < 1e-3
    assert np.abs(frame.normal[inner] - (wanted - middle) / radius).max() < 5e-3
    np.testing.assert_allclose(np.linalg.norm(frame.normal[seen], axis=1), 1, atol=2 * NORMAL_STEP)


def test_normals_follow_a_sheared_and_stretched_pose(renderer: Renderer) -> None:
    linear = rotation(30, 10) @ np.array([[2, 0.5, 0.3], [0, 1, 0.4], [0, 0, 0.5]])
    frame = renderer.render(Scene(CAMERA, (thing(Quad(), affine(linear)),)))
    seen = frame.instance[:, :, 0] == 1
    wanted = CAMERA.world_to_camera[:3, :3] @ np.cross(linear[:, 0], linear[:, 1])
    assert np.abs(frame.normal[seen] - wanted / np.linalg.norm(wanted)).max() < NORMAL_STEP


def test_ids_are_never_blended_and_the_nearer_object_wins(renderer: Renderer) -> None:
    things = tuple(
        replace(thing(Glyph(str(i % 10)), affine(rotation(9 * i, 5 * i, 36 * i), (0.1 * i - 0.4, 0, 0.05 * i))),
                instance=65535 - 5461 * i, semantic=255 - 25 * i)
        for i in range(8)
    )  # fmt: skip
    frame = renderer.render(Scene(CAMERA, things))
    assert set(np.unique(frame.instance)) == {0, *(entry.instance for entry in things)}
    pairs = {(int(a), int(b)) for a, b in zip(frame.semantic.ravel(), frame.instance.ravel(), strict=True)}
    assert pairs == {(0, 0), *((entry.semantic, entry.instance) for entry in things)}
    alone = [renderer.render(Scene(CAMERA, (entry,))).depth for entry in things]
    np.testing.assert_array_equal(frame.depth, np.min(alone, axis=0))
    nearest = np.array([entry.instance for entry in things])[np.argmin(alone, axis=0)]
    np.testing.assert_array_equal(frame.instance, np.where(np.isfinite(frame.depth), nearest, 0))
    assert digest(renderer.render(Scene(CAMERA, things[::-1]))) == digest(frame)


def test_labels_are_those_of_one_sample_at_the_pixel_centre(gl: None) -> None:
    scene = Scene(CAMERA, (thing(Glyph("8"), affine(rotation(10, 5))),))
    frames = []
    for supersample in (1, 3, 5):
        with Renderer(HEIGHT, WIDTH, supersample) as renderer:
            frames.append(renderer.render(scene))
    for frame in frames[1:]:
        differ = frame.instance != frames[0].instance
        assert differ.mean() < 0.002  # vertices are snapped to a grid that is finer with more sub-samples
        agree = (~differ & (frame.instance > 0))[:, :, 0]
        assert np.abs(frame.depth[agree] - frames[0].depth[agree]).max() < 2e-3


def test_a_digit_is_neither_mirrored_nor_upside_down(renderer: Renderer) -> None:
    intrinsics = np.array([[100.0, 0, 32], [0, 100, 24], [0, 0, 1]])
    camera = Camera(HEIGHT, WIDTH, intrinsics, look_at((0, 0, 2.6), (0, 0, 0)))
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    for digit in "2345679":
        scene = Scene(camera, (thing(Glyph(digit, depth=0.01), affine(np.eye(3))),))
        mask = renderer.render(scene).semantic[:, :, 0] > 0
        x, y = (u - 32) * 2.595 / 100, (24 - v) * 2.595 / 100  # the front face is half a depth nearer
        outline = glyph_outline(digit, "DejaVuSans")
        overlaps = []
        for sign_x, sign_y in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
            drawn = shapely.contains_xy(outline, sign_x * x, sign_y * y)
            overlaps.append((drawn & mask).sum() / (drawn | mask).sum())
        assert overlaps[0] > 0.98
        assert max(overlaps[1:]) < 0.9


def facing_quad(renderer: Renderer, material: Material, sun: SunLight, ambient: AmbientLight) -> np.ndarray:
    """Linear light, 8-bit precision, at the centre of a quad seen head-on."""
    camera = Camera(HEIGHT, WIDTH, np.array([[60.0, 0, 32.5], [0, 60, 24.5], [0, 0, 1]]), look_at((0, 0, 1), (0, 0, 0)))
    return renderer.render(Scene(camera, (thing(Quad(), affine(np.eye(3)), 1, material),), sun, ambient)).colour[24, 32]


def test_matt_colours_come_out_in_order_and_strength(renderer: Renderer) -> None:
    """A matt surface shows base colour times light, plus the little that any dielectric mirrors."""
    grey_sky = AmbientLight((1, 1, 1), (1, 1, 1))
    for base in ((0.5, 0.2, 0.05), (0.05, 0.5, 0.2), (0.2, 0.05, 0.5)):
        shown = facing_quad(renderer, Material(base, 1.0, 0.0), NIGHT, grey_sky)
        lowest, highest = (encode_srgb(np.array(base) + extra).astype(int) for extra in (0.0, 0.04))
        assert (lowest - 1 <= shown).all()
        assert (shown <= highest + 1).all()


def test_light_from_above_and_below(renderer: Renderer) -> None:
    """A wall sees half of each; its share of blue sky and red ground is equal."""
    shown = facing_quad(renderer, MATT_WHITE, NIGHT, AmbientLight((0, 0, 0.5), (0.5, 0, 0)))
    assert shown[0] == shown[2]
    assert shown[1] == 0
    assert int(shown[0]) == pytest.approx(int(encode_srgb(np.array(0.25))), abs=3)


@pytest.mark.parametrize("angle", [0, 40, 75])
@pytest.mark.parametrize("metallic", [0.0, 1.0])
def test_sunlight_follows_the_published_formulae(renderer: Renderer, angle: float, metallic: float) -> None:
    """glTF 2.0 appendix B written out in plain numbers, light scaled by pi."""
    base, roughness = np.array([0.6, 0.3, 0.1]), 0.5
    direction = np.array([np.sin(np.radians(angle)), 0, np.cos(np.radians(angle))])
    shown = facing_quad(
        renderer, Material(tuple(base), roughness, metallic), SunLight(tuple(direction), (0.8, 0.8, 0.8)), DARK
    )
    view, normal = np.array([0, 0, 1.0]), np.array([0, 0, 1.0])
    half = (direction + view) / np.linalg.norm(direction + view)
    alpha2 = (roughness**2) ** 2
    n_h, n_l, n_v = normal @ half, normal @ direction, 1.0
    distribution = alpha2 / (np.pi * (n_h**2 * (alpha2 - 1) + 1) ** 2)
    # The height-correlated term joins both directions; seen head-on it equals Smith's term of the light alone.
    smith = 2 * n_l / (n_l + np.sqrt(alpha2 + (1 - alpha2) * n_l**2))
    head_on = 0.04 * (1 - metallic) + base * metallic
    fresnel = head_on + (1 - head_on) * (1 - view @ half) ** 5
    specular = fresnel * distribution * smith / (4 * n_l * n_v)
    diffuse = (1 - fresnel) * base * (1 - metallic) / np.pi
    wanted = encode_srgb(np.pi * (diffuse + specular) * 0.8 * n_l).astype(int)
    assert np.abs(shown - wanted).max() <= 2


def test_edges_are_averaged_in_linear_light(gl: None) -> None:
    """A white half-plane whose edge covers a third or two thirds of a column's samples."""
    for edge_px, share in ((1 / 3, 2 / 3), (2 / 3, 1 / 3)):
        intrinsics = np.array([[20.0, 0, 8 + edge_px], [0, 20, 8], [0, 0, 1]])
        camera = Camera(16, 16, intrinsics, look_at((0, 0, 1), (0, 0, 0)))
        pose = affine(np.diag([4, 4, 1]), (2, 0, 0))  # its left edge is at x = 0
        scene = Scene(
            camera, (thing(Quad(), pose, 1, Material((0.5, 0.5, 0.5), 1, 1)),), NIGHT, AmbientLight((1,) * 3, (1,) * 3)
        )
        with Renderer(16, 16) as renderer:
            row = renderer.render(scene).colour[8, :, 0]
        linear = ((row[12] / 255 + 0.055) / 1.055) ** 2.4
        assert row[7] == 0
        assert int(row[8]) == pytest.approx(int(encode_srgb(np.array(linear * share))), abs=1)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_backgrounds_mix_their_own_colours_and_leave_labels_alone(renderer: Renderer, pattern: str) -> None:
    primaries = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    frame = renderer.render(Scene(CAMERA, background=Background(pattern, primaries, 0.2, 30, 0.3, 99)))
    share = frame.colour / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(light.sum(axis=2), 1, atol=0.02)  # a mix of the three, nothing added or lost
    assert light[..., 0].max() > 0.6
    assert (light[..., 1].max() > 0.3) == (pattern != "plain")
    assert not frame.semantic.any()
    assert not frame.instance.any()
    assert np.isinf(frame.depth).all()


def test_background_features_have_the_stated_size_and_direction(renderer: Renderer) -> None:
    """Upright stripes as wide as a quarter of the height: 12 pixels, at any place."""
    black_white = ((0, 0, 0), (1, 1, 1), (1, 1, 1))
    frame = renderer.render(Scene(CAMERA, background=Background("stripes", black_white, 0.25, 0, 0, 5)))
    row = frame.colour[0, :, 0].astype(int)
    assert np.ptp(frame.colour.astype(int), axis=0).max() == 0
    changes = np.flatnonzero((row[1:] > 127) != (row[:-1] > 127))
    assert len(changes) >= 4
    assert set(np.diff(changes)) <= {11, 12, 13}


def test_the_same_scene_gives_the_same_bytes_in_any_order_and_process(gl: None) -> None:
    scenes = [DigitScenes((40, 40)).sample(frame_generator(0, index)) for index in range(12)]
    with Renderer(40, 40) as renderer:
        first = [digest(renderer.render(scene)) for scene in scenes]
        backwards = [digest(renderer.render(Scene.from_json(scene.to_json()))) for scene in scenes[::-1]]
    assert len(set(first)) == 12
    assert backwards[::-1] == first
    code = (
        "import sys, hashlib; from rendering.scene import Scene; from rendering.renderer import Renderer\n"
        "with Renderer(40, 40) as renderer:\n"
        "    for line in sys.stdin:\n"
        "        f = renderer.render(Scene.from_json(line))\n"
        "        parts = (f.colour, f.semantic, f.instance, f.normal, f.depth)\n"
        "        print(hashlib.sha256(b''.join(a.tobytes() for a in parts)).hexdigest())\n"
    )
    lines = "\n".join(scene.to_json() for scene in scenes)
    done = subprocess.run([sys.executable, "-c", code], input=lines, capture_output=True, text=True, check=True)
    assert done.stdout.split() == first


def lose_context() -> None:
    """Without a current context every call succeeds and reads zeros: exactly what the canary is for."""
    from OpenGL import EGL

    display = EGL.eglGetCurrentDisplay()
    if display:
        EGL.eglMakeCurrent(display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, EGL.EGL_NO_CONTEXT)


def test_a_lost_context_is_made_anew_and_the_frame_drawn_again(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(CAMERA, (thing(Quad(), affine(np.eye(3))),))
    before, lost = digest(renderer.render(scene)), renderer._context
    monkeypatch.setattr(lost, "make_current", lose_context)
    assert digest(renderer.render(scene)) == before
    assert renderer._context is not lost
    assert digest(renderer.render(scene)) == before


def test_a_context_that_is_lost_again_and_again_is_an_error(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(CAMERA, (thing(Quad(), affine(np.eye(3))),))
    with Renderer(HEIGHT, WIDTH) as renderer:
        with monkeypatch.context() as patched:
            patched.setattr("rendering.context.HeadlessContext.make_current", lambda self: lose_context())
            with pytest.raises(SystemComponentError, match="context is lost"):
                renderer.render(scene)
        assert (renderer.render(scene).instance == 1).any()


def test_another_thread_is_refused(renderer: Renderer) -> None:
    faults: list[str] = []

    def draw() -> None:
        try:
            renderer.render(Scene(CAMERA))
        except SystemComponentError as error:
            faults.append(str(error))

    thread = threading.Thread(target=draw)
    thread.start()
    thread.join()
    assert faults
    assert "belongs to the thread" in faults[0]


def test_renderers_live_side_by_side_and_one_after_another(gl: None) -> None:
    scene = Scene(CAMERA, (thing(Glyph("5"), affine(np.eye(3))),))
    with Renderer(HEIGHT, WIDTH) as one:
        wanted = digest(one.render(scene))
        with Renderer(HEIGHT, WIDTH) as other:
            assert digest(other.render(scene)) == digest(one.render(scene)) == digest(other.render(scene)) == wanted
        assert digest(one.render(scene)) == wanted
    with pytest.raises(SystemComponentError, match="closed"):
        one.render(scene)
    one.close()
    drawn: list[str] = []

    def draw_on_a_thread() -> None:
        with Renderer(HEIGHT, WIDTH) as renderer:
            drawn.append(digest(renderer.render(scene)))

    thread = threading.Thread(target=draw_on_a_thread)
    thread.start()
    thread.join()
    assert drawn == [wanted]


def test_pyopengl_may_have_been_imported_by_someone_else(gl: None) -> None:
    """By default it then speaks to a window system that has no context."""
    code = (
        "import os; os.environ.pop('PYOPENGL_PLATFORM', None); from OpenGL import GL\n"
        "from rendering.digits import DigitScenes; from rendering.renderer import Renderer\n"
        "from rendering.randomisation import frame_generator\n"
        "with Renderer(32, 32) as renderer:\n"
        "    print(renderer.render(DigitScenes((32, 32)).sample(frame_generator(0, 0))).semantic.max())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 1 + (DigitScenes().sample(frame_generator(0, 0)).label or 0)


def test_a_frame_beyond_the_driver_is_refused_with_the_numbers(gl: None) -> None:
    with pytest.raises(UsageError, match="600000x48 samples is larger than this driver's limit of"):
        Renderer(16, 200_000)
    with pytest.raises(UsageError, match="supersample odd .* got 48, 64, 2 and 2.0"):
        Renderer(48, 64, supersample=2)


def test_a_camera_of_another_size_is_refused(renderer: Renderer) -> None:
    with pytest.raises(UsageError, match="camera is 64x47 but this renderer draws 64x48"):
        renderer.render(Scene(replace(CAMERA, height=47)))


def test_each_mesh_is_uploaded_once(renderer: Renderer) -> None:
    for index in range(6):
        renderer.render(Scene(CAMERA, (thing(Glyph(str(index % 3)), affine(np.eye(3))),)))
    assert len(renderer._resources.meshes) == 3


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_memory_stays_flat(gl: None, count: int) -> None:
    """So many frames and 20 renderers in a fresh process; the peak may not rise by more than 4 MB after warming up."""
    code = (
        "import resource; from rendering.digits import DigitScenes; from rendering.renderer import Renderer\n"
        "from rendering.randomisation import frame_generator\n"
        "scenes = [DigitScenes((32, 32)).sample(frame_generator(0, i)) for i in range(20)]\n"
        "def frames(count):\n"
        "    with Renderer(32, 32) as renderer:\n"
        "        for i in range(count): renderer.render(scenes[i % 20])\n"
        "frames(40); frames(40); frames(40)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"frames({count})\n"
        "between = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for _ in range(20): frames(1)\n"
        "print(between - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - between)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    per_frames_kib, per_renderers_kib = map(int, done.stdout.split())
    assert per_frames_kib < 4096
    assert per_renderers_kib < 4096
