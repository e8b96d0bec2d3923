"""Telling the user how far a run is: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Reporter(Protocol):
    """What runs report to."""

    def say(self, line: str) -> None:
        """Tell one line that stays."""
        ...

    def advance(self, note: str = "") -> None:
        """One unit of the work under way is done; `note` says how it stands."""
        ...


class Silent:
    """Tells nothing."""

    def say(self, line: str) -> None:
        """Drop the line."""

    def advance(self, note: str = "") -> None:
        """Drop the note."""


class PlainReporter(Silent):
    """Prints lines and no bar: for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        """Print the line as it is."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveReporter:
    """A bar that stays at the bottom while lines pass above it."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def say(self, line: str) -> None:
        """Print the line above the bar."""
        self._progress.console.print(line, markup=False, highlight=False)

    def advance(self, note: str = "") -> None:
        """Move the bar by one unit and show the note beside it."""
        self._progress.update(self._task, advance=1, description=note)


@contextmanager
def reporting(total: int, console: Console | None = None) -> Iterator[Reporter]:
    """The reporter that suits the console, for a piece of work of `total` units."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield PlainReporter(console)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}", markup=False), console=console) as progress:
        yield LiveReporter(progress, total)
