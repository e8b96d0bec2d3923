"""The draw passes of one frame size: shadows, background, surfaces, silhouettes, and their way back to numpy."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from OpenGL import GL

from rendering.draw_list import DrawList
from rendering.frame_block import world_to_environment
from rendering.framebuffers import Framebuffer
from rendering.materials import TEXTURE_SLOTS, Material
from rendering.resources import UNITS, Resources
from rendering.scene import Camera, Scene
from rendering.sensor import TONE_CURVES

Constants = tuple[tuple[str, int], ...]
"""What shaders are compiled with: names and numbers."""

_TEXTURE_FEATURES = {name: name.upper() for name in TEXTURE_SLOTS}


@dataclass(frozen=True)
class Outputs:
    """What a frame is to give, beside its colours.

    Attributes:
        maps: of `number`, `depth`, `normal`, `coordinates`, `flow`.
        display: whether colours are finished by the shader, else they are linear light.
    """

    maps: tuple[str, ...]
    display: bool

    @property
    def colour(self) -> str:
        """The attachment of whole pixels' colours."""
        return "display" if self.display else "light"


class Passes:
    """Draws frames of one size and one set of outputs.

    With `supersample` 1 a single pass writes colours and maps. With more, colours are drawn on the finer grid and
    averaged, and the maps by a pass of their own, whose samples lie at the pixels' centres.

    Args:
        resources: of the context.
        height: rows.
        width: columns.
        supersample: sub-samples a pixel along each side.
        outputs: what to give.

    Raises:
        UsageError: the driver has no framebuffer of that size.
    """

    def __init__(self, resources: Resources, height: int, width: int, supersample: int, outputs: Outputs) -> None:
        self._resources, self._supersample, self._outputs = resources, supersample, outputs
        self._height, self._width = height, width
        self._silhouettes: dict[str, Framebuffer] = {}
        with ExitStack() as opened:
            self._samples: Framebuffer | None = None
            if supersample > 1:
                fine = (height * supersample, width * supersample, ("sub_light",))
                self._samples = _opened(opened, Framebuffer(*fine, depth_test=True))
                self._pixels = _opened(opened, Framebuffer(height, width, (outputs.colour,), depth_test=False))
                self._maps = _opened(opened, Framebuffer(height, width, outputs.maps, depth_test=True))
            else:
                both = (outputs.colour, *outputs.maps)
                self._maps = self._pixels = _opened(opened, Framebuffer(height, width, both, depth_test=True))
            self._opened = opened.pop_all()

    def draw(self, scene: Scene, camera: Camera, listed: DrawList) -> dict[str, np.ndarray]:
        """Colours and maps by the names of their attachments; the frame's and objects' blocks are uploaded."""
        light = self._prepare_light(scene, listed)
        display: Constants = ()
        if self._outputs.display:
            display = (("DISPLAY", 1), ("TONE_CURVE", TONE_CURVES.index(scene.sensor.tone_curve)))
        if self._samples is None:
            self._start(self._maps)
            self._draw_parts(listed, self._maps.names, light + display)
            self._draw_background(self._maps, scene, camera, display)
        else:
            self._start(self._samples)
            self._draw_parts(listed, ("sub_light",), light)
            self._draw_background(self._samples, scene, camera, ())
            self._resolve(display)
            if self._outputs.maps:
                self._start(self._maps)
                self._draw_parts(listed, self._outputs.maps)
        return self._read()

    def draw_silhouettes(self, listed: DrawList, count: int) -> np.ndarray:
        """`(height, width, planes)` uint32: every part's whole silhouette or-ed into its bit.

        Args:
            listed: what to draw.
            count: how many bits are in use.
        """
        batches = []
        for first in range(0, max(count, 1), 128):
            planes = next(planes for planes in (1, 2, 4) if 32 * planes >= min(count - first, 128))
            batches.append(self._draw_silhouettes(listed, first, planes))
        return batches[0] if len(batches) == 1 else np.concatenate(batches, axis=2)

    def close(self) -> None:
        """Free the framebuffers."""
        self._opened.close()
        for framebuffer in self._silhouettes.values():
            framebuffer.close()
        self._silhouettes.clear()

    @staticmethod
    def _start(target: Framebuffer) -> None:
        target.bind()
        target.clear()

    def _draw_background(self, target: Framebuffer, scene: Scene, camera: Camera, display: Constants) -> None:
        """Colour the pixels where no surface is; it comes last, so that hidden ones cost nothing."""
        resources, background, environment = self._resources, scene.background, scene.environment
        picture = background.picture
        surrounded = environment is not None and environment.visible
        kind = "surroundings" if surrounded else "picture" if picture is not None else background.pattern
        program = resources.screen_program("background.frag", {**dict(display), "PATTERN": resources.pattern(kind)})
        angle = np.radians(background.angle_deg)
        program.use()
        program.set_floats("frame_px", (target.width, target.height))
        if surrounded and environment is not None:
            rays = world_to_environment(environment.turn_deg) @ camera.world_to_camera[:3, :3].T
            to_pixels = np.diag([camera.width / target.width, camera.height / target.height, 1])
            program.set_matrix("pixel_to_environment", rays @ np.linalg.inv(camera.intrinsics) @ to_pixels)
            program.set_floats("strength", environment.strength)
            resources.surroundings[environment.map].picture.bind(UNITS["picture"])
        elif picture is not None:
            texture = resources.textures[picture, True]
            texture.bind(UNITS["picture"])
            wide = texture.width * target.height / (texture.height * target.width)
            program.set_floats("picture_share", (min(1, 1 / wide), min(1, wide)))
        else:
            program.set_floats("colours", background.colours)
            program.set_floats("feature_px", background.size * target.height)
            program.set_floats("direction", (np.cos(angle), np.sin(angle)))
            program.set_floats("softness", background.softness)
            program.set_unsigned("seed", background.seed)
        target.draw_first_only()
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthFunc(GL.GL_LEQUAL)
        resources.draw_screen()
        GL.glDepthFunc(GL.GL_LESS)
        GL.glDisable(GL.GL_DEPTH_TEST)
        target.draw_all()

    def _prepare_light(self, scene: Scene, listed: DrawList) -> Constants:
        """Draw the shadow map, bind what shading reads, and name what the shader must do."""
        constants: list[tuple[str, int]] = []
        if scene.environment is not None:
            self._resources.surroundings[scene.environment.map].reflections.bind(UNITS["reflections"])
            constants.append(("ENVIRONMENT", 1))
        if scene.point_lights:
            constants.append(("LAMPS", len(scene.point_lights)))
        if scene.sun.shadows is not None and scene.objects:
            target = self._resources.shadow_maps[scene.sun.shadows.map_px]
            target.bind()
            self._draw_parts(listed, (), (("SHADOW_MAP", 1),), np.arange(len(scene.objects)))
            target.texture.bind(UNITS["shadow_map"])
            constants.append(("SHADOWS", 1))
        return tuple(constants)

    def _draw_silhouettes(self, listed: DrawList, first: int, planes: int) -> np.ndarray:
        name = f"bits_{planes}"
        if name not in self._silhouettes:
            self._silhouettes[name] = Framebuffer(self._height, self._width, (name,), depth_test=False)
        target = self._silhouettes[name]
        self._start(target)
        bits = listed.block["amodal_bit"][listed.order]
        rows = listed.order[(bits >= first) & (bits < first + 128)]
        GL.glEnable(GL.GL_COLOR_LOGIC_OP)
        GL.glLogicOp(GL.GL_OR)
        self._draw_parts(listed, ("amodal",), rows=rows)
        GL.glDisable(GL.GL_COLOR_LOGIC_OP)
        return target.read(name)

    def _draw_parts(
        self,
        listed: DrawList,
        attachments: tuple[str, ...],
        constants: Constants = (),
        rows: np.ndarray | None = None,
    ) -> None:
        resources = self._resources
        constants += tuple((_SHADER_NAMES[name], place) for place, name in enumerate(attachments))
        shaded = any(name == "COLOUR" for name, _ in constants)
        double_sided: bool | None = None
        program = None
        if "amodal" not in attachments:
            GL.glEnable(GL.GL_DEPTH_TEST)
        for row in (listed.order if rows is None else rows).tolist():
            material, mesh = listed.parts[row].material, resources.meshes[listed.meshes[row]]
            textures = _textures(material, shaded) if mesh.has_uvs else ()
            wanted = resources.surface_program(_features(material, textures, shaded, mesh.has_colours), constants)
            if wanted is not program:
                program = wanted
                program.use()
            if material.double_sided is not double_sided:
                double_sided = material.double_sided
                (GL.glDisable if double_sided else GL.glEnable)(GL.GL_CULL_FACE)
            for name in textures:
                resources.textures[getattr(material, name), TEXTURE_SLOTS[name]].bind(UNITS[name])
            resources.object_blocks.use(row)
            mesh.draw()
        GL.glDisable(GL.GL_CULL_FACE)
        GL.glDisable(GL.GL_DEPTH_TEST)

    def _resolve(self, display: Constants) -> None:
        if self._samples is None:
            return
        self._pixels.bind()
        program = self._resources.screen_program("resolve.frag", {**dict(display), "SUPERSAMPLE": self._supersample})
        program.use()
        GL.glActiveTexture(GL.GL_TEXTURE0 + UNITS["sub_colour"])
        GL.glBindTexture(GL.GL_TEXTURE_2D, self._samples.textures["sub_light"])
        self._resources.draw_screen()

    def _read(self) -> dict[str, np.ndarray]:
        self._pixels.bind()
        arrays = {self._outputs.colour: self._pixels.read(self._outputs.colour)}
        if self._maps is not self._pixels:
            self._maps.bind()
        return {**arrays, **{name: self._maps.read(name) for name in self._outputs.maps}}


