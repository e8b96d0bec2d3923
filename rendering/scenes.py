"""Every kind of scene that can be rendered, by the name that the command line uses."""

from __future__ import annotations

from rendering.digits import DigitScenes

SCENES: dict[str, type[DigitScenes]] = {DigitScenes.name: DigitScenes}
"""Scene generators by name."""
