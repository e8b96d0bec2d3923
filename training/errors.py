"""Errors of training."""

from __future__ import annotations

from datasets.errors import RealitygapError


class DivergedError(RealitygapError):
    """The loss is no longer a number."""
