from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from datasets.dataset import Dataset
from datasets.errors import UsageError
from datasets.verification import verify
from pipelines.build import run_build
from pipelines.frames import Frames
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
from rendering.digits import DigitScenes
from tests.pipelines.test_build import digests


def render(
    data_dir: Path, frames: int, workers: int = 2, first: int = 0, num_shards: int = 2, seed: int = 0
) -> Dataset:
    source = Frames(DigitScenes(size=(24, 32)), frames, seed, name="digits_rendered", first=first)
    options = BuildOptions(workers=workers, num_shards=num_shards, seed=seed)
    return run_build(source, plan_build(source, data_dir, options), options, "processes")


def test_frames_do_not_depend_on_workers(rendered_set: Dataset, tmp_path: Path) -> None:
    again = render(tmp_path, 12, workers=2)
    assert digests(again.directory) == digests(rendered_set.directory)
    assert verify(again) == ()


def test_a_frame_depends_on_seed_and_index_alone(rendered_set: Dataset, tmp_path: Path) -> None:
    whole = {sample.key: sample for sample in rendered_set.samples("train")}
    part = {sample.key: sample for sample in render(tmp_path / "a", 3, first=4, num_shards=1).samples("train")}
    assert set(part) == {"digits_0000004", "digits_0000005", "digits_0000006"}
    for key, sample in part.items():
        assert {f.path: _bytes(v) for f, v in sample.present} == {f.path: _bytes(v) for f, v in whole[key].present}
    other = {sample.key: sample for sample in render(tmp_path / "b", 3, first=4, seed=1).samples("train")}
    assert all(other[key].image.data != part[key].image.data for key in part)


def test_labels_agree_with_each_other(rendered_set: Dataset) -> None:
    for sample in rendered_set.samples("train"):
        mask = sample.instance.array[:, :, 0] == 1
        assert set(np.unique(sample.semantic.array)) == {0, sample.label + 1}
        np.testing.assert_array_equal(mask, sample.semantic.array[:, :, 0] > 0)
        np.testing.assert_array_equal(mask, np.isfinite(sample.depth.array[:, :, 0]))
        np.testing.assert_array_equal(mask, (sample.normal.array > 0).any(axis=2))
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = [rows[0] / 24, columns[0] / 32, (rows[-1] + 1) / 24, (columns[-1] + 1) / 32]
        np.testing.assert_allclose(sample.objects.bbox, [box], rtol=1e-6)


def test_frames_must_be_positive() -> None:
    with pytest.raises(UsageError, match="--frames must be 1 or more, got 0"):
        Frames(DigitScenes(), 0)


@pytest.mark.parametrize("option", ["name", "split"])
@pytest.mark.parametrize("text", ["", "a/b", "a.b", "..", ".a", "-a", "_a", "a b", "a\n", "é", "<a>"])
def test_names_that_cannot_be_part_of_file_names_are_refused(option: str, text: str) -> None:
    wanted = f"--{option} must be letters, digits, _ and -, a letter or digit first, got {text!r}"
    with pytest.raises(UsageError, match=re.escape(wanted)):
        Frames(DigitScenes(), 1, **{option: text})


def test_names_of_letters_digits_and_dashes_are_taken() -> None:
    for text in ("a", "7", "night_2-A", "train-1"):
        plan = Frames(DigitScenes(), 1, split=text, name=text).plan()
        assert [item.split for item in plan.items] == [text]
    with pytest.raises(UsageError, match="--split must not be 'all'"):
        Frames(DigitScenes(), 1, split="all")


def _bytes(value: object) -> object:
    return getattr(value, "data", value) if not isinstance(value, np.ndarray) else value.tobytes()
