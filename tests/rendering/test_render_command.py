"""The command renders the scenes of things, with options of their own, and tells what is wrong before it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from datasets.dataset import Dataset
from tests.rendering.model_files import cube_glb


def realitygap(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "realitygap", *words], capture_output=True, text=True, check=False, timeout=120
    )


def test_a_catalogue_becomes_a_data_set(gl: None, tmp_path: Path) -> None:
    assets, data = tmp_path / "assets", tmp_path / "data"
    assets.mkdir()
    cube_glb(assets / "a.glb")
    rows = [{"file": "a.glb", "class": "dog", "height_m": 0.5}]
    tree = {"name": "mine", "label_space": "things", "licence": "CC-BY-4.0", "assets": rows}
    (assets / "catalogue.yaml").write_text(yaml.safe_dump(tree))
    done = realitygap(
        "render", "tabletop", str(data), "--frames", "6", "--size", "48x32", "--assets", str(assets), "--workers", "1",
        "--annotations", "semantic,instance,boxes,depth", "--without", "sensor,background", "--objects", "[2,3]",
        "--cache", str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    manifest = json.loads(next(data.glob("tabletop_rendered/*/manifest.json")).read_text())
    assert "mine: CC-BY-4.0" in manifest["licence"]
    assert list((tmp_path / "cache" / "levels").iterdir())
    assert "11 dog" in realitygap("inspect", str(data / "tabletop_rendered")).stdout
    assert realitygap("verify", str(data / "tabletop_rendered")).returncode == 0


def test_what_is_wrong_is_told_before_any_work(tmp_path: Path) -> None:
    ranges = tmp_path / "ranges.yaml"
    ranges.write_text("nois: [0, 1]")
    for words, reason in (
        (("--assets", str(tmp_path / "gone")), "does not exist"),
        (("--classes", "unicorn"), "no class 'unicorn'"),
        (("--catalogues", "quaternius"), "--assets"),
        (("--without", "gravity"), "no factor gravity"),
        (("--ranges", str(ranges)), "ranges.yaml: nois: there is no such option; did you mean 'noise'?"),
    ):
        done = realitygap("render", "turntable", str(tmp_path / "out"), "--frames", "1", *words)
        assert done.returncode == 2
        assert reason in done.stderr
        assert not (tmp_path / "out").exists()


def test_ranges_of_randomisation_come_from_a_file(gl: None, tmp_path: Path) -> None:
    """Without other light and noise, a frame two stops darker is the same with a quarter of the light."""
    ranges = tmp_path / "ranges.yaml"
    ranges.write_text("exposure_ev: [-2, -2]\nblur_px: [0, 0]\nnoise: [0, 0]\n")
    images = {}
    for name, words in (("plain", ("--without", "sensor")), ("dark", ("--ranges", str(ranges)))):
        done = realitygap(
            "render", "tabletop", str(tmp_path), "--frames", "1", "--size", "64x48", "--name", name, "--workers", "1",
            *words,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        dataset = Dataset.open(tmp_path / name)
        images[name] = dataset.first_sample().image.array  # type: ignore[union-attr]
    levels = np.arange(256) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)  # IEC 61966-2-1
    lit = (images["plain"] > 40) & (images["plain"] < 250)
    assert lit.mean() > 0.3
    ratios = light[images["dark"][lit]] / light[images["plain"][lit]]
    assert np.median(ratios) == pytest.approx(0.25, rel=0.03)


def test_supersampling_changes_colours_and_no_label(gl: None, tmp_path: Path) -> None:
    frames = {}
    for supersample in ("1", "3"):
        words = ("render", "digits", str(tmp_path / supersample), "--frames", "2", "--size", "48x48", "--workers", "1")
        done = realitygap(*words, "--supersample", supersample)
        assert done.returncode == 0, done.stderr
        frames[supersample] = list(Dataset.open(tmp_path / supersample / "digits_rendered").samples("train"))
    for plain, smooth in zip(frames["1"], frames["3"], strict=True):
        for field in ("semantic", "instance", "depth"):
            np.testing.assert_array_equal(plain.value(field).array, smooth.value(field).array)
        assert not np.array_equal(plain.image.array, smooth.image.array)
    done = realitygap("render", "digits", str(tmp_path / "even"), "--frames", "2", "--supersample", "2")
    assert done.returncode == 2
    assert "--supersample must be odd and 1 or more, got 2" in done.stderr
