"""Adaptation of networks for label maps, interrupted between and after its watch points, ends as if undisturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adaptation_toys import run, scene_task, small_segmenter

from training.adaptation import dacs
from training.adaptation.loop import Outcome, predict_logits
from training.adaptation.network import Network
from training.adaptation.step import Trainer
from training.adaptation.task import BatchNorm, Recipe
from training.adaptation.two_domains import default_features, with_domains
from training.checkpoint import Checkpoint

# Six steps of 4 of 24 images: the cut after step 5 lies inside a pass, and the work of step 5 is done again.
RECIPE = Recipe(steps=6, batch=4, watch_every=2, learning_rate=5e-3)


class _Killed(Exception):
    pass


def _segmenter(mode: BatchNorm) -> Network:
    model = with_domains(small_segmenter())
    return Network(model, default_features(model), mode)


def _run(name: str, folder: Path, **options: Any) -> Outcome:
    return run(name, scene_task(), 1, RECIPE, folder=folder, build=_segmenter, **options)


def _assert_same(resumed: Outcome, whole: Outcome) -> None:
    assert resumed.curves == whole.curves
    images = scene_task().target.pixels[:4]
    for outcome in (resumed, whole):
        outcome.checkpoints.put_back(RECIPE.steps, outcome.network.model)
    for left, right in zip(resumed.network.model.get_weights(), whole.network.model.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(*(predict_logits(o.network, images, o.domain) for o in (resumed, whole)))


@pytest.mark.parametrize("name", ["dacs", "self_training", "output_space"])
def test_a_segmentation_run_that_was_killed_in_a_step_goes_on_to_the_bit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights, statistics, curves, moments; of DACS the teacher, of the output-space method the discriminator."""
    # After so few steps the teacher is sure of nothing, and a run that lost it would look the same.
    monkeypatch.setattr(dacs, "_SURE", 0.0)
    whole = _run(name, tmp_path / "whole")
    step = Trainer.step

    def dies(self: Trainer, number: int, places: Any) -> dict[str, Any]:
        if number == 5:
            raise _Killed
        return step(self, number, places)

    monkeypatch.setattr(Trainer, "step", dies)
    with pytest.raises(_Killed):
        _run(name, tmp_path / "cut")
    monkeypatch.setattr(Trainer, "step", step)
    taken: list[int] = []

    def counted(self: Trainer, number: int, places: Any) -> dict[str, Any]:
        taken.append(number)
        return step(self, number, places)

    monkeypatch.setattr(Trainer, "step", counted)
    resumed = _run(name, tmp_path / "cut")
    assert taken == [4, 5]
    _assert_same(resumed, whole)
    states = [Checkpoint.read(tmp_path / folder / "state.npz") for folder in ("whole", "cut")]
    assert states[0].facts == states[1].facts
    for left, right in zip(states[0].arrays, states[1].arrays, strict=True):
        np.testing.assert_array_equal(left, right)
