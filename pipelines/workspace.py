"""The folder of an unfinished data set: locked, resumable, and renamed into place when whole.

It lies beside its target, `DATA_DIR/NAME/.VERSION.unfinished`, so that the last step is one rename and nobody ever sees
half a data set. A shard counts as done when its facts file stands and its bytes still have the checksum written there.
`build.json` says which options all of it was made with: it is written first and removed last, and what lies in a folder
without it is thrown away.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from datasets.errors import UsageError, VerificationError
from datasets.manifest import REJECTED_NAME
from datasets.tfrecord import file_facts
from pipelines.lasting_files import PART, make_folders, sync_folder, whole_file, write_whole

_CONFIGURATION = "build.json"
_OWNER = "owner.json"
_FACTS = ".facts.json"
_PROGRESS = "progress"
_PLANS = "plans"
_FAILURE = "failure.json"
_LOG = "workers.log"


@dataclass(frozen=True)
class Workspace:
    """The unfinished folder of one target.

    Attributes:
        target: where the finished data set will stand, `DATA_DIR/NAME/VERSION`.
    """

    target: Path

    report_every_s = 0.25
    """How often a worker says how far it is."""

    @property
    def folder(self) -> Path:
        """Where shards are written."""
        return self.target.parent / f".{self.target.name}.unfinished"

    @property
    def log(self) -> Path:
        """Where the words of workers and engines go."""
        return self.folder / _LOG

    def finished(self) -> bool:
        """Whether the target stands."""
        return self.target.exists()

    def check(self) -> None:
        """Refuse a target that cannot be a folder.

        Raises:
            UsageError: it is a file, or it cannot be made or written to.
        """
        check_data_dir(self.target.parent.parent)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the target for this process alone.

        Raises:
            UsageError: another process holds it; the message names it.
        """
        make_folders(self.target.parent)
        lock = FileLock(self.target.parent / f".{self.target.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(
                f"another build of {self.target} is running ({self._owner()}); wait for it or stop it"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def begin(self, configuration: Mapping[str, Any], overwrite: bool) -> bool:
        """Make the folder, or take up the one that stands there; true when something is resumed.

        Call it while `locked`: what other processes had begun to write is removed.

        Raises:
            UsageError: an unfinished build with other options stands there; the message shows the differences.
        """
        wanted = json.loads(json.dumps(configuration))
        resumed = not overwrite and (self.folder / _CONFIGURATION).is_file()
        if resumed:
            refuse_differences(self.target, json.loads((self.folder / _CONFIGURATION).read_text()), wanted)
        elif self.folder.exists():
            shutil.rmtree(self.folder)
        self.forget_progress()
        for part in self.folder.glob(f".*{PART}"):
            part.unlink(missing_ok=True)
        (self.folder / _FAILURE).unlink(missing_ok=True)
        write_whole(self.folder / _OWNER, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        write_whole(self.folder / _CONFIGURATION, json.dumps(wanted, indent=2))
        return resumed

    def done(self, shard: str) -> dict[str, Any] | None:
        """What a worker said about a shard, when the shard is whole and had nothing rejected; else None.

        Shards with rejections are worked on again: the user may have mended the files.
        """
        facts = self.facts(shard)
        if facts is None or facts["rejected"]:
            return None
        try:
            found = file_facts(self.folder / shard)
        except (OSError, VerificationError):
            return None
        return facts if found.sha256 == facts["sha256"] else None

    def facts(self, shard: str) -> dict[str, Any] | None:
        """What a worker said about a shard, None before it has finished it."""
        try:
            return json.loads((self.folder / (shard + _FACTS)).read_text())
        except (OSError, ValueError):
            return None

    @contextmanager
    def open_shard(self, shard: str) -> Iterator[BinaryIO]:
        """A file to write a shard to; it has its name only when the block ends well and the bytes are on the disk.

        That the name lasts is seen to once, by `commit`: a shard whose name a power cut takes is written again.
        """
        with whole_file(self.folder / shard) as file:
            yield file

    def save_facts(self, shard: str, facts: Mapping[str, Any]) -> None:
        """Say that a shard is whole; called by the worker after the shard has its final name.

        Not synced: a shard whose facts a power cut takes is written again.
        """
        with whole_file(self.folder / (shard + _FACTS), synced=False) as file:
            file.write(json.dumps(facts).encode())

    def save_plans(self, plans: Iterable[tuple[str, str]]) -> None:
        """Write down what each shard, by its name, is to hold: workers are sent names only."""
        (self.folder / _PLANS).mkdir(exist_ok=True)
        for shard, text in plans:
            (self.folder / _PLANS / shard).write_text(text, "utf-8")

    def plan_of(self, shard: str) -> str:
        """What a shard is to hold."""
        return (self.folder / _PLANS / shard).read_text("utf-8")

    def report_progress(self, shard: str, done: int, rejected: int) -> None:
        """Say how far a worker is in a shard."""
        (self.folder / _PROGRESS / shard).write_text(f"{done} {rejected}")

    def progress(self) -> tuple[int, int]:
        """Samples done and rejected by all workers in this run."""
        done = rejected = 0
        for path in (self.folder / _PROGRESS).glob("*"):
            numbers = path.read_text().split()
            if len(numbers) == 2:
                done += int(numbers[0])
                rejected += int(numbers[1])
        return done, rejected

    def report_failure(self, kind: str, message: str) -> None:
        """Leave word of why a worker gave up, for the command to say it plainly."""
        write_whole(self.folder / _FAILURE, json.dumps({"kind": kind, "message": message}))

    def save_rejections(self, text: str) -> str:
        """Write down what was rejected; gives the place for the user to look."""
        path = self.folder / REJECTED_NAME
        path.write_text(text, "utf-8")
        return str(path)

    def forget_progress(self) -> None:
        """Begin to count anew."""
        shutil.rmtree(self.folder / _PROGRESS, ignore_errors=True)
        (self.folder / _PROGRESS).mkdir(parents=True)

    def failure(self) -> dict[str, str] | None:
        """The word that a worker left."""
        path = self.folder / _FAILURE
        return json.loads(path.read_text()) if path.is_file() else None

    def commit(self, texts: Mapping[str, str], shards: Mapping[str, Any]) -> None:
        """Write the describing files, drop what only the build needed, and rename the folder into place."""
        for name, text in texts.items():
            write_whole(self.folder / name, text)
        self._clean_up({*texts, *shards, REJECTED_NAME, _CONFIGURATION})
        replaced = self.target.parent / f".{self.target.name}.replaced"
        shutil.rmtree(replaced, ignore_errors=True)
        (self.folder / _CONFIGURATION).unlink(missing_ok=True)
        sync_folder(self.folder)
        if self.target.exists():
            self.target.rename(replaced)
        self.folder.rename(self.target)
        sync_folder(self.target.parent)
        shutil.rmtree(replaced, ignore_errors=True)

    def _clean_up(self, keep: Collection[str]) -> None:
        for path in self.folder.iterdir():
            if path.name in keep:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def _owner(self) -> str:
        try:
            owner = json.loads((self.folder / _OWNER).read_text())
            return f"process {owner['pid']} on {owner['host']}"
        except (OSError, ValueError, KeyError):
            return "its process has not said who it is yet"


def check_data_dir(data_dir: Path) -> None:
    """Refuse a target that cannot be a folder.

    Raises:
        UsageError: it is a file, or it cannot be made or written to.
    """
    try:
        make_folders(data_dir)
    except OSError as error:
        raise UsageError(f"{data_dir} cannot be the data folder: {error.strerror}") from None
    if not os.access(data_dir, os.W_OK):
        raise UsageError(f"{data_dir} cannot be written to; choose another folder or change its permissions")


def refuse_differences(target: object, stands: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse to go on with a build that was begun with other options.

    Raises:
        UsageError: an option differs; the message shows which.
    """
    differences = [
        f"{key}: was {stands.get(key)!r}, now {wanted.get(key)!r}"
        for key in sorted({*stands, *wanted})
        if stands.get(key) != wanted.get(key)
    ]
    if differences:
        raise UsageError(
            f"an unfinished build of {target} was begun with other options ({'; '.join(differences)}). "
            f"Use the same options to resume it, or --overwrite to begin anew."
        )
