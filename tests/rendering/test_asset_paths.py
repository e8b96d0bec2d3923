"""Where the assets lie on a machine must not show in what it writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import yaml

from pipelines.frames import Frames
from rendering.randomisation import frame_generator
from rendering.renderer import Renderer
from rendering.scene import Scene
from rendering.tabletop import TabletopScenes
from tests.rendering.model_files import cube_glb


def scenes(folder: Path) -> TabletopScenes:
    return TabletopScenes(size=(32, 48), assets=str(folder), objects=(2, 3))


def test_two_machines_with_other_folders_store_the_same_and_render_it_again(gl: None, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there" / "deeper"
    here.mkdir()
    cube_glb(here / "a.glb")
    tree = {"name": "mine", "label_space": "things", "licence": "CC0",
            "assets": [{"file": "a.glb", "class": "dog", "height_m": 0.5}]}  # fmt: skip
    (here / "catalogue.yaml").write_text(yaml.safe_dump(tree))
    shutil.copytree(here, there)
    plans = [Frames(scenes(folder), 3).plan() for folder in (here, there)]
    assert plans[0] == plans[1]
    assert str(tmp_path) not in json.dumps(plans[0].configuration)
    samples = []
    for folder in (here, there):
        source = Frames(scenes(folder), 3)
        with source.open_reader() as read:
            samples.append(list(read(source.plan().items)))
    texts = [[str(sample.scene) for sample in one] for one in samples]
    assert texts[0] == texts[1]
    assert all(str(tmp_path) not in text and '"path":"a.glb"' in text for text in texts[0])
    original = scenes(here).sample(frame_generator(0, 0))
    again = Scene.from_json(texts[1][0], assets=str(here))
    assert again.to_json() == original.to_json()
    with Renderer(32, 48) as renderer:
        np.testing.assert_array_equal(renderer.render(again).colour, samples[1][0].image.array)


def test_another_file_is_another_fingerprint(tmp_path: Path) -> None:
    cube_glb(tmp_path / "a.glb")
    tree = {"name": "mine", "label_space": "things", "licence": "CC0",
            "assets": [{"file": "a.glb", "class": "dog", "height_m": 0.5}]}  # fmt: skip
    (tmp_path / "catalogue.yaml").write_text(yaml.safe_dump(tree))
    before = scenes(tmp_path).collection.fingerprint
    with (tmp_path / "a.glb").open("ab") as file:
        file.write(b"    ")
    assert scenes(tmp_path).collection.fingerprint != before
