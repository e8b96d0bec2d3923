"""Trying again what fails now and then: reads over networks and from tired disks."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PASSING = frozenset(
    {errno.EIO, errno.EAGAIN, errno.EINTR, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET, errno.EBUSY}
)


def persistently(call: Callable[[], T]) -> T:
    """What a call gives, tried up to five times within about a second while the operating system's error may pass.

    Raises:
        OSError: the error of the last attempt, or at once one that does not pass.
    """
    try:
        return call()  # without the machinery, which costs more than reading a small file
    except OSError as error:
        if not _may_pass(error):
            raise
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    again = Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(4),
        wait=wait_exponential(multiplier=0.05, max=0.5),
        reraise=True,
    )
    return again(call)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _PASSING
