"""When Python looks for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python look for no garbage where little but what lasts is made, as in imports: it would look dozens of times.

    What was made then counts as old: Python looks through it when it next looks through everything, and not at once.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # else somebody has set objects aside, who must not get them back
            gc.freeze()
            gc.unfreeze()
        if collects:
            gc.enable()
