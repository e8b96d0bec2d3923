"""The errors that users see: one clear paragraph each, with the exit code of the command that meets them."""


class RealitygapError(Exception):
    """Something the user can act on. The message names the thing, what was wanted, what came and what to do."""

    exit_code = 1


class UsageError(RealitygapError):
    """A wrong option, a path that does not fit the command, a refused combination."""

    exit_code = 2


class RejectedError(RealitygapError):
    """More samples were rejected than `--max-rejected` allows."""

    exit_code = 3


class SystemComponentError(RealitygapError):
    """A part of the system (OpenGL libraries, disk space) is missing."""

    exit_code = 4


class VerificationError(RealitygapError):
    """Stored data do not match their manifest."""

    exit_code = 5


class BadSample(RealitygapError):
    """One item of a source cannot become a sample; it goes to `rejected.jsonl` and the work goes on."""

    def __init__(self, reason: str, file: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.file = file
