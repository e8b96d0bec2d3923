"""Fixtures that need OpenGL: they skip only where a fresh process cannot open a context."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from datasets.cache_folder import CACHE_VARIABLE
from rendering.context import probe
from rendering.renderer import Renderer


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep levels of detail out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def gl() -> None:
    """Skip, with the probe's reason, where no frame can be rendered."""
    found = probe()
    if not found.ok:
        pytest.skip(found.message)


@pytest.fixture
def renderer(gl: None) -> Iterator[Renderer]:
    """A renderer of 48x64 frames; the GL error queue must be empty after the test."""
    with Renderer(48, 64) as opened:
        from OpenGL import GL

        yield opened
        opened._context.make_current()
        assert GL.glGetError() == GL.GL_NO_ERROR
