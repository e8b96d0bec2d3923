"""Textures: what comes out of files and recipes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import UsageError
from rendering.textures import CheckerTexture, NoiseTexture, TextureFile, as_rgba


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_files_of_every_mode_give_the_colours_they_show(tmp_path: Path, mode: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8)
    picture = Image.fromarray(pixels).convert(mode)
    picture.save(tmp_path / "t.png")
    np.testing.assert_array_equal(TextureFile(str(tmp_path / "t.png")).build(), np.array(picture.convert("RGBA")))


def test_damaged_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "t.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    for name in ("t.png", "none.png"):
        with pytest.raises(UsageError, match=name):
            TextureFile(str(tmp_path / name)).build()


def test_checkers_alternate_and_join_with_their_repetition() -> None:
    built = CheckerTexture(((10, 20, 30), (200, 210, 220)), 4, 32).build()
    cells = built[4::8, 4::8, 0]
    v, u = np.mgrid[0:4, 0:4]
    np.testing.assert_array_equal(cells, np.where((u + v) % 2, 200, 10))
    with pytest.raises(UsageError, match="even"):
        CheckerTexture(squares=3)


def test_noise_follows_its_seed_spans_its_colours_and_has_no_seam() -> None:
    one, again, other = (NoiseTexture(seed=seed).build()[:, :, :3].astype(int) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    np.testing.assert_array_equal([one[..., 0].min(), one[..., 0].max()], [95, 150])
    inside = np.abs(np.diff(one[..., 0], axis=1)).max()
    assert np.abs(one[:, 0, 0] - one[:, -1, 0]).max() <= inside


def test_grey_and_deep_pictures_become_rgba() -> None:
    np.testing.assert_array_equal(as_rgba(np.full((1, 1, 1), 0x1234, np.uint16))[0, 0], [0x12, 0x12, 0x12, 255])
    np.testing.assert_array_equal(as_rgba(np.array([[[7, 8]]], np.uint8))[0, 0], [7, 7, 7, 8])
