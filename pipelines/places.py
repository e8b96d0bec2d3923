"""The workspace of a target: in a folder of this machine, or in an object store."""

from __future__ import annotations

from pathlib import Path

from pipelines.remote_path import RemotePath
from pipelines.remote_workspace import RemoteWorkspace
from pipelines.workspace import Workspace

AnyWorkspace = Workspace | RemoteWorkspace


def open_workspace(target: Path) -> AnyWorkspace:
    """The workspace of `DATA_DIR/NAME/VERSION`."""
    return RemoteWorkspace(target.url) if isinstance(target, RemotePath) else Workspace(target)
