"""When a study is to start no further row."""

from __future__ import annotations

import time


class Deadline:
    """Some minutes from when it is made; None never comes."""

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + 60.0 * minutes

    @property
    def passed(self) -> bool:
        """Whether it has come."""
        return self._end is not None and time.monotonic() >= self._end
