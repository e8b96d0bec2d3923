"""Draw every annotation and every feature of the renderer once: python annotation_gallery.py OUT [HDR_MAP]."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image, ImageDraw

from rendering.annotations import keypoints, to_sample
from rendering.backgrounds import Background
from rendering.environments import AnalyticSky, RadianceFile
from rendering.fog import Fog
from rendering.frame import ANNOTATIONS, Frame
from rendering.geometry import affine, intrinsics_from_field_of_view, look_at, rotation
from rendering.glyphs import Glyph
from rendering.lights import AmbientLight, EnvironmentLight, PointLight, Shadows, SunLight
from rendering.materials import Material
from rendering.meshes import Mesh
from rendering.renderer import Renderer
from rendering.scene import Camera, Ground, Scene, SceneObject
from rendering.sensor import Sensor
from rendering.textures import CheckerTexture, NoiseTexture, TextureRecipe

HEIGHT, WIDTH = 180, 240


@dataclass(frozen=True)
class Ball:
    """A ball of radius 1 with texture coordinates."""

    kind: ClassVar[str] = "ball"
    rings: int = 48

    def build(self) -> Mesh:
        """Rings and segments."""
        n = self.rings
        down, around = np.meshgrid(np.linspace(0, 1, n + 1), np.linspace(0, 1, 2 * n + 1), indexing="ij")
        polar, azimuth = down * np.pi, around * 2 * np.pi
        points = np.stack([np.sin(polar) * np.sin(azimuth), np.cos(polar), np.sin(polar) * np.cos(azimuth)], axis=-1)
        corner = (np.arange(n)[:, None] * (2 * n + 1) + np.arange(2 * n)).ravel()
        below, after = corner + 2 * n + 1, corner + 1
        faces = np.concatenate([np.stack([corner, below, after], 1), np.stack([after, below, below + 1], 1)])
        flat = points.reshape(-1, 3).astype(np.float32)
        uvs = np.stack([4 * around, 2 * down], axis=-1).reshape(-1, 2).astype(np.float32)
        return Mesh(flat, flat, faces.astype(np.uint32), uvs)


@dataclass(frozen=True)
class Painted:
    """A ball whose vertices have colours."""

    kind: ClassVar[str] = "painted"

    def build(self) -> Mesh:
        """Colours by direction."""
        ball = Ball().build()
        colours = np.hstack([0.5 + 0.5 * ball.vertices, np.ones((len(ball.vertices), 1), np.float32)])
        return replace(ball, uvs=None, colours=colours.astype(np.float32))


@dataclass(frozen=True)
class Dots:
    """Round dots on nothing, for holes; or as a normal map, round bumps."""

    kind: ClassVar[str] = "dots"
    bumps: bool = False

    def build(self) -> np.ndarray:
        """128 by 128."""
        place = (np.arange(128) + 0.5) % 32 / 16 - 1
        v, u = np.meshgrid(place, place, indexing="ij")
        height = np.sqrt(np.maximum(0.8 - u * u - v * v, 0))
        if self.bumps:
            normal = np.where(height[..., None] > 0, np.stack([u, -v, height + 0.4], axis=-1), (0, 0, 1))
            normal = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
            return np.dstack([np.uint8(np.round(127.5 * normal + 127.5)), np.full((128, 128), 255, np.uint8)])
        return np.dstack([np.full((128, 128, 3), 230, np.uint8), np.where(height > 0, 255, 0).astype(np.uint8)])


@dataclass(frozen=True)
class Steps:
    """Roughness and metal in four patches."""

    kind: ClassVar[str] = "steps"

    def build(self) -> np.ndarray:
        """64 by 64."""
        pixels = np.full((64, 64, 4), 255, np.uint8)
        pixels[:, :, 1] = np.repeat([40, 250], 32)[:, None]
        pixels[:, :, 2] = np.repeat([0, 255], 32)
        return pixels


def camera(eye: tuple[float, float, float] = (0.0, 1.9, 4.4)) -> Camera:
    return Camera(HEIGHT, WIDTH, intrinsics_from_field_of_view(HEIGHT, WIDTH, 36), look_at(eye, (0, 0.45, 0)))


def table(turn: float = 0.0) -> Scene:
    """Two digits and two balls on a floor, some hidden behind others."""
    things = (
        SceneObject(Glyph("4", "DejaVuSerif"), affine(rotation(25 + turn), (-0.75, 0.5, 0)), RED, 5, 4, 1),
        SceneObject(Glyph("2"), affine(rotation(-30 - turn), (0.0, 0.5, -0.5)), BLUE, 3, 2, 2),
        SceneObject(Ball(), affine(np.eye(3) * 0.4, (0.45 + turn / 90, 0.4, 0.55)), CHECKED, 10, 10, 3),
        SceneObject(Ball(), affine(rotation(turn) @ np.diag([0.25, 0.5, 0.25]), (1.1, 0.5, -0.3)), GOLD, 10, 10, 4),
    )
    ground = Ground(size_m=12, texture_m=1.5, material=Material(roughness=0.95, base_colour_texture=NoiseTexture()))
    sun = SunLight((-0.5, 0.9, 0.5), (0.75, 0.72, 0.66), Shadows(1024, 2))
    sky = AmbientLight((0.32, 0.36, 0.42), (0.16, 0.14, 0.12))
    behind = Background("gradient", ((0.5, 0.62, 0.8), (0.25, 0.4, 0.7), (0, 0, 0)), angle_deg=90)
    return Scene(camera(), things, sun, sky, behind, ground=ground)


RED = Material((0.65, 0.08, 0.06), 0.4)
BLUE = Material((0.08, 0.16, 0.6), 0.5)
GOLD = Material((0.95, 0.65, 0.2), 0.25, 1.0)
CHECKED = Material((1, 1, 1), 0.5, base_colour_texture=CheckerTexture())


def annotations(frame: Frame, scene: Scene) -> dict[str, np.ndarray]:
    """Every annotation as a picture."""
    seen, colours = frame.instance[:, :, 0] > 0, PALETTE[frame.instance[:, :, 0] % len(PALETTE)]
    near, far = frame.depth[np.isfinite(frame.depth)].min(), 7.0
    flow = np.nan_to_num(frame.optical_flow / 10)
    sample = to_sample(frame, scene, "gallery")
    pictures = {
        "colour": frame.colour,
        "semantic": PALETTE[frame.semantic[:, :, 0] % len(PALETTE)],
        "instance": colours,
        "depth": np.uint8(255 * np.clip(1 - (frame.depth - near) / (far - near), 0, 1)).repeat(3, axis=2),
        "normal": np.uint8(np.where(frame.normal != 0, 127.5 * frame.normal + 127.5, 0)),
        "object_coordinates": np.uint8(255 * np.nan_to_num(frame.object_coordinates)),
        "optical_flow": np.uint8(np.clip(128 + 127 * np.dstack([flow, -flow.sum(axis=2)]), 0, 255)),
    }
    silhouettes = [frame.amodal.mask(one) for one in frame.amodal.instances]
    amodal = sum(mask[:, :, None] * PALETTE[one].astype(float) for one, mask in enumerate(silhouettes, 1))
    pictures["amodal"] = np.uint8(np.clip(0.5 * amodal, 0, 255))
    boxes = Image.fromarray(frame.colour // 2 + 40 * seen[:, :, None].astype(np.uint8))
    draw, scale = ImageDraw.Draw(boxes), np.array([HEIGHT, WIDTH, HEIGHT, WIDTH])
    for row in range(len(sample.objects.label)):
        for box, tint in ((sample.objects.bbox[row], "white"), (sample.objects.amodal_bbox[row], "orange")):
            top, left, bottom, right = box * scale
            draw.rectangle((left, top, right - 1, bottom - 1), outline=tint)
    pictures["boxes"] = np.array(boxes)
    solid = Image.fromarray(frame.colour // 2)
    draw = ImageDraw.Draw(solid)
    for corners in keypoints(list(frame.boxes.values()), scene)[:, :, :2]:
        for one in range(8):
            for bit in (1, 2, 4):
                if not one & bit:
                    draw.line((*corners[1 + one], *corners[1 + (one | bit)]), fill="yellow")
        u, v = corners[0]
        draw.ellipse((u - 2, v - 2, u + 2, v + 2), fill="red")
    pictures["boxes_3d"] = np.array(solid)
    return pictures


def features(environment: EnvironmentLight) -> dict[str, dict[str, Scene]]:
    """One scene for every feature of materials, light and sensor."""
    base = table()
    bare = replace(base, sun=replace(base.sun, shadows=None), ground=None)
    close = replace(base, ground=None, sun=replace(base.sun, shadows=None), camera=camera((0, 0.45, 2.6)))
    dark = replace(
        base,
        sun=SunLight(colour=(0.05,) * 3),
        ambient=AmbientLight((0.02,) * 3, (0.02,) * 3),
        background=Background(),
        ground=replace(base.ground, material=Material((0.6, 0.6, 0.6), 0.9)),
    )

    def ball(material: Material, mesh: Ball | Painted = Ball(), **parts: object) -> Scene:
        pose = affine(rotation(20, 15) * 0.62, (0, 0.45, 0))
        return replace(close, objects=(SceneObject(mesh, pose, material, 1, 0, 1),), **parts)

    def textured(**slots: TextureRecipe) -> Material:
        return Material((0.85, 0.8, 0.75), 0.5, **slots)

    low = camera((0, 0.75, 4.8))  # sees the sky
    holes = Material((1, 0.8, 0.5), 0.6, alpha_cutoff=0.5, double_sided=True, base_colour_texture=Dots())
    lamps = (PointLight((-1.2, 0.8, 1.0), (0.9, 0.3, 0.1)), PointLight((1.3, 1.2, 0.9), (0.1, 0.5, 1.0)))
    picture = replace(base.background, picture=NoiseTexture(((40, 90, 160), (235, 240, 245)), 2, 6))
    sensors = {
        "exposure": Sensor(exposure_ev=1.0), "white_balance": Sensor(white_balance=0.8),
        "vignetting": Sensor(vignetting=0.7), "barrel": Sensor(distortion=(-0.9, 0.4)),
        "pincushion": Sensor(distortion=(1.2, 0.0)), "motion": Sensor(motion_px=12, motion_deg=20),
        "defocus": Sensor(defocus_px=4), "blur": Sensor(blur_px=2), "aberration": Sensor(chromatic_aberration_px=5),
        "noise": Sensor(noise=0.02, shot_noise=0.12, seed=1), "bits": Sensor(bits=2), "jpeg": Sensor(jpeg_quality=8),
        "aces": Sensor(exposure_ev=1.0, tone_curve="aces"), "reinhard": Sensor(exposure_ev=1.0, tone_curve="reinhard"),
        "contrast": Sensor(contrast=1.8), "saturation": Sensor(saturation=0.25),
    }  # fmt: skip
    materials = {
        "texture": ball(textured(base_colour_texture=CheckerTexture())),
        "vertex_colours": ball(Material((1, 1, 1)), Painted()),
        "roughness_0.1": ball(Material((0.6, 0.1, 0.1), 0.1)),
        "roughness_0.9": ball(Material((0.6, 0.1, 0.1), 0.9)),
        "metal": ball(Material((0.95, 0.7, 0.3), 0.3, 1.0), environment=environment),
        "mirror": ball(Material((0.95, 0.95, 0.95), 0.0, 1.0), environment=replace(environment, visible=True)),
        "metallic_roughness_map": ball(
            Material((0.9, 0.7, 0.4), 1, 1, metallic_roughness_texture=Steps()), environment=environment
        ),
        "normal_map": ball(textured(normal_texture=Dots(bumps=True))),
        "emissive": ball(Material((0.1, 0.1, 0.1), emissive=(0.9, 0.5, 0.1), emissive_texture=CheckerTexture())),
        "alpha_cut": ball(holes),
    }
    light = {
        "sun": bare, "shadows": base,
        "hard_shadows": replace(base, sun=replace(base.sun, shadows=Shadows(2048, 0))),
        "lamps": replace(dark, point_lights=lamps),
        "environment": replace(bare, camera=low, environment=replace(environment, visible=True)),
        "sky": replace(base, camera=low, environment=EnvironmentLight(AnalyticSky(), visible=True)),
        "photograph": replace(bare, background=picture),
        "fog": replace(base, fog=Fog((0.3, 0.44, 0.72), 0.12)),
    }  # fmt: skip
    return {
        "materials": materials,
        "light": light,
        "sensor": {name: replace(base, sensor=sensor) for name, sensor in sensors.items()},
    }


PALETTE = np.array(
    [(0, 0, 0), (220, 60, 50), (60, 110, 220), (90, 190, 90), (240, 190, 60), (150, 80, 190), (70, 190, 190),
     (240, 130, 180), (150, 150, 150), (160, 110, 60), (200, 220, 90)], np.uint8,
)  # fmt: skip


def sheet(pictures: dict[str, np.ndarray], columns: int) -> Image.Image:
    """All pictures with their names below, in rows."""
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * (WIDTH + 6), rows * (HEIGHT + 20)), "white")
    draw = ImageDraw.Draw(page)
    for place, (name, pixels) in enumerate(pictures.items()):
        left, top = place % columns * (WIDTH + 6) + 3, place // columns * (HEIGHT + 20) + 3
        page.paste(Image.fromarray(np.ascontiguousarray(pixels)), (left, top))
        draw.text((left + 3, top + HEIGHT + 2), name.replace("_", " "), fill="black")
    return page


def main(out: Path, hdr_map: str | None) -> None:
    """Write every sheet into a folder, lit by an HDR map or by the analytic sky."""
    environment = EnvironmentLight(RadianceFile(hdr_map) if hdr_map else AnalyticSky())
    out.mkdir(parents=True, exist_ok=True)
    with Renderer(HEIGHT, WIDTH, annotations=ANNOTATIONS) as renderer:
        maps = annotations(renderer.render(table(), table(6.0)), table())
        shown = {
            page: {name: renderer.render(scene).colour for name, scene in scenes.items()}
            for page, scenes in features(environment).items()
        }
    for name, pictures in {"annotations": maps, **shown}.items():
        page = sheet(pictures, 4)
        palette = page.quantize(256)
        page.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(out / f"{name}.png", optimize=True)
        print(f"{out / name}.png: {', '.join(pictures)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "gallery"), sys.argv[2] if len(sys.argv) > 2 else None)
