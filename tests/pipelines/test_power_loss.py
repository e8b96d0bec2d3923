"""A power cut at any file operation: what was not synced by then is lost, be it bytes of files or names in folders.

The model is the worst that POSIX allows: a file keeps the length it had when it was last synced, a name is what it was
when its folder was last synced. A name may also have reached the disk by itself, so both outcomes are tried.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from datasets.dataset import Dataset
from datasets.verification import verify
from tests.fixtures import PetsTree
from tests.pipelines.test_build import build, digests

TARGET = "oxford_iiit_pet/1.0.0"


@dataclass
class Disk:
    """What has reached the disk of all that was written below a folder, and how it looks after a power cut."""

    top: Path
    lengths: dict[int, int] = field(default_factory=dict)
    names: dict[int, dict[int, str]] = field(default_factory=dict)

    def synced(self, descriptor: int) -> None:
        """Remember the length of a file, or the names in a folder."""
        facts = os.fstat(descriptor)
        if stat.S_ISDIR(facts.st_mode):
            self.names[facts.st_ino] = {entry.inode(): entry.name for entry in os.scandir(descriptor)}
        else:
            self.lengths[facts.st_ino] = facts.st_size

    def after_a_cut(self, copy: Path, names_lost: bool) -> Path:
        """A copy of the folder as a power cut at this moment would leave it."""
        self._copy(self.top, copy, names_lost)
        return copy

    def _copy(self, folder: Path, copy: Path, names_lost: bool) -> None:
        copy.mkdir()
        known = self.names.get(folder.stat().st_ino, {})
        for path in folder.iterdir():
            inode = path.stat().st_ino
            name = known.get(inode) if names_lost else path.name
            if name is None:
                continue
            if path.is_dir():
                self._copy(path, copy / name, names_lost)
            else:
                (copy / name).write_bytes(path.read_bytes()[: self.lengths.get(inode, 0)])


def _at_every_step(monkeypatch: pytest.MonkeyPatch, disk: Disk, look: Callable[[], None]) -> None:
    """Call `look` before every operation that makes something last or gives it a name."""
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        look()
        fsync(descriptor)
        disk.synced(descriptor)

    def watched(name: str) -> Callable[..., Any]:
        original = getattr(Path, name)

        def call(*words: Any) -> Any:
            look()
            return original(*words)

        return call

    monkeypatch.setattr(os, "fsync", recorded)
    for name in ("replace", "rename"):
        monkeypatch.setattr(Path, name, watched(name))


@pytest.mark.parametrize("names_lost", [False, True], ids=["bytes lost", "bytes and names lost"])
def test_a_power_cut_leaves_the_whole_set_or_none_and_a_rerun_finishes(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_lost: bool
) -> None:
    wanted = digests(build(pets_tree, tmp_path / "undisturbed").directory)
    disk = Disk(tmp_path / "disk")
    disk.top.mkdir()
    cuts: list[Path] = []
    with monkeypatch.context() as patched:
        _at_every_step(patched, disk, lambda: cuts.append(disk.after_a_cut(tmp_path / f"cut-{len(cuts)}", names_lost)))
        build(pets_tree, disk.top)
    assert len(cuts) > 40
    for data_dir in cuts:
        if (data_dir / TARGET).exists():
            assert digests(data_dir / TARGET) == wanted
        else:
            assert digests(build(pets_tree, data_dir).directory) == wanted
        shutil.rmtree(data_dir)
    survivor = Dataset.open(disk.after_a_cut(tmp_path / "afterwards", names_lost) / TARGET)
    assert digests(survivor.directory) == wanted
    assert verify(survivor) == ()
