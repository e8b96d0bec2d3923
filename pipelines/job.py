"""What the commands that build a data set share: show the plan, or run it and say what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.describe import describe, human_bytes
from datasets.source import Source
from pipelines.garbage import uncollected
from pipelines.options import BuildOptions, WorkerKind
from pipelines.plan import Build, plan_build
from pipelines.runners import RunnerOptions, local_kind


@dataclass(frozen=True)
class Job:
    """One data set to build.

    Attributes:
        source: where the samples come from.
        data_dir: the data set goes to `data_dir/NAME/VERSION`.
        options: of the build.
        suits: the kind of local workers that suits the source.
        runner: the engine.
        origin: facts of the machine for the manifest.
    """

    source: Source
    data_dir: Path
    options: BuildOptions
    suits: WorkerKind
    runner: RunnerOptions
    origin: Mapping[str, str]

    def run_or_show(self, console: Any) -> None:
        """Build the data set and print what it holds and what it cost; with `--dry-run` print the plan."""
        with uncollected():
            build = plan_build(self.source, self.data_dir, self.options)
        kind = local_kind(build, self.suits, self.options, self.runner.worker_kind)
        if self.options.dry_run:
            for line in (*plan_lines(build), *self._estimate_lines(build, kind)):
                console.print(line, soft_wrap=True, markup=False)
            return
        from pipelines.build import run_build

        began, cpu = time.perf_counter(), _cpu_seconds()
        dataset = run_build(self.source, build, self.options, kind, self.origin, self.runner)
        seconds, spent = time.perf_counter() - began, _cpu_seconds() - cpu
        console.print(describe(dataset, schema=False))
        size = sum(split.bytes for split in dataset.manifest.splits.values())
        busy = min(spent / seconds, len(os.sched_getaffinity(0)))  # workers may have begun before the clock
        cores = (
            f", {busy:.1f} cores used" if self.runner.job_endpoint is None and self.runner.runner != "dataflow" else ""
        )
        rate = f"{build.examples / seconds:,.0f}/s, {human_bytes(int(size / seconds))}/s"
        console.print(
            f"{build.examples:,} examples, {human_bytes(size)} in {seconds:.1f} s: {rate}{cores}", soft_wrap=True
        )

    def _estimate_lines(self, build: Build, kind: WorkerKind) -> tuple[str, ...]:
        from pipelines.estimate import measure

        workers = 1 if kind == "in-process" else self.options.worker_count(len(build.shards))
        sample = measure(self.source, build, self.options.verify)
        where = f"on {workers} {'worker' if workers == 1 else 'workers'}"
        if self.runner.runner == "local":
            where += f" ({kind})"
        return sample.lines(build, workers, where)


def plan_lines(build: Build) -> tuple[str, ...]:
    """What would be done, for the user."""
    lines = [f"would write {build.target}: {build.examples:,} examples, about {human_bytes(build.bytes)}"]
    for split in sorted({shard.split for shard in build.shards}):
        shards = [shard for shard in build.shards if shard.split == split]
        items = [item for shard in shards for item in shard.items]
        each = human_bytes(sum(item.size_bytes for item in items) // len(shards))
        lines.append(f"  {split}: {len(items):,} examples in {len(shards):,} shards of about {each}")
    for kind, names in build.plan.findings.items():
        more = " ..." if len(names) > 6 else ""
        lines.append(f"  found in the source: {len(names)} {kind}: {', '.join(names[:6])}{more}")
    return tuple(lines)


def _cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
