"""Frames that must not change unnoticed. After a change that is meant, look at the new ones and keep them:

python -m tests.rendering.golden
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rendering.digits import DigitScenes
from rendering.frame import ANNOTATIONS, Frame
from rendering.randomisation import Randomisation, frame_generator
from rendering.renderer import Renderer
from rendering.scene import Scene
from rendering.tabletop import TabletopScenes
from rendering.turntable import TurntableScenes

FOLDER = Path(__file__).with_name("golden")
SIZE = (40, 56)
LABELS = ("semantic", "instance")
CODES = ("normal_code", "coordinates_code")

_EVERY_EFFECT = replace(
    Randomisation(), vignetting=(0.2, 0.5), distortion_k1=(-0.1, 0.1), distortion_k2=(-0.02, 0.02), motion_px=(0.5, 2),
    chromatic_aberration_px=(0.5, 1), defocus_px=(0.5, 1), shot_noise=(0.0, 0.01), exposure_ev=(-0.5, 0.5),
    white_balance=(-0.5, 0.5), tone_curves=("aces",), bits=(7,), jpeg_quality=(95,),
)  # fmt: skip

SCENES: dict[str, Callable[[], Any]] = {
    "digits": lambda: DigitScenes(size=SIZE),
    "turntable": lambda: TurntableScenes(size=SIZE),
    "tabletop": lambda: TabletopScenes(size=SIZE),
    "sensor": lambda: TurntableScenes(size=SIZE, randomisation=_EVERY_EFFECT),
}
"""What golden frames are drawn from, by name."""


def draw(name: str, scene: Scene | None = None) -> tuple[Scene, Frame]:
    """The first frame of seed 7, or the frame of a scene."""
    scene = SCENES[name]().sample(frame_generator(7, 0)) if scene is None else scene
    with Renderer(*SIZE, annotations=ANNOTATIONS) as renderer:
        return scene, renderer.render(scene)


def main() -> None:
    """Write every golden frame anew."""
    FOLDER.mkdir(exist_ok=True)
    for name in SCENES:
        scene, frame = draw(name)
        maps = {key: getattr(frame, key) for key in ("colour", "depth", *LABELS, *CODES)}
        np.savez_compressed(FOLDER / f"{name}.npz", scene=np.array(scene.to_json()), **maps)


if __name__ == "__main__":
    main()
