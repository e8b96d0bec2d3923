"""The renderer: a scene goes in, a frame with all the annotations asked for comes out."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from datasets.errors import UsageError
from rendering.amodal import AmodalMasks
from rendering.context import ContextLost, HeadlessContext
from rendering.draw_list import DrawList, add_coordinates, add_motion, draw_list
from rendering.frame import ANNOTATIONS, DEFAULT_ANNOTATIONS, Frame, decode_flow, encode_flow
from rendering.frame_block import add_shadows, frame_block
from rendering.lens import LensMap, distort, lens_map
from rendering.meshes import Plane
from rendering.object_boxes import ObjectBox, object_boxes
from rendering.scene import Camera, Scene

if TYPE_CHECKING:
    from rendering.passes import Passes
    from rendering.resources import Resources

_ATTACHMENT_OF = {"semantic": "semantic", "instance": "instance", "depth": "depth", "normal": "normal",
                  "object_coordinates": "coordinates", "optical_flow": "flow"}  # fmt: skip
_NEEDS_INSTANCES = ("boxes", "amodal", "boxes_3d", "poses", "keypoints")
_NEEDS_BOXES = ("object_coordinates", "boxes_3d", "poses", "keypoints")


class Renderer:
    """Draws frames of one size; to be used as a context manager, on the thread that opens it.

    Colours are the mean of `supersample` by `supersample` sub-samples in linear light. All annotations are those of
    the one sample at the pixel's centre, so they are exact and never blended. What is not asked for costs nothing.

    Args:
        height: rows of the frame.
        width: columns of the frame.
        supersample: sub-samples a pixel along each side; odd. 1 is fastest, with edges that are not antialiased.
        annotations: names of `rendering.frame.ANNOTATIONS`.
        pixels_per_triangle: least area of a triangle in the frame on the average; of meshes that have levels of detail
            the finest that keeps to it is drawn. 0 draws the finest always.

    Raises:
        UsageError: a size below 1, an even supersample, an unknown annotation, or more samples than the driver can
            draw.
        SystemComponentError: no OpenGL, or the driver refuses a shader.
    """

    def __init__(
        self,
        height: int,
        width: int,
        supersample: int = 3,
        annotations: tuple[str, ...] = DEFAULT_ANNOTATIONS,
        pixels_per_triangle: float = 2.0,
    ) -> None:
        if min(height, width) < 1 or supersample < 1 or supersample % 2 == 0 or pixels_per_triangle < 0:
            raise UsageError(
                "renderer: height and width must be 1 or more, supersample odd and pixels_per_triangle 0 or more, "
                f"got {height}, {width}, {supersample} and {pixels_per_triangle}"
            )
        unknown = [name for name in annotations if name not in ANNOTATIONS]
        if unknown:
            raise UsageError(f"renderer: no annotation {', '.join(unknown)}; there are {', '.join(ANNOTATIONS)}")
        self.height, self.width, self.supersample = height, width, supersample
        self.annotations = tuple(name for name in ANNOTATIONS if name in annotations)
        self._pixels_per_triangle = pixels_per_triangle
        self._attachments = _attachments(self.annotations)
        self._lens: tuple[bytes, LensMap] | None = None
        self._open()

    @property
    def description(self) -> str:
        """The driver's own name and version, for the provenance of what it drew."""
        return f"{self._context.renderer}, OpenGL {self._context.version}"

    @property
    def origin(self) -> dict[str, str]:
        """The driver that shapes the pixels, for a manifest."""
        context = self._context
        return {"gl_vendor": context.vendor, "gl_renderer": context.renderer, "gl_version": context.version}

    def render(self, scene: Scene, following: Scene | None = None) -> Frame:
        """The frame of a scene. If the driver lost its context meanwhile, it is made anew and the frame drawn again.

        Args:
            scene: what to show.
            following: the scene of the next frame, towards which optical flow points; itself where there is none.

        Raises:
            UsageError: a scene's camera has another frame size.
            SystemComponentError: another thread calls, the renderer is closed, or its context is lost again at once.
        """
        following = scene if following is None else following
        for camera in (scene.camera, following.camera):
            if (camera.height, camera.width) != (self.height, self.width):
                raise UsageError(
                    f"the scene's camera is {camera.width}x{camera.height} "
                    f"but this renderer draws {self.width}x{self.height}"
                )
        self._context.check_thread()
        try:
            return self._render(scene, following)
        except ContextLost:
            self._reopen()
            return self._render(scene, following)

    def close(self) -> None:
        """Free everything that the driver holds; a second call does nothing."""
        self._opened.close()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        with ExitStack() as opened:
            self._context = opened.enter_context(HeadlessContext())
            # Imported here, since PyOpenGL chooses its platform at import, from what the context has set by now.
            from rendering.resources import Resources

            self._resources: Resources = Resources()
            opened.callback(self._resources.close)
            self._passes: dict[tuple[int, int, bool], Passes] = {}
            opened.callback(self._close_passes)
            opened.callback(self._context.make_current)  # runs first: what is freed must be this context's own
            self._passes_of(self.height, self.width, display=True)
            self._opened = opened.pop_all()

    def _reopen(self) -> None:
        """Leave the lost context behind, with whatever it still holds, and open another."""
        self._opened.pop_all()
        self._context.abandon()
        self._open()

    def _close_passes(self) -> None:
        for passes in self._passes.values():
            passes.close()
        self._passes.clear()

    def _passes_of(self, height: int, width: int, display: bool) -> Passes:
        from rendering.passes import Outputs, Passes

        key = (height, width, display)
        if key not in self._passes:
            outputs = Outputs(self._attachments, display)
            self._passes[key] = Passes(self._resources, height, width, self.supersample, outputs)
        return self._passes[key]

    def _render(self, scene: Scene, following: Scene) -> Frame:
        self._context.make_current()
        self._resources.mark()
        self._resources.prove()  # before anything is made in a context that is gone
        lens = self._lens_of(scene)
        camera, later = (_widened(entry.camera, lens) for entry in (scene, following))
        listed, boxes = self._prepare(scene, following, camera, later)
        passes = self._passes_of(camera.height, camera.width, scene.sensor.pointwise)
        arrays = passes.draw(scene, camera, listed)
        if "amodal" in self.annotations:
            arrays["bits"] = passes.draw_silhouettes(listed, len({thing.instance for thing in scene.objects}))
        self._resources.prove()
        if lens is not None:
            arrays = _seen_through(lens, arrays, scene, following)
        return self._frame(scene, arrays, boxes)

    def _prepare(
        self, scene: Scene, following: Scene, camera: Camera, later: Camera
    ) -> tuple[DrawList, dict[int, ObjectBox]]:
        """Upload the numbers of the frame and its objects; what to draw, and the objects' boxes if they are needed."""
        resources, ground, irradiance = self._resources, None, None
        if scene.ground is not None:
            ground = Plane(scene.ground.size_m, scene.ground.size_m, scene.ground.texture_m)
        if scene.environment is not None:
            irradiance = resources.surroundings[scene.environment.map].irradiance
        recipes = [thing.mesh for thing in scene.objects] + ([ground] if ground else [])
        meshes = [resources.meshes[recipe] for recipe in recipes]
        listed = draw_list(scene, camera, ground, [mesh.bounds for mesh in meshes], self._pixels_per_triangle)
        boxes: dict[int, ObjectBox] = {}
        if any(name in self.annotations for name in _NEEDS_BOXES):
            boxes = object_boxes(scene.objects, meshes[: len(scene.objects)])
        if "object_coordinates" in self.annotations:
            add_coordinates(listed, scene, boxes)
        if "optical_flow" in self.annotations:
            add_motion(listed, scene, following)
        if "amodal" in self.annotations:
            bits = {instance: bit for bit, instance in enumerate(_instances(scene))}
            listed.block["amodal_bit"] = 2**32 - 1
            listed.block["amodal_bit"][: len(scene.objects)] = [bits[thing.instance] for thing in scene.objects]
        block = frame_block(scene, camera, later.intrinsics, irradiance)
        if scene.sun.shadows is not None and scene.objects:
            count = len(scene.objects)
            add_shadows(block, scene.sun.shadows, listed.centres[:count], listed.radii[:count])
        resources.frame_block.upload(block)
        if len(listed.block):
            resources.object_blocks.upload(listed.block)
        return listed, boxes

    def _lens_of(self, scene: Scene) -> LensMap | None:
        if not any(scene.sensor.distortion):
            return None
        key = np.array([*scene.camera.intrinsics.ravel(), *scene.sensor.distortion]).tobytes()
        if self._lens is None or self._lens[0] != key:
            found = lens_map(scene.camera.intrinsics, self.height, self.width, scene.sensor.distortion)
            self._lens = key, found
        return self._lens[1]

    def _frame(self, scene: Scene, arrays: dict[str, np.ndarray], boxes: dict[int, ObjectBox]) -> Frame:
        colour = arrays["display"] if "display" in arrays else scene.sensor.expose(arrays["light"][:, :, :3])
        maps: dict[str, np.ndarray | None] = {name: arrays.get(name) for name in ("semantic", "instance", "depth")}
        for name, attachment in (("normal_code", "normal"), ("coordinates_code", "coordinates"), ("flow_code", "flow")):
            maps[name] = arrays[attachment][:, :, :3] if attachment in arrays else None
        amodal = AmodalMasks(arrays["bits"], _instances(scene)) if "bits" in arrays else None
        return Frame(
            colour, annotations=self.annotations,
            amodal=amodal, boxes=boxes, **maps,
        )  # fmt: skip


