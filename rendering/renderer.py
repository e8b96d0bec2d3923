"""The renderer: a scene goes in, a frame with all its annotations comes out of one draw pass."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

import numpy as np

from datasets.errors import SystemComponentError, UsageError
from rendering.backgrounds import PATTERNS, Background
from rendering.context import HeadlessContext
from rendering.frame import Frame
from rendering.geometry import projection
from rendering.scene import Scene, SceneObject


class Renderer:
    """Draws frames of one size; to be used as a context manager, on the thread that opens it.

    Each pixel is drawn as `supersample` by `supersample` sub-samples. Colours are their mean in linear light; ids,
    depth and normals are those of the middle one, so they are exact at the pixel's centre and never blended.

    Args:
        height: rows of the frame.
        width: columns of the frame.
        supersample: sub-samples a pixel along each side; odd, so that one lies at the centre.

    Raises:
        UsageError: a size below 1, an even supersample, or more samples than the driver can draw.
        SystemComponentError: no OpenGL, or the driver refuses a shader.
    """

    def __init__(self, height: int, width: int, supersample: int = 3) -> None:
        if min(height, width) < 1 or supersample < 1 or supersample % 2 == 0:
            raise UsageError(
                "renderer: height and width must be 1 or more and supersample odd, "
                f"got {height}, {width} and {supersample}"
            )
        self.height, self.width, self.supersample = height, width, supersample
        self._frames_drawn = 0
        with ExitStack() as opened:
            self._context = opened.enter_context(HeadlessContext())
            self._open_parts(opened)
            self._opened = opened.pop_all()

    @property
    def description(self) -> str:
        """The driver's own name and version, for the provenance of what it drew."""
        return f"{self._context.renderer}, OpenGL {self._context.version}"

    def render(self, scene: Scene) -> Frame:
        """The frame of a scene.

        Raises:
            UsageError: the scene's camera has another frame size.
            SystemComponentError: another thread calls, the renderer is closed, or its context is lost.
        """
        camera = scene.camera
        if (camera.height, camera.width) != (self.height, self.width):
            raise UsageError(
                f"the scene's camera is {camera.width}x{camera.height} "
                f"but this renderer draws {self.width}x{self.height}"
            )
        self._context.make_current()
        self._samples.bind()
        self._samples.clear()
        self._draw_background(scene.background)
        self._draw_objects(scene)
        light, labels, geometry = self._resolve()
        return Frame(
            colour=scene.sensor.expose(light[:, :, :3]),
            semantic=labels[:, :, :1].astype(np.uint8),
            instance=labels[:, :, 1:].copy(),
            normal=geometry[:, :, :3].copy(),
            depth=geometry[:, :, 3:].copy(),
        )

    def close(self) -> None:
        """Free everything that the driver holds; a second call does nothing."""
        self._opened.close()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_parts(self, opened: ExitStack) -> None:
        # Imported here, since PyOpenGL chooses its platform at import, from what the context has set by now.
        from OpenGL import GL

        from rendering.framebuffers import Framebuffer
        from rendering.programs import SHADER_FOLDER, Program
        from rendering.vertex_buffers import VertexBufferCache

        self._gl = GL
        screen, surface = SHADER_FOLDER / "screen.vert", SHADER_FOLDER / "surface.vert"
        patterns = {f"PATTERN_{name.upper()}": index for index, name in enumerate(PATTERNS)}
        background = SHADER_FOLDER / "background.frag"
        scale = self.supersample
        self._samples = Framebuffer(self.height * scale, self.width * scale, depth_test=True)
        opened.callback(self._samples.close)
        self._pixels = Framebuffer(self.height, self.width, depth_test=False)
        opened.callback(self._pixels.close)
        self._background_programs = [
            Program(screen, background, {**patterns, "PATTERN": index}) for index in range(len(PATTERNS))
        ]
        for program in self._background_programs:
            opened.callback(program.close)
        self._surface_program = Program(surface, SHADER_FOLDER / "surface.frag")
        opened.callback(self._surface_program.close)
        self._resolve_program = Program(screen, SHADER_FOLDER / "resolve.frag")
        opened.callback(self._resolve_program.close)
        self._meshes = VertexBufferCache()
        opened.callback(self._meshes.close)
        self._no_vertices = int(GL.glGenVertexArrays(1))
        opened.callback(GL.glDeleteVertexArrays, 1, [self._no_vertices])
        GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
        GL.glFrontFace(GL.GL_CW)  # `projection` mirrors the window
        opened.callback(self._context.make_current)  # runs first: what is freed must be this context's own

    def _draw_background(self, background: Background) -> None:
        program = self._background_programs[PATTERNS.index(background.pattern)]
        angle = np.radians(background.angle_deg)
        program.use()
        program.set_floats("colours", background.colours)
        program.set_floats("feature_px", background.size * self._samples.height)
        program.set_floats("direction", (np.cos(angle), np.sin(angle)))
        program.set_floats("softness", background.softness)
        program.set_unsigned("seed", background.seed)
        program.set_floats("frame_px", (self._samples.width, self._samples.height))
        self._samples.draw_colour_only()
        self._draw_screen()
        self._samples.draw_all()

    def _draw_objects(self, scene: Scene) -> None:
        gl, program, camera = self._gl, self._surface_program, scene.camera
        axes = camera.world_to_camera[:3, :3]
        program.use()
        program.set_matrix(
            "camera_to_clip", projection(camera.intrinsics, self.height, self.width, camera.near_m, camera.far_m)
        )
        program.set_floats("sun_direction", axes @ scene.sun.direction / np.linalg.norm(scene.sun.direction))
        program.set_floats("sun_colour", scene.sun.colour)
        program.set_floats("up", axes[:, 1])
        program.set_floats("sky_colour", scene.ambient.sky)
        program.set_floats("ground_colour", scene.ambient.ground)
        gl.glEnable(gl.GL_DEPTH_TEST)
        gl.glEnable(gl.GL_CULL_FACE)
        for thing in scene.objects:
            self._draw_object(thing, camera.world_to_camera @ thing.pose)
        gl.glDisable(gl.GL_CULL_FACE)
        gl.glDisable(gl.GL_DEPTH_TEST)

    def _draw_object(self, thing: SceneObject, model_to_camera: np.ndarray) -> None:
        program = self._surface_program
        program.set_matrix("model_to_camera", model_to_camera)
        program.set_matrix("normal_to_camera", np.linalg.inv(model_to_camera[:3, :3]).T)
        program.set_floats("base_colour", thing.material.base_colour)
        program.set_floats("roughness", thing.material.roughness)
        program.set_floats("metallic", thing.material.metallic)
        program.set_unsigned("ids", thing.semantic, thing.instance)
        self._meshes[thing.mesh].draw()

    def _resolve(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Light with the canary, labels and geometry of whole pixels."""
        gl, program = self._gl, self._resolve_program
        # A new value for every frame: without a current context all calls succeed and read zeros or old pixels.
        self._frames_drawn += 1
        canary = 1.0 + self._frames_drawn % 1000
        self._pixels.bind()
        program.use()
        for slot, name in enumerate(("sub_colour", "sub_labels", "sub_geometry")):
            gl.glActiveTexture(gl.GL_TEXTURE0 + slot)
            gl.glBindTexture(gl.GL_TEXTURE_2D, self._samples.textures[slot])
            program.set_integer(name, slot)
        program.set_integer("supersample", self.supersample)
        program.set_floats("canary", canary)
        self._draw_screen()
        light, labels, geometry = (self._pixels.read(slot) for slot in range(3))
        if not (light[0, 0, 3] == light[-1, -1, 3] == canary):
            raise SystemComponentError(
                "the OpenGL context is lost: the frame came back empty. Open a new renderer on this thread; if it "
                "happens again, check the graphics driver with `python -m rendering.context`"
            )
        return light, labels, geometry

    def _draw_screen(self) -> None:
        self._gl.glBindVertexArray(self._no_vertices)
        self._gl.glDrawArrays(self._gl.GL_TRIANGLES, 0, 3)
