"""The workspace of a target: in a folder of this machine, or in an object store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.workspace import Workspace

if TYPE_CHECKING:  # what lies behind URLs needs Beam
    from pipelines.remote_workspace import RemoteWorkspace

    AnyWorkspace = Workspace | RemoteWorkspace


def open_workspace(target: Path) -> AnyWorkspace:
    """The workspace of `DATA_DIR/NAME/VERSION`."""
    if isinstance(target, Path):
        return Workspace(target)
    from pipelines.remote_workspace import RemoteWorkspace

    return RemoteWorkspace(target.url)


def seen_anew(place: Path, beam_options: Sequence[str] = ()) -> Path:
    """The same place without what was remembered of it when it was listed before."""
    if isinstance(place, Path):
        return place
    from pipelines.remote_path import place_of

    return place_of(str(place), beam_options)
