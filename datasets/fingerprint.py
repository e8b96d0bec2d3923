"""The fingerprint of a source: equal when the same items would be planned from files of the same sizes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from datasets.source import Item


def fingerprint_items(items: Iterable[Item]) -> str:
    """SHA-256 in hexadecimal over key, split, size and facts of every item, in whatever order they come."""
    rows = sorted(f"{item.key}\t{item.split}\t{item.size_bytes}\t{sorted(item.facts.items())}" for item in items)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
