from __future__ import annotations

import os
import pty
import re
import threading
import time

import pytest

from pipelines import progress
from pipelines.progress import watched


def shown(descriptor: int, monkeypatch: pytest.MonkeyPatch, seconds: float, sentence: str = "") -> None:
    """Watch a job of 100 that does 10 examples each tenth of a second, one of ten rejected, with a standard error."""
    kept = os.dup(2)
    os.dup2(descriptor, 2)
    began = time.monotonic()

    def poll() -> tuple[int, int]:
        tenths = min(10, int((time.monotonic() - began) * 10))
        return tenths * 9, tenths

    try:
        with watched("job", 100, poll) as say:
            if sentence:
                say(sentence)
            time.sleep(seconds)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def test_a_terminal_shows_examples_rate_time_left_and_rejections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    outer, inner = pty.openpty()
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.extend(iter(lambda: _read(outer), b"")), daemon=True)
    thread.start()
    shown(inner, monkeypatch, 1.3, "job 7 at host:1")
    os.close(inner)
    thread.join(5)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", b"".join(read).decode())
    assert "job 7 at host:1" in text
    assert "100/100" in text
    assert "10 rejected" in text
    assert re.search(r"[1-9]\d*/s", text)
    assert re.search(r"0:00:0\d 0:00:0\d", text)  # gone by and left


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def test_elsewhere_there_are_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PLAIN_EVERY_S", 0.3)
    outer, inner = os.pipe()
    shown(inner, monkeypatch, 0.75, "job 7 at host:1")
    os.close(inner)
    with os.fdopen(outer) as pipe:
        lines = pipe.read().splitlines()
    assert lines[0] == "job: job 7 at host:1"
    assert len(lines) >= 2
    for line in lines[1:]:
        assert re.fullmatch(r"job: \d+ of 100, \d+ rejected, \d+/s, about \d+ s left", line), line


def test_asking_takes_little_of_the_time() -> None:
    calls = []

    def slow() -> tuple[int, int]:
        calls.append(time.monotonic())
        time.sleep(0.05)
        return 0, 0

    stop = threading.Event()
    threading.Timer(1.5, stop.set).start()
    for _ in progress._polled(slow, stop, 0.01):
        pass
    assert len(calls) <= 4  # a call of 0.05 s is followed by 1 s of rest


def test_a_poll_that_fails_shows_what_was_known() -> None:
    answers = iter([(3, 0), OSError("gone")])

    def poll() -> tuple[int, int]:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    stop = threading.Event()
    polled = progress._polled(poll, stop, 0.0)
    assert next(polled) == (3, 0)
    stop.set()
    assert next(polled) == (3, 0)


@pytest.mark.parametrize("seconds, said", [(5, "5 s"), (89, "89 s"), (300, "5 min"), (7200, "2.0 h")])
def test_time_is_said_for_people(seconds: float, said: str) -> None:
    assert progress._human(seconds) == said
