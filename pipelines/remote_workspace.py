"""The unfinished data set in an object store: no rename and no locks, so the manifest is written last.

Shards go straight to `DATA_DIR/NAME/VERSION/`; a reader looks for `manifest.json`, which stands there only when all
that it names is whole. What the build alone needs lies in `DATA_DIR/NAME/.VERSION.unfinished/` until the end.
A shard counts as done when its facts stand and the store still says of it what it said when it was written.

How far a worker is stands in the *name* of an empty object, so that one listing tells it of all workers.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from datasets.errors import UsageError
from datasets.manifest import MANIFEST_NAME, REJECTED_NAME
from pipelines.remote_storage import RemoteStorage
from pipelines.workspace import refuse_differences

_CONFIGURATION = "build.json"
_OWNER = "owner.json"
_FACTS = ".facts.json"
_PROGRESS = "progress/"
_PLANS = "plans/"
_REQUESTS_AT_ONCE = 16
_FAILURE = "failure.json"
_OWNER_REFRESHED_S = 15.0
_OWNER_STALE_S = 60.0
_SPOOLED_BYTES = 128 << 20


@dataclass(frozen=True)
class RemoteWorkspace:
    """The same promises as `pipelines.workspace.Workspace`, kept with what an object store can do.

    Attributes:
        url: where the finished data set will stand, `DATA_DIR/NAME/VERSION`.
    """

    url: str

    report_every_s = 10.0
    """How often a worker says how far it is; every word is a request."""

    @property
    def target(self) -> RemoteStorage:
        """The objects of the data set."""
        return RemoteStorage(self.url)

    @property
    def state(self) -> RemoteStorage:
        """The objects of the build."""
        parent, _, name = self.url.rpartition("/")
        return RemoteStorage(f"{parent}/.{name}.unfinished")

    @property
    def log(self) -> Path:
        """Where the words of workers and engines go: a file of this machine."""
        return _log_of(self.url)

    def finished(self) -> bool:
        """Whether the target stands."""
        return self.target.exists(MANIFEST_NAME)

    def check(self) -> None:
        """Refuse a target that cannot be written to.

        Raises:
            UsageError: it cannot.
        """
        name = f"writable-{uuid.uuid4().hex}"
        try:
            self.state.write(name, b"?")
            self.state.delete(name)
        except OSError as error:
            raise UsageError(f"{self.url} cannot be written to: {error.strerror}") from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Say that this process builds here, and go on saying so.

        A store without locks leaves a moment in which two builds that start together do not see each other; both would
        write the same bytes.

        Raises:
            UsageError: another process has said so within the last minute; the message names it.
        """
        word = uuid.uuid4().hex
        self._refuse_other_owner(word)
        self._say_owner(word)
        self._refuse_other_owner(word)
        stop = threading.Event()
        thread = threading.Thread(target=self._keep_saying_owner, args=(word, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            with contextlib.suppress(OSError):  # it ends by itself then
                self.state.delete(_OWNER)

    def begin(self, configuration: Mapping[str, Any], overwrite: bool) -> bool:
        """Take up what stands there, or begin; true when something is resumed.

        Beginning anew takes the old set away at once: a store without rename cannot keep both.

        Raises:
            UsageError: an unfinished build with other options stands there; the message shows the differences.
        """
        wanted = json.loads(json.dumps(configuration))
        if overwrite:
            self.target.delete(MANIFEST_NAME)
            self.state.delete(*(name for name in self.state.sizes() if name != _OWNER))
        stands = self._json(_CONFIGURATION)
        if stands is not None:
            refuse_differences(self.url, stands, wanted)
        self.forget_progress()
        self.state.delete(_FAILURE)
        self.state.write(_CONFIGURATION, json.dumps(wanted, indent=2).encode())
        return stands is not None

    def done(self, shard: str) -> dict[str, Any] | None:
        """What a worker said about a shard, when the store still holds it and nothing was rejected; else None."""
        facts = self.facts(shard)
        if facts is None or facts["rejected"]:
            return None
        try:
            return facts if self.target.mark(shard) == facts["stored"] else None
        except FileNotFoundError:
            return None

    def facts(self, shard: str) -> dict[str, Any] | None:
        """What a worker said about a shard, None before it has finished it."""
        return self._json(shard + _FACTS)

    @contextmanager
    def open_shard(self, shard: str) -> Iterator[BinaryIO]:
        """A file to write a shard to; it is sent when the block ends well."""
        with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES) as file:
            yield file  # type: ignore[misc]  # has all of BinaryIO that is used
            self.target.upload(shard, file)  # type: ignore[arg-type]

    def save_facts(self, shard: str, facts: Mapping[str, Any]) -> None:
        """Say that a shard is whole; called by the worker after the shard was sent."""
        stored = {**facts, "stored": self.target.mark(shard)}
        self.state.write(shard + _FACTS, json.dumps(stored).encode())

    def save_plans(self, plans: Iterable[tuple[str, str]]) -> None:
        """Write down what each shard, by its name, is to hold: workers are sent names only."""
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
            for _ in pool.map(lambda plan: self.state.write(_PLANS + plan[0], plan[1].encode()), plans):
                pass

    def plan_of(self, shard: str) -> str:
        """What a shard is to hold."""
        return self.state.read(_PLANS + shard).decode()

    def report_progress(self, shard: str, done: int, rejected: int) -> None:
        """Say how far a worker is in a shard; no loss when it cannot be said."""
        with contextlib.suppress(OSError):
            self.state.write(f"{_PROGRESS}{shard}.{done}.{rejected}", b"1")

    def progress(self) -> tuple[int, int]:
        """Samples done and rejected by all workers in this run."""
        newest: dict[str, tuple[int, int]] = {}
        for name in self.state.sizes(_PROGRESS):
            shard, done, rejected = name.removeprefix(_PROGRESS).rsplit(".", 2)
            newest[shard] = max(newest.get(shard, (0, 0)), (int(done), int(rejected)))
        return sum(done for done, _ in newest.values()), sum(rejected for _, rejected in newest.values())

    def report_failure(self, kind: str, message: str) -> None:
        """Leave word of why a worker gave up, for the command to say it plainly."""
        self.state.write(_FAILURE, json.dumps({"kind": kind, "message": message}).encode())

    def failure(self) -> dict[str, str] | None:
        """The word that a worker left."""
        return self._json(_FAILURE)

    def forget_progress(self) -> None:
        """Begin to count anew."""
        self.state.delete(*self.state.sizes(_PROGRESS))

    def save_rejections(self, text: str) -> str:
        """Write down what was rejected; gives the place for the user to look."""
        self.target.write(REJECTED_NAME, text.encode())
        return self.target.place(REJECTED_NAME)

    def commit(self, texts: Mapping[str, str], shards: Mapping[str, Any]) -> None:
        """Write the describing files, drop what the set does not name, and only then write the manifest."""
        for name, text in texts.items():
            if name != MANIFEST_NAME:
                self.target.write(name, text.encode())
        keep = {*texts, *shards, REJECTED_NAME}
        self.target.delete(*(name for name in self.target.sizes() if name not in keep))
        self.target.write(MANIFEST_NAME, texts[MANIFEST_NAME].encode())
        self.state.delete(*(name for name in self.state.sizes() if name != _OWNER))

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self.state.read(name))
        except FileNotFoundError:
            return None

    def _refuse_other_owner(self, word: str) -> None:
        owner = self._json(_OWNER)
        if owner and owner["word"] != word and time.time() - owner["seconds"] < _OWNER_STALE_S:
            raise UsageError(
                f"another build of {self.url} is running (process {owner['pid']} on {owner['host']}); wait for it or "
                f"stop it. After a crash its claim ends by itself within {_OWNER_STALE_S:.0f} seconds"
            )

    def _say_owner(self, word: str) -> None:
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "word": word, "seconds": time.time()}
        self.state.write(_OWNER, json.dumps(owner).encode())

    def _keep_saying_owner(self, word: str, stop: threading.Event) -> None:
        while not stop.wait(_OWNER_REFRESHED_S):
            with contextlib.suppress(OSError):  # the next time will do
                self._say_owner(word)


@cache
def _log_of(url: str) -> Path:
    """One file a process and target; it stays, for the user to read."""
    return Path(tempfile.mkdtemp(prefix="realitygap-")) / "workers.log"
