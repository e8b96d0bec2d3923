"""Rendered frames as a source of samples."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, partial
from pathlib import PurePath
from typing import Any

from datasets.errors import UsageError
from datasets.sample import Sample
from datasets.schema import Schema
from datasets.source import Item, Plan, Reader, Rejection
from rendering.annotations import to_sample
from rendering.asset_scenes import AssetScenes
from rendering.frame import Frame
from rendering.randomisation import frame_generator
from rendering.renderer import Renderer
from rendering.scene import Scene
from rendering.scenes import SceneGenerator


@dataclass(frozen=True)
class RenderingReader:
    """A reader that knows what its pixels come from.

    Attributes:
        read: makes samples of items.
        origin: the OpenGL driver.
    """

    read: Reader
    origin: Mapping[str, str]

    def __call__(self, items: Sequence[Item]) -> Iterator[Sample | Rejection]:
        """One sample an item."""
        return self.read(items)


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # it becomes a folder and a part of file names that readers cut up
_ENCODERS = 2  # a frame with all maps may take longer to encode than to draw
_AHEAD = 1 + _ENCODERS  # frames in work beside the one that the caller has


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
        supersample: sub-samples of colour a pixel along each side; odd. 1 is fastest, without antialiasing.
    """

    scenes: SceneGenerator
    frames: int
    seed: int = 0
    split: str = "train"
    name: str = "rendered"
    first: int = 0
    supersample: int = 3

    version = "1.0.0"

    @cached_property
    def _scenes(self) -> SceneGenerator:
        """The generator with its assets on this machine: copied here when they lie behind a URL."""
        assets = getattr(self.scenes, "assets", None)
        if not assets or "://" not in assets:
            return self.scenes
        from pipelines.remote_path import copied_folder

        return replace(self.scenes, assets=copied_folder(assets))  # type: ignore[type-var]  # they are dataclasses

    def __getstate__(self) -> dict[str, Any]:
        """Without what was copied: another machine copies anew."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise UsageError(f"--frames must be 1 or more, got {self.frames}")
        if self.supersample < 1 or self.supersample % 2 == 0:
            raise UsageError(f"--supersample must be odd and 1 or more, got {self.supersample}")
        for option, name in (("--name", self.name), ("--split", self.split)):
            if not _NAME.fullmatch(name):
                raise UsageError(f"{option} must be letters, digits, _ and -, a letter or digit first, got {name!r}")
        if self.split == "all":
            raise UsageError("--split must not be 'all': TensorFlow Datasets means every split by it")

    @property
    def about(self) -> str:
        """One sentence for the data set's description."""
        height, width = self.scenes.size
        return f"{self.frames} rendered frames of scene {self.scenes.name!r}, {width}x{height}, seed {self.seed}."

    @property
    def licence(self) -> str:
        """What may be done with the frames, which depends on the models that they show."""
        return self._scenes.licence

    @property
    def schema(self) -> Schema:
        """Fields of every frame."""
        return self._scenes.schema

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
            "supersample": self.supersample,
            "columns": list(self.schema.paths),
            "scenes": self._options(),
        }
        fingerprint = hashlib.sha256(repr((configuration, self.seed)).encode()).hexdigest()
        return Plan(items, {self.split: self.split}, fingerprint, {}, configuration)

    def _options(self) -> dict[str, Any]:
        """The generator's options; assets are told by what they are, not by where they lie on this machine."""
        options: dict[str, Any] = asdict(self.scenes)  # type: ignore[call-overload]  # generators are dataclasses
        if isinstance(self._scenes, AssetScenes) and self._scenes.assets is not None:
            options["assets"] = self._scenes.collection.fingerprint
            options["catalogues"] = [PurePath(name).name for name in self._scenes.catalogues]
        return options

    @contextmanager
    def open_reader(self) -> Iterator[Reader]:
        """One renderer on one thread of its own: an OpenGL context belongs to the thread that made it.

        While a frame is drawn there, other threads encode those before, and the caller writes the one before them.
        """
        height, width = self.scenes.size
        with (
            ThreadPoolExecutor(_ENCODERS, thread_name_prefix="encoder") as encoder,
            ThreadPoolExecutor(1, thread_name_prefix="renderer") as thread,
        ):
            renderer = thread.submit(
                Renderer, height, width, supersample=self.supersample, annotations=self.scenes.annotations
            ).result()
            try:
                read = partial(self._samples, thread=thread, encoder=encoder, renderer=renderer)
                yield RenderingReader(read, renderer.origin)
            finally:
                thread.submit(renderer.close).result()

    def _samples(
        self, items: Sequence[Item], thread: ThreadPoolExecutor, encoder: ThreadPoolExecutor, renderer: Renderer
    ) -> Iterator[Sample | Rejection]:
        assets = getattr(self._scenes, "assets", None)
        ahead: deque[Future[Sample]] = deque()
        for item in items:
            ahead.append(encoder.submit(_encoded, thread.submit(self._draw, item, renderer), assets))
            if len(ahead) > _AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def _draw(self, item: Item, renderer: Renderer) -> tuple[Item, Scene, Frame]:
        scene = self._scenes.sample(frame_generator(self.seed, item.facts["index"]))
        return item, scene, renderer.render(scene)


def _encoded(drawn: Future[tuple[Item, Scene, Frame]], assets: str | None) -> Sample:
    """The sample of a frame, with every map encoded; the record will find them so."""
    item, scene, frame = drawn.result()
    sample = to_sample(frame, scene, item.key, assets)
    for field, value in sample.present:
        if field.kind == "raster":
            value.data  # noqa: B018  # made when first asked for, and kept
    return sample
