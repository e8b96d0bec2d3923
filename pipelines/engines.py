"""The engines beyond this process: any Beam job endpoint (Flink, Spark, Beam's own job service), and Dataflow."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.portable_runner import PortableRunner

from datasets.errors import RealitygapError, SystemComponentError, UsageError
from pipelines.graph import WriteShard, build_graph
from pipelines.job_servers import job_server
from pipelines.local import chatter_in
from pipelines.remote_workspace import RemoteWorkspace
from pipelines.runners import RunnerOptions
from pipelines.shard_writer import ShardJob
from pipelines.worker_pools import WorkerPools

Say = Callable[[str], None]
"""Tells the user one sentence."""

_LOOK_EVERY_S = 0.3


def run_remote(job: ShardJob, shards: Sequence[str], workers: int, runner: RunnerOptions, say: Say) -> None:
    """Write the shards on an engine; returns when all are written.

    Raises:
        UsageError: an option that the engine needs is missing.
        SystemComponentError: a program or package that it needs is missing.
        RealitygapError: the job failed, or a worker pool of ours was lost.
    """
    with ExitStack() as stack:
        stack.enter_context(chatter_in(job.workspace.log))
        watch: Callable[[], str | None] = lambda: None  # noqa: E731
        if runner.runner == "dataflow":
            engine, options = _dataflow(job, runner)
        else:
            endpoint = stack.enter_context(job_server(runner, workers))
            words = portable_words(runner, endpoint, workers)
            if runner.value_of("environment_type") is None:
                pools = stack.enter_context(WorkerPools(workers, say))
                words += ["--environment_type=EXTERNAL", f"--environment_config={pools.address}"]
                watch = pools.lost
            engine, options = PortableRunner(), PipelineOptions(words)
        try:
            pipeline = beam.Pipeline(runner=engine, options=options)
        except ValueError as error:
            raise UsageError(f"--runner {runner.runner}: {' '.join(str(error).split())}") from None
        build_graph(pipeline, WriteShard(job), shards)
        result = _submit(pipeline, runner, options)
        say(f"{runner.runner} {_link(result, runner, options)}; Ctrl-C cancels it, the same command goes on with it")
        _wait(result, watch)


def portable_words(runner: RunnerOptions, endpoint: str, workers: int) -> list[str]:
    """Beam's options for a job endpoint; the user's own come last and win."""
    spread = {
        "flink": [f"--parallelism={workers}", f"--sdk_worker_parallelism={workers}"],
        "spark": [f"--sdk_worker_parallelism={workers}"],
        "portable": [f"--direct_num_workers={workers}"],
    }
    return [f"--job_endpoint={endpoint}", *spread[runner.runner], *runner.beam_options]


def _dataflow(job: ShardJob, runner: RunnerOptions) -> tuple[Any, PipelineOptions]:
    """Dataflow's runner and options.

    Its workers see no path of this machine and lack our packages, so the target must be remote and an image be named.
    """
    if not isinstance(job.workspace, RemoteWorkspace):
        raise UsageError("--runner dataflow writes to gs://BUCKET/FOLDER only: its workers cannot see a local folder")
    for name in ("project", "region", "temp_location", "sdk_container_image"):
        if runner.value_of(name) is None:
            raise UsageError(f"--runner dataflow needs -- --{name}=...; docs/engines.md shows a whole command line")
    try:
        from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
        from apache_beam.runners.dataflow.internal import apiclient  # noqa: F401  # fails without the clients

        return DataflowRunner(), PipelineOptions(list(runner.beam_options))
    except ImportError as error:
        raise SystemComponentError(
            f"--runner dataflow needs Google's clients ({error}): pip install 'apache-beam[gcp]=={beam.__version__}'"
        ) from error


def _submit(pipeline: beam.Pipeline, runner: RunnerOptions, options: PipelineOptions) -> Any:
    try:
        return pipeline.run()
    except (grpc.FutureTimeoutError, grpc.RpcError) as error:
        endpoint = options.get_all_options().get("job_endpoint")
        raise RealitygapError(f"no job server answers at {endpoint} ({str(error) or type(error).__name__})") from error


def _wait(result: Any, watch: Callable[[], str | None]) -> None:
    """Wait for a job, looking after the workers meanwhile: engines may wait for a lost one for ever.

    Ctrl-C cancels the job.
    """
    outcomes: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            result.wait_until_finish()
            outcomes.put(None)
        except BaseException as error:
            outcomes.put(error)

    threading.Thread(target=work, name="job", daemon=True).start()
    try:
        while True:
            with contextlib.suppress(queue.Empty):
                outcome = outcomes.get(timeout=_LOOK_EVERY_S)
                if outcome is not None:
                    raise outcome
                return
            lost = watch()
            if lost:
                raise RealitygapError(lost)
    except BaseException:
        with contextlib.suppress(Exception):
            result.cancel()
        raise


def _link(result: Any, runner: RunnerOptions, options: PipelineOptions) -> str:
    """Where the user can watch the job."""
    job = result.job_id() if callable(getattr(result, "job_id", None)) else getattr(result, "_job_id", "?")
    if runner.runner == "dataflow":
        place = f"{runner.value_of('region')}/{job}?project={runner.value_of('project')}"
        return f"job {job}, https://console.cloud.google.com/dataflow/jobs/{place}"
    master = runner.value_of("flink_master") or runner.value_of("spark_master_url")
    endpoint = options.get_all_options().get("job_endpoint")
    return f"job {job} at {endpoint}" + (f", its cluster's page is at {master}" if master else "")
