"""Telling the user how far a run is: a live table and bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_ROWS_SHOWN = 12  # of the table; all are in the run's folder


class Reporter(Protocol):
    """What runs report to."""

    def say(self, line: str) -> None:
        """Tell one line that stays."""
        ...

    def advance(self, note: str = "") -> None:
        """One unit of the work under way is done; `note` says how it stands."""
        ...

    def row(self, values: Mapping[str, str]) -> None:
        """A row of the table of results, such as an epoch, is done: its values by column."""
        ...


class Silent:
    """Tells nothing."""

    def say(self, line: str) -> None:
        """Drop the line."""

    def advance(self, note: str = "") -> None:
        """Drop the note."""

    def row(self, values: Mapping[str, str]) -> None:
        """Drop the row."""


class PlainReporter(Silent):
    """Prints lines and no bar: for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, line: str) -> None:
        """Print the line as it is."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def row(self, values: Mapping[str, str]) -> None:
        """Print the row as a line of names and values."""
        self.say("  ".join(f"{name} {value}".strip() for name, value in values.items() if value))


class LiveReporter:
    """A table of the latest rows above a bar, at the bottom of the terminal, while lines pass above them."""

    def __init__(self, total: int, console: Console, caption: str = "") -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}", markup=False), console=console)
        self._task = self._progress.add_task("", total=total)
        self._caption = caption
        self._rows: list[Mapping[str, str]] = []
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=4)

    def __enter__(self) -> LiveReporter:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        """Print the line above table and bar."""
        self._live.console.print(line, markup=False, highlight=False)

    def advance(self, note: str = "") -> None:
        """Move the bar by one unit and show the note beside it."""
        self._progress.update(self._task, advance=1, description=note)

    def row(self, values: Mapping[str, str]) -> None:
        """Add the row to the table."""
        self._rows.append(values)

    def _picture(self) -> Group:
        if not self._rows:
            return Group(self._progress)
        table = Table(title=Text(self._caption), title_justify="left", box=SIMPLE_HEAD)
        for name in self._rows[-1]:
            table.add_column(Text(name), justify="right")
        for values in self._rows[-_ROWS_SHOWN:]:
            table.add_row(*(Text(value) for value in values.values()))
        return Group(table, self._progress)


@contextmanager
def reporting(total: int, console: Console | None = None, caption: str = "") -> Iterator[Reporter]:
    """The reporter that suits the console, for a piece of work of `total` units."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield PlainReporter(console)
        return
    with LiveReporter(total, console, caption) as live:
        yield live
