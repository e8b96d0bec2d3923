"""Which engine runs a build, and how workers on this machine are chosen. Beam is not imported here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datasets.errors import UsageError
from pipelines.options import BuildOptions, WorkerKind
from pipelines.plan import Build

RUNNERS = ("local", "flink", "spark", "dataflow", "portable")

REFUSED = {
    "direct": "it first tries to download a program (Prism) from the network; --runner local does the same work here",
    "prism": "it downloads a program from the network at its start; --runner local does the same work here",
    "dask": "in Beam 2.77 it loses elements and writes others twice while it says DONE; use --runner local or flink",
}
"""Beam's runners that are never used, by the beginning of their names, and why."""

# Below both, one worker in this process is through before others have started (docs/scale.md).
_SMALL_BYTES = 16_000_000
_FEW_ITEMS = 4_000


@dataclass(frozen=True)
class RunnerOptions:
    """Where the work is done. The bytes that come out are the same everywhere.

    Attributes:
        runner: local, flink, spark, dataflow, or portable (any Beam job endpoint; without one, Beam's own job service).
            Options of Beam's follow after `--`.
        worker_kind: of local workers: auto, in-process, threads or processes.
        job_endpoint: HOST:PORT of a running job server; by default one is started for the job.
        beam_options: what followed `--` on the command line.
    """

    runner: str = "local"
    worker_kind: Literal["auto", "in-process", "threads", "processes"] = "auto"
    job_endpoint: str | None = None
    beam_options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        asked = self.runner.lower().removesuffix("runner")
        if asked in REFUSED:
            raise UsageError(f"--runner {self.runner} is not offered: {REFUSED[asked]}")
        if self.runner not in RUNNERS:
            raise UsageError(f"there is no --runner {self.runner}; there are {', '.join(RUNNERS)}")
        if self.job_endpoint and self.runner in ("local", "dataflow"):
            raise UsageError(f"--job-endpoint is for flink, spark and portable; --runner {self.runner} has none")
        if self.worker_kind != "auto" and self.runner != "local":
            raise UsageError(f"--worker-kind is for --runner local; {self.runner} brings workers of its own")
        named = [word for word in self.beam_options if word.partition("=")[0] in ("--runner", "--job_endpoint")]
        if named:
            raise UsageError(f"{named[0]} stands after --; give it before, as an option of realitygap")

    def value_of(self, name: str) -> str | None:
        """What Beam's option of that name was given after `--`, None when it was not."""
        words = self.beam_options
        for word, following in zip(words, (*words[1:], ""), strict=False):
            option, equals, value = word.partition("=")
            if option == f"--{name}":
                return value if equals else following
        return None


def local_kind(build: Build, suits: WorkerKind, options: BuildOptions, chosen: str) -> WorkerKind:
    """How local workers run: what the user chose, or what was measured to be fastest.

    Args:
        build: what is to be done.
        suits: what the work can do with: threads, or only processes where an OpenGL context belongs to one.
        options: of the build.
        chosen: `RunnerOptions.worker_kind`.
    """
    if chosen != "auto":
        return chosen  # type: ignore[return-value]
    if suits == "processes":  # also for small jobs: software OpenGL cannot live beside what the caller may have loaded
        return suits
    small = build.bytes < _SMALL_BYTES and build.examples < _FEW_ITEMS
    return "in-process" if small or options.worker_count(len(build.shards)) == 1 else "processes"