_SHADER_NAMES = {"display": "COLOUR", "light": "COLOUR", "sub_light": "COLOUR", "number": "NUMBER", "depth": "DEPTH",
                 "normal": "NORMAL", "coordinates": "COORDINATES", "flow": "FLOW", "amodal": "AMODAL"}  # fmt: skip


def _opened(stack: ExitStack, framebuffer: Framebuffer) -> Framebuffer:
    stack.callback(framebuffer.close)
    return framebuffer


def _textures(material: Material, shaded: bool) -> tuple[str, ...]:
    """The textures that a pass looks at: all for colours, only that with the holes for anything else."""
    names = tuple(TEXTURE_SLOTS) if shaded else ("base_colour_texture",) if material.alpha_cutoff is not None else ()
    return tuple(name for name in names if getattr(material, name) is not None)


def _features(material: Material, textures: tuple[str, ...], shaded: bool, has_colours: bool) -> tuple[str, ...]:
    """Names of what the shader must do for this surface."""
    features = [_TEXTURE_FEATURES[name] for name in textures]
    cut = material.alpha_cutoff is not None
    features += ["TEXTURED"] * bool(textures) + ["ALPHA_CUT"] * cut + ["DOUBLE_SIDED"] * material.double_sided
    features += ["VERTEX_COLOURS"] * (has_colours and (shaded or cut)) + ["EMISSIVE"] * (
        shaded and any(material.emissive)
    )
    return tuple(features)
