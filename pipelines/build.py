"""From a plan to a finished dataset directory: run what is missing on an engine, then gather and commit."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datasets.dataset import Dataset
from datasets.errors import RealitygapError, SystemComponentError, UsageError
from datasets.shards import Shard
from datasets.source import Source
from pipelines.commit import check_rejections, collect, commit, configuration
from pipelines.garbage import uncollected
from pipelines.local import run_local
from pipelines.options import BuildOptions, WorkerKind
from pipelines.places import open_workspace, seen_anew
from pipelines.plan import Build, shard_text
from pipelines.progress import watched
from pipelines.runners import RunnerOptions
from pipelines.shard_writer import ShardJob
from pipelines.worker_processes import WorkerLost

if TYPE_CHECKING:
    from pipelines.places import AnyWorkspace

_ATTEMPTS = 3  # a driver that crashes now and then must not cost a night; one that always does must not hang it


def run_build(
    source: Source,
    build: Build,
    options: BuildOptions,
    kind: WorkerKind,
    origin: Mapping[str, str] | None = None,
    runner: RunnerOptions | None = None,
) -> Dataset:
    """Write the data set, or what is missing of an unfinished one, and commit it.

    `kind` is how workers of this machine work; an engine that `runner` names brings its own.

    Raises:
        UsageError: the target is finished already, or another build or other options stand in the way.
        RejectedError: more samples were rejected than allowed; the work done is kept.
        RealitygapError: a worker gave up.
    """
    workspace = open_workspace(build.target)
    workspace.check()
    with workspace.locked():
        if workspace.finished() and not options.overwrite:
            raise UsageError(f"{build.target} is finished already; use --overwrite to build it anew")
        work = Work(source, workspace, options, kind, runner or RunnerOptions())
        workspace.begin(configuration(source, build, options), options.overwrite)
        todo = tuple(shard for shard in build.shards if workspace.done(shard.name) is None)
        _run(work, build, todo)
        with uncollected():
            facts = collect(workspace, build)
            check_rejections(workspace, build, facts, options)
            commit(source, workspace, build, facts, options, origin or {})
    return Dataset.open(seen_anew(build.target, work.runner.beam_options))


@dataclass(frozen=True)
class Work:
    """How the shards of a build are written."""

    source: Source
    workspace: AnyWorkspace
    options: BuildOptions
    kind: WorkerKind
    runner: RunnerOptions


def _run(work: Work, build: Build, todo: tuple[Shard, ...]) -> None:
    """Run the pipeline for the shards that are missing; when a worker is lost, again for those still missing."""
    for attempts_left in reversed(range(_ATTEMPTS)):
        if not todo:
            return
        try:
            _run_once(work, build, todo)
            return
        except WorkerLost as error:
            if not attempts_left:
                raise _worker_error({"kind": "", "message": str(error)}) from error
            todo = tuple(shard for shard in todo if work.workspace.done(shard.name) is None)
            name, missing = work.source.name, len(todo)
            print(f"{name}: {error}; going on with the {missing} shards that are missing", file=sys.stderr)


def _run_once(work: Work, build: Build, todo: tuple[Shard, ...]) -> None:
    ready = build.examples - sum(len(shard.items) for shard in todo)
    workers = work.options.worker_count(len(todo))
    workspace = work.workspace
    workspace.forget_progress()
    workspace.save_plans((shard.name, shard_text(shard)) for shard in todo)
    names = [shard.name for shard in todo]

    def poll() -> tuple[int, int]:
        done, rejected = workspace.progress()
        return ready + done, rejected

    with watched(work.source.name, build.examples, poll) as say:
        try:
            job = ShardJob(work.source, workspace, work.options.verify, work.runner.beam_options)
            if work.runner.runner == "local":
                run_local(job, names, workers, work.kind)
            else:
                from pipelines.engines import run_remote

                run_remote(job, names, workers, work.runner, say)
        except (WorkerLost, UsageError, SystemComponentError):
            raise
        except Exception as error:
            failure = workspace.failure()
            if failure is None and work.runner.runner == "local":
                raise
            raise _worker_error(failure or _engine_failure(work, error)) from error


def _engine_failure(work: Work, error: Exception) -> dict[str, str]:
    said = str(error).strip().splitlines() or [type(error).__name__]
    words = said[0] if isinstance(error, RealitygapError) else f"the {work.runner.runner} job failed: {said[-1]}"
    return {"kind": "", "message": f"{words} (more in {work.workspace.log})"}


def _worker_error(failure: Mapping[str, str]) -> RealitygapError:
    kinds = {"SystemComponentError": SystemComponentError, "UsageError": UsageError}
    words = f"{failure['message']}. The finished shards are kept: run the same command again to go on"
    return kinds.get(failure["kind"], RealitygapError)(words)
