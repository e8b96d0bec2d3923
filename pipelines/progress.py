"""A live bar on a terminal, plain lines elsewhere, from what the workers report."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Poll = Callable[[], tuple[int, int]]
"""Samples done and rejected so far."""

_POLL_S = 0.2
_PLAIN_EVERY_S = 10.0


@contextmanager
def watched(label: str, total: int, poll: Poll) -> Iterator[None]:
    """Show `poll() -> (done, rejected)` against `total` for as long as the block runs."""
    stop = threading.Event()
    with os.fdopen(os.dup(2), "w", buffering=1) as terminal:  # standard error itself may go to a log meanwhile
        show = _show_bar if terminal.isatty() else _show_lines
        thread = threading.Thread(target=show, args=(label, total, poll, stop, terminal), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _show_bar(label: str, total: int, poll: Poll, stop: threading.Event, terminal: TextIO) -> None:
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
    with Progress(*columns, console=Console(file=terminal)) as progress:
        task = progress.add_task(label, total=total, rate=0.0, rejected="")
        last = False
        while not last:
            last = stop.wait(_POLL_S)
            done, rejected = poll()
            rate = (done + rejected) / max(time.monotonic() - began, 1e-6)
            words = f"{rejected} rejected" if rejected else ""
            progress.update(task, completed=done + rejected, rate=rate, rejected=words)


def _show_lines(label: str, total: int, poll: Poll, stop: threading.Event, terminal: TextIO) -> None:
    began = time.monotonic()
    while not stop.wait(_PLAIN_EVERY_S):
        done, rejected = poll()
        seconds = time.monotonic() - began
        words = f", {rejected} rejected" if rejected else ""
        rate = (done + rejected) / seconds
        print(f"{label}: {done + rejected} of {total}{words}, {rate:.0f}/s", file=terminal, flush=True)
