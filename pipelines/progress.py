"""A live bar on a terminal, plain lines elsewhere, from what the workers report."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Poll = Callable[[], tuple[int, int]]
"""Samples done and rejected so far."""

Say = Callable[[str], None]
"""Tells the user one sentence, above the bar."""

_POLL_S = 0.2
_POLL_SHARE = 0.05  # of the time may go into asking: with many shards, or over a network, asking is not free
_PLAIN_EVERY_S = 10.0


@contextmanager
def watched(label: str, total: int, poll: Poll) -> Iterator[Say]:
    """Show `poll() -> (done, rejected)` against `total` for as long as the block runs."""
    stop = threading.Event()
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    with os.fdopen(os.dup(2), "w", buffering=1) as terminal:  # standard error itself may go to a log meanwhile
        show = _show_bar if terminal.isatty() else _show_lines
        thread = threading.Thread(target=show, args=(label, total, poll, stop, said, terminal), daemon=True)
        thread.start()
        try:
            yield said.put
        finally:
            stop.set()
            thread.join()


def _show_bar(
    label: str, total: int, poll: Poll, stop: threading.Event, said: queue.SimpleQueue[str], terminal: TextIO
) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>7.0f}/s"),
        TextColumn("[red]{task.fields[rejected]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    already = None  # a resumed build begins with what stands; that was not done in this time
    with Progress(*columns, console=Console(file=terminal)) as progress:
        task = progress.add_task(label, total=total, rate=0.0, rejected="")
        for done, rejected in _polled(poll, stop, _POLL_S):
            already = done if already is None else already
            rate = (done + rejected - already) / max(time.monotonic() - began, 1e-6)
            words = f"{rejected} rejected" if rejected else ""
            progress.update(task, completed=done + rejected, rate=rate, rejected=words)
            while not said.empty():
                progress.console.print(said.get(), highlight=False, markup=False)


def _show_lines(
    label: str, total: int, poll: Poll, stop: threading.Event, said: queue.SimpleQueue[str], terminal: TextIO
) -> None:
    began = shown = time.monotonic()
    already = None
    for done, rejected in _polled(poll, stop, _POLL_S):
        already = done if already is None else already
        while not said.empty():
            print(f"{label}: {said.get()}", file=terminal, flush=True)
        now = time.monotonic()
        if now - shown < _PLAIN_EVERY_S:
            continue
        shown = now
        rate = (done + rejected - already) / (now - began)
        left = f", about {_human(max(0, total - done - rejected) / rate)} left" if rate else ""
        words = f", {rejected} rejected" if rejected else ""
        print(f"{label}: {done + rejected} of {total}{words}, {rate:.0f}/s{left}", file=terminal, flush=True)


def _polled(poll: Poll, stop: threading.Event, every_s: float) -> Iterator[tuple[int, int]]:
    """What polls give until the end, and once more then."""
    wait_s, last, found = 0.0, False, (0, 0)
    while not last:
        last = stop.wait(wait_s)
        began = time.monotonic()
        with contextlib.suppress(OSError):  # a store that does not answer must not end the bar, let alone the build
            found = poll()
        yield found
        wait_s = max(every_s, (time.monotonic() - began) / _POLL_SHARE)


def _human(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
