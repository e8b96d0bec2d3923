from __future__ import annotations

import dataclasses

import numpy as np

from datasets.card import card
from datasets.dataset import Dataset
from datasets.statistics import colour_moments


def test_the_card_states_counts_terms_oddities_and_origin(pets_set: Dataset) -> None:
    text = (pets_set.directory / "README.md").read_text("utf-8")
    assert text == card(pets_set.manifest)
    assert "CC BY-SA 4.0" in text
    pixels = sum(int((s.semantic.array == 1).sum()) for s in pets_set.samples("train"))
    assert f"| {pixels:,} | 6 |" in text
    assert "1 png-named-jpg: Abyssinian\\_5" in text
    assert "1 photographs in no official list: Abyssinian\\_34" in text
    assert pets_set.manifest.fingerprint in text


def test_names_from_anywhere_stay_text(pets_set: Dataset) -> None:
    hostile = {"kind": ('"><script>alert(1)</script>', "a|b\n# c", "[x](y)")}
    text = card(dataclasses.replace(pets_set.manifest, findings=hostile))
    assert "<script>" not in text.replace("\\<", "")
    assert "a\\|b" in text
    assert "\n# c" not in text


def test_mean_and_deviation_are_those_of_the_pixels(pets_set: Dataset) -> None:
    pixels = np.concatenate([s.image.array.reshape(-1, 3) for s in pets_set.samples("train")]).astype(np.float64)
    mean, deviation = colour_moments(pets_set.manifest.splits["train"].statistics["colours"])
    np.testing.assert_allclose(mean, pixels.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(deviation, pixels.std(axis=0), rtol=1e-6)
