"""In what two configurations differ, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from training.files import json_line


def as_stored(value: Any) -> Any:
    """Plain values as they come back from a JSON file: tuples are lists, paths are words."""
    return json.loads(json_line(value))


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any], section: str = "") -> dict[str, str]:
    """What differs, by its name with a dot before each section's own: `recipe.steps` -> `is 6 there and 7 here`.

    Args:
        stored: read from a file.
        wanted: as `as_stored` makes it.
        section: what names begin with.
    """
    found: dict[str, str] = {}
    for name in sorted({*stored, *wanted}):
        before, now, where = stored.get(name), wanted.get(name), f"{section}{name}"
        if isinstance(before, dict) and isinstance(now, dict):
            found |= differences(before, now, f"{where}.")
        elif before != now:
            found[where] = f"is {before!r} there and {now!r} here"
    return found


def told(found: Mapping[str, str]) -> str:
    """Differences as one piece of a sentence."""
    return "; ".join(f"{name} {words}" for name, words in found.items())
