"""A pipeline of this process that is interrupted."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future

import pytest

from pipelines.local import _aside


def _interrupt_soon() -> None:
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


def _pipelines() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "pipeline"]


def test_an_interrupted_pipeline_has_ended_when_the_interruption_is_heard() -> None:
    """What Beam says of it would otherwise come when standard error is the user's again."""
    stopped = threading.Event()
    _interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        _aside(lambda: stopped.wait(30), stopped.set)
    assert stopped.is_set()
    assert not _pipelines()


def test_one_that_nothing_can_stop_is_left_alone() -> None:
    released = threading.Event()
    _interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        _aside(lambda: released.wait(30))
    (left,) = _pipelines()
    released.set()
    left.join(5)
    assert not _pipelines()


@pytest.mark.parametrize("enough", [None, Future()], ids=["all of it", "until there is enough"])
def test_what_a_pipeline_raises_is_raised_here(enough: Future[None] | None) -> None:
    def fails() -> None:
        raise ValueError("no such shard")

    with pytest.raises(ValueError, match="no such shard"):
        _aside(fails, lambda: None, enough)


def test_what_is_enough_is_not_waited_for_longer() -> None:
    """Beam's own clearing up goes on; Python waits for it at its end."""
    enough: Future[None] = Future()
    cleared = threading.Event()

    def run() -> None:
        enough.set_result(None)
        cleared.wait(30)

    _aside(run, lambda: None, enough)
    (left,) = _pipelines()
    assert not left.daemon
    cleared.set()
    left.join(5)
    assert not _pipelines()
