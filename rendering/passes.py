"""The draw passes of one frame size: shadows, surfaces and their shading, silhouettes, and their way back to numpy."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from OpenGL import GL

from rendering.draw_list import DrawList
from rendering.framebuffers import Framebuffer
from rendering.resources import UNITS, Resources
from rendering.scene import Camera, Scene
from rendering.sensor import TONE_CURVES
from rendering.shading import Shading
from rendering.triangles import Constants, draw_triangles

_BITS_A_BATCH = 128


@dataclass(frozen=True)
class Outputs:
    """What a frame is to give, beside its colours.

    Attributes:
        maps: of `semantic`, `instance`, `depth`, `normal`, `coordinates`, `flow`.
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

    With `supersample` 1 colours and maps are of the same samples. With more, colours are drawn on the finer grid and
    averaged, and the maps on one of their own, whose samples lie at the pixels' centres.

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
            self._samples = self._pixels = None
            size = (height, width)
            if supersample > 1:
                self._samples = _opened(opened, Shading(resources, *size, supersample, ("sub_light",)))
                self._pixels = _opened(opened, Framebuffer(*size, (outputs.colour,), depth=False))
            names = outputs.maps if supersample > 1 else (outputs.colour, *outputs.maps)
            self._maps = _opened(opened, Shading(resources, *size, 1, names)) if names else None
            self._opened = opened.pop_all()

    def draw(self, scene: Scene, camera: Camera, listed: DrawList) -> dict[str, np.ndarray]:
        """Colours and maps by the names of their attachments; the frame's and objects' blocks are uploaded."""
        light = self._prepare_light(scene, listed)
        display: Constants = ()
        if self._outputs.display:
            sensor = scene.sensor
            display = (("DISPLAY", 1), ("TONE_CURVE", TONE_CURVES.index(sensor.tone_curve)))
            display += (("GRADED", 1),) * sensor.grades
        arrays = {}
        if self._samples is not None and self._pixels is not None:
            self._samples.draw(scene, camera, listed, light, ())
            self._resolve(self._samples.target, self._pixels, display)
            arrays[self._outputs.colour] = self._pixels.read(self._outputs.colour)
        if self._maps is not None:
            self._maps.draw(scene, camera, listed, light, display)
            arrays.update({name: self._maps.target.read(name) for name in self._maps.target.names})
        return arrays

    def draw_silhouettes(self, listed: DrawList, count: int) -> np.ndarray:
        """`(height, width, planes)` uint32: every part's whole silhouette or-ed into its bit.

        Args:
            listed: what to draw.
            count: how many bits are in use.
        """
        batches = []
        for first in range(0, max(count, 1), _BITS_A_BATCH):
            planes = next(planes for planes in (1, 2, 4) if 32 * planes >= min(count - first, _BITS_A_BATCH))
            batches.append(self._draw_silhouettes(listed, first, planes))
        return batches[0] if len(batches) == 1 else np.concatenate(batches, axis=2)

    def close(self) -> None:
        """Free the framebuffers."""
        self._opened.close()
        for framebuffer in self._silhouettes.values():
            framebuffer.close()
        self._silhouettes.clear()

    def _prepare_light(self, scene: Scene, listed: DrawList) -> Constants:
        """Draw the shadow map, bind what shading reads, and name what the shader must do."""
        constants: list[tuple[str, int]] = []
        if scene.environment is not None:
            self._resources.surroundings[scene.environment.map].reflections.bind(UNITS["reflections"])
            constants.append(("ENVIRONMENT", 1))
        if scene.point_lights:
            constants.append(("LAMPS", len(scene.point_lights)))
        if scene.fog is not None:
            constants.append(("FOG", 1))
        if scene.sun.shadows is not None and scene.objects:
            target = self._resources.shadow_maps[scene.sun.shadows.map_px]
            target.bind()
            draw_triangles(self._resources, listed, (("SHADOW_MAP", 1),), np.arange(len(scene.objects)))
            target.texture.bind(UNITS["shadow_map"])
            constants.append(("SHADOWS", 1))
        return tuple(constants)

    def _draw_silhouettes(self, listed: DrawList, first: int, planes: int) -> np.ndarray:
        name = f"bits_{planes}"
        if name not in self._silhouettes:
            self._silhouettes[name] = Framebuffer(self._height, self._width, (name,), depth=False)
        target = self._silhouettes[name]
        target.bind()
        target.clear()
        bits = listed.block["amodal_bit"][listed.order]
        rows = listed.order[(bits >= first) & (bits < first + _BITS_A_BATCH)]
        GL.glEnable(GL.GL_COLOR_LOGIC_OP)
        GL.glLogicOp(GL.GL_OR)
        draw_triangles(self._resources, listed, (("AMODAL", 0),), rows, depth_test=False)
        GL.glDisable(GL.GL_COLOR_LOGIC_OP)
        return target.read(name)

    def _resolve(self, samples: Framebuffer, pixels: Framebuffer, display: Constants) -> None:
        """From sub-samples to pixels."""
        pixels.bind()
        program = self._resources.screen_program("resolve.frag", {**dict(display), "SUPERSAMPLE": self._supersample})
        program.use()
        GL.glActiveTexture(GL.GL_TEXTURE0 + UNITS["sub_colour"])
        GL.glBindTexture(GL.GL_TEXTURE_2D, samples.textures["sub_light"])
        self._resources.draw_screen()


_Closable = TypeVar("_Closable", Framebuffer, Shading)


def _opened(stack: ExitStack, thing: _Closable) -> _Closable:
    stack.callback(thing.close)
    return thing
