"""Where everything is kept that can be made or fetched anew at any time."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "REALITYGAP_CACHE"
"""The environment variable that names another folder."""


def cache_folder() -> Path:
    """`REALITYGAP_CACHE`, else our part of the user's cache folder (XDG base directories)."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "realitygap"
