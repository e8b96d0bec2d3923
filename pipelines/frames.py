"""Rendered frames as a source of samples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from datasets.errors import UsageError
from datasets.sample import Sample
from datasets.schema import Schema
from datasets.source import Item, Plan, Reader, Rejection
from rendering.annotations import to_sample
from rendering.frame import Frame
from rendering.randomisation import frame_generator
from rendering.renderer import Renderer
from rendering.scene import Scene
from rendering.scenes import SceneGenerator


@dataclass(frozen=True)
class Frames:
    """So many frames of one scene generator. Frame i depends on `(seed, i)` alone.

    Attributes:
        scenes: the generator.
        frames: how many.
        seed: of every frame.
        split: the split they go to.
        name: of the data set.
        first: index of the first frame, so that two sets of one seed need not overlap.
    """

    scenes: SceneGenerator
    frames: int
    seed: int = 0
    split: str = "train"
    name: str = "rendered"
    first: int = 0

    version = "1.0.0"

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise UsageError(f"--frames must be 1 or more, got {self.frames}")

    @property
    def about(self) -> str:
        """One sentence for the data set's description."""
        height, width = self.scenes.size
        return f"{self.frames} rendered frames of scene {self.scenes.name!r}, {width}x{height}, seed {self.seed}."

    @property
    def licence(self) -> str:
        """What may be done with the frames, which depends on the models that they show."""
        return self.scenes.licence

    @property
    def schema(self) -> Schema:
        """Fields of every frame."""
        return self.scenes.schema

    def plan(self) -> Plan:
        """One item a frame."""
        height, width = self.scenes.size
        items = tuple(
            Item(f"{self.scenes.name}_{index:07}", self.split, f"frame {index}", height * width * 8, {"index": index})
            for index in range(self.first, self.first + self.frames)
        )
        configuration = {
            "scene": self.scenes.name,
            "frames": self.frames,
            "first": self.first,
            "split": self.split,
            "columns": list(self.schema.paths),
            "scenes": asdict(self.scenes),  # type: ignore[call-overload]  # generators are dataclasses
        }
        fingerprint = hashlib.sha256(repr((configuration, self.seed)).encode()).hexdigest()
        return Plan(items, {self.split: self.split}, fingerprint, {}, configuration)

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """One renderer on one thread of its own: an OpenGL context belongs to the thread that made it.

        While a frame is drawn there, the caller encodes the one before.
        """
        height, width = self.scenes.size
        with ThreadPoolExecutor(1, thread_name_prefix="renderer") as thread:
            renderer = thread.submit(Renderer, height, width, annotations=self.scenes.annotations).result()
            try:
                yield lambda items: self._samples(items, thread, renderer)
            finally:
                thread.submit(renderer.close).result()

    def _samples(
        self, items: Sequence[Item], thread: ThreadPoolExecutor, renderer: Renderer
    ) -> Iterator[Sample | Rejection]:
        ahead: Future[tuple[Item, Scene, Frame]] | None = None
        for item in (*items, None):
            behind, ahead = ahead, thread.submit(self._draw, item, renderer) if item else None
            if behind is not None:
                drawn, scene, frame = behind.result()
                yield to_sample(frame, scene, drawn.key)

    def _draw(self, item: Item, renderer: Renderer) -> tuple[Item, Scene, Frame]:
        scene = self.scenes.sample(frame_generator(self.seed, item.facts["index"]))
        return item, scene, renderer.render(scene)
