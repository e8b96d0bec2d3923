"""The two passes over one grid of samples: triangles are packed into what each pixel shows, then pixels are shaded.

Deferred shading: Deering et al., "The triangle processor and normal vector shader", SIGGRAPH 1988. Triangles of a few
pixels make software rasterisers work on whole blocks of pixels for each, so the pass over them writes one attachment
and computes no light.
"""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
from OpenGL import GL

from rendering.draw_list import DrawList
from rendering.frame_block import world_to_environment
from rendering.framebuffers import Framebuffer
from rendering.resources import UNITS, Resources
from rendering.scene import Camera, Scene
from rendering.triangles import Constants, draw_triangles, needs_finish

_SHADER_NAMES = {"display": "COLOUR", "light": "COLOUR", "sub_light": "COLOUR", "semantic": "SEMANTIC",
                 "instance": "INSTANCE", "depth": "DEPTH", "normal": "NORMAL", "coordinates": "COORDINATES",
                 "flow": "FLOW"}  # fmt: skip


class Shading:
    """Draws the attachments of one grid of samples.

    Args:
        resources: of the context.
        height: rows of the frame.
        width: columns of the frame.
        supersample: samples a pixel along each side.
        names: of the attachments; the colours, where there are any, first.

    Attributes:
        target: where they are.

    Raises:
        UsageError: the driver has no framebuffer of that size.
    """

    def __init__(self, resources: Resources, height: int, width: int, supersample: int, names: tuple[str, ...]) -> None:
        self._resources, self._supersample = resources, supersample
        self._surfaces: dict[bool, Framebuffer] = {}
        self._coloured = _SHADER_NAMES[names[0]] == "COLOUR"
        self._constants: Constants = tuple((_SHADER_NAMES[name], place) for place, name in enumerate(names))
        with ExitStack() as opened:
            self.target = Framebuffer(height * supersample, width * supersample, names, depth=True)
            opened.callback(self.target.close)
            opened.callback(self._close_surfaces)
            self._surfaces_of(False)
            self._opened = opened.pop_all()

    def draw(self, scene: Scene, camera: Camera, listed: DrawList, light: Constants, display: Constants) -> None:
        """Fill all attachments.

        Args:
            scene: what lies behind the surfaces.
            camera: the frame's.
            listed: what to draw.
            light: constants of `shaders/light.glsl`.
            display: constants of `shaders/display.glsl`.
        """
        finished = self._coloured and needs_finish(listed)
        surfaces = self._surfaces_of(finished)
        surfaces.bind()
        surfaces.clear_depth()
        wanted = (("SURFACE", 0),) + (("SHADED", 1),) * self._coloured + (("FINISH", 1),) * finished
        draw_triangles(self._resources, listed, wanted)
        self.target.bind()
        GL.glEnable(GL.GL_DEPTH_TEST)
        GL.glDepthMask(False)
        if len(listed.order):
            self._shade(surfaces, self._constants + (light + display) * self._coloured + (("FINISH", 1),) * finished)
        self._paint_background(scene, camera, display)
        GL.glDepthMask(True)
        GL.glDisable(GL.GL_DEPTH_TEST)

    def close(self) -> None:
        """Free the framebuffers."""
        self._opened.close()

    def _close_surfaces(self) -> None:
        for framebuffer in self._surfaces.values():
            framebuffer.close()
        self._surfaces.clear()

    def _surfaces_of(self, finished: bool) -> Framebuffer:
        if finished not in self._surfaces:
            names = ("surface", "finish") if finished else ("surface",)
            self._surfaces[finished] = Framebuffer(self.target.height, self.target.width, names, depth=self.target)
        return self._surfaces[finished]

    def _shade(self, surfaces: Framebuffer, constants: Constants) -> None:
        """Shade the pixels that show a surface: those where the depth buffer is nearer than the screen's triangle."""
        program = self._resources.screen_program("shade.frag", {**dict(constants), "SUPERSAMPLE": self._supersample})
        program.use()
        for name, texture in surfaces.textures.items():
            GL.glActiveTexture(GL.GL_TEXTURE0 + UNITS[name])
            GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
        GL.glDepthFunc(GL.GL_GREATER)
        self._resources.draw_screen()
        GL.glDepthFunc(GL.GL_LESS)

    def _paint_background(self, scene: Scene, camera: Camera, display: Constants) -> None:
        """Fill the pixels where no surface is: those where the depth buffer is as far as the screen's triangle."""
        resources, background, environment, target = self._resources, scene.background, scene.environment, self.target
        picture = background.picture
        surrounded = environment is not None and environment.visible
        kind = "surroundings" if surrounded else "picture" if picture is not None else background.pattern
        constants = {**dict(self._constants + display), "PATTERN": resources.pattern(kind)}
        program = resources.screen_program("background.frag", constants)
        angle = np.radians(background.angle_deg)
        program.use()
        program.set_floats("frame_px", (target.width, target.height))
        if surrounded and environment is not None:
            rays = world_to_environment(environment.turn_deg) @ camera.world_to_camera[:3, :3].T
            to_pixels = np.diag([1 / self._supersample, 1 / self._supersample, 1])
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
        if any(name == "SEMANTIC" for name, _ in self._constants):
            program.set_unsigned("background_id", background.semantic)
        GL.glDepthFunc(GL.GL_LEQUAL)
        resources.draw_screen()
        GL.glDepthFunc(GL.GL_LESS)