def _attachments(annotations: tuple[str, ...]) -> tuple[str, ...]:
    wanted = [_ATTACHMENT_OF[name] for name in annotations if name in _ATTACHMENT_OF]
    wanted += ["instance"] * any(name in annotations for name in _NEEDS_INSTANCES)
    return tuple(dict.fromkeys(wanted))


def _instances(scene: Scene) -> tuple[int, ...]:
    """Every instance once, in the scene's order."""
    return tuple(dict.fromkeys(thing.instance for thing in scene.objects))


def _widened(camera: Camera, lens: LensMap | None) -> Camera:
    """The camera with the lens's margin around its frame."""
    if lens is None:
        return camera
    rows, columns = lens.margin
    shift = np.array([[1, 0, columns], [0, 1, rows], [0, 0, 1]])
    return replace(
        camera,
        height=camera.height + 2 * rows,
        width=camera.width + 2 * columns,
        intrinsics=shift @ camera.intrinsics,
    )


def _seen_through(
    lens: LensMap, arrays: dict[str, np.ndarray], scene: Scene, following: Scene
) -> dict[str, np.ndarray]:
    """The arrays of the wide frame as the lens shows them."""
    seen = {name: lens.light(array) if name == "light" else lens.labels(array) for name, array in arrays.items()}
    if "flow" in seen:
        flow = decode_flow(seen["flow"]).astype(np.float64)
        height, width = flow.shape[:2]
        rows, columns = lens.margin
        # The flow stands at the centre of the nearest pixel of the wide frame.
        start = np.stack([np.floor(lens.places[:, :, 0]), np.floor(lens.places[:, :, 1])], axis=-1) + 0.5
        ends = (start + flow - (columns, rows)).reshape(-1, 2)
        begins = (start - (columns, rows)).reshape(-1, 2)
        moved = distort(following.camera.intrinsics, ends, following.sensor.distortion)
        moved -= distort(scene.camera.intrinsics, begins, scene.sensor.distortion)
        seen["flow"] = encode_flow(moved.reshape(height, width, 2))
    return seen
