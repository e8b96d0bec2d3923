"""What Flink and Dataflow are handed: the graph as a protocol buffer. Translated and read back here, not executed."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.internal import pickler
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2 as proto
from apache_beam.runners.portability.portable_runner import PortableRunner
from apache_beam.transforms.environments import DockerEnvironment

from datasets.camvid import CamVid
from datasets.cityscapes import Cityscapes
from datasets.digits import Digits
from datasets.errors import SystemComponentError, UsageError
from datasets.pets import Pets
from pipelines.engines import portable_words, run_remote
from pipelines.frames import Frames
from pipelines.graph import WriteShard, build_graph
from pipelines.options import BuildOptions
from pipelines.places import open_workspace
from pipelines.plan import plan_build, shard_of, shard_text
from pipelines.remote_path import place_of
from pipelines.runners import RunnerOptions
from pipelines.shard_writer import ShardJob
from rendering.digits import DigitScenes
from tests.fixtures import CamVidTree, CityscapesTree, PetsTree

IMAGE = "registry/realitygap:1"
DATAFLOW = ("--project=p", "--region=r", "--temp_location=gs://b/tmp", f"--sdk_container_image={IMAGE}")


def graph(words: list[str], data_dir: str) -> tuple[proto.Pipeline, ShardJob]:
    source = Frames(DigitScenes(size=(16, 16)), 40)
    planned = plan_build(source, place_of(data_dir), BuildOptions(num_shards=8))
    job = ShardJob(source, open_workspace(planned.target), "full")
    options = PipelineOptions(words)
    pipeline = beam.Pipeline(runner=PortableRunner(), options=options)
    build_graph(pipeline, WriteShard(job), [shard.name for shard in planned.shards])
    made = PortableRunner.get_proto_pipeline(pipeline, options)
    return proto.Pipeline.FromString(made.SerializeToString()), job


def environments(found: proto.Pipeline) -> set[tuple[str, bytes]]:
    used = {t.environment_id for t in found.components.transforms.values() if t.environment_id}
    return {(found.components.environments[name].urn, found.components.environments[name].payload) for name in used}


@pytest.mark.parametrize("runner", ["flink", "spark"])
def test_the_graph_for_a_job_server(runner: str, tmp_path: Path) -> None:
    external = ["--environment_type=EXTERNAL", "--environment_config=localhost:50000"]
    found, job = graph(portable_words(RunnerOptions(runner), "localhost:8099", 2) + external, str(tmp_path))
    ((urn, payload),) = environments(found)
    assert urn == common_urns.environments.EXTERNAL.urn
    assert proto.ExternalPayload.FromString(payload).endpoint.url == "localhost:50000"
    _check_steps(found, job)


def test_the_graph_for_dataflow() -> None:
    words = ["--environment_type=DOCKER", f"--environment_config={IMAGE}", *DATAFLOW]
    found, job = graph(words, "gs://b/data")
    ((urn, payload),) = environments(found)
    assert urn == common_urns.environments.DOCKER.urn
    assert proto.DockerPayload.FromString(payload).container_image == IMAGE
    assert job.workspace.url == "gs://b/data/rendered/1.0.0"
    _check_steps(found, job)
    assert len(found.SerializeToString()) < 10_000_000  # Dataflow takes no more
    assert DockerEnvironment.from_container_image(IMAGE).to_runner_api(None).payload == payload


def _check_steps(found: proto.Pipeline, job: ShardJob) -> None:
    """Standard steps only, and a worker that unpickles its step has everything it needs."""
    primitives = {t.spec.urn for t in found.components.transforms.values() if not t.subtransforms and t.spec.urn}
    known = {step.urn for step in vars(common_urns.primitives).values() if hasattr(step, "urn")}
    known |= {step.urn for step in vars(common_urns.composites).values() if hasattr(step, "urn")}
    assert primitives <= known
    (write,) = (t for t in found.components.transforms.values() if t.unique_name.endswith("Write"))
    step = proto.ParDoPayload.FromString(write.spec.payload)
    restored = pickler.loads(step.do_fn.payload)[0]
    assert isinstance(restored, WriteShard)
    assert restored.job == job


@pytest.mark.parametrize("missing", range(len(DATAFLOW)))
def test_dataflow_says_which_option_is_missing(missing: int) -> None:
    words = tuple(word for index, word in enumerate(DATAFLOW) if index != missing)
    _, job = graph([], "gs://b/data")
    name = DATAFLOW[missing].partition("=")[0]
    with pytest.raises(UsageError, match=f"--runner dataflow needs -- {name}="):
        run_remote(job, (), 1, RunnerOptions("dataflow", beam_options=words), print)


def test_dataflow_needs_a_remote_target_and_googles_clients(tmp_path: Path) -> None:
    _, local = graph([], str(tmp_path))
    local.workspace.forget_progress()
    with pytest.raises(UsageError, match="gs://BUCKET/FOLDER only"):
        run_remote(local, (), 1, RunnerOptions("dataflow", beam_options=DATAFLOW), print)
    _, remote = graph([], "gs://b/data")
    with pytest.raises(SystemComponentError, match=r"pip install 'apache-beam\[gcp\]==2.77.0'"):
        run_remote(remote, (), 1, RunnerOptions("dataflow", beam_options=DATAFLOW), print)


def test_a_graph_does_not_grow_with_the_examples(tmp_path: Path) -> None:
    """Workers are sent names of shards; what each is to hold lies in the workspace."""
    sizes = {}
    for frames in (100, 10_000):
        source = Frames(DigitScenes(size=(16, 16)), frames)
        planned = plan_build(source, tmp_path, BuildOptions(num_shards=8))
        pipeline = beam.Pipeline(runner=PortableRunner(), options=PipelineOptions([]))
        job = ShardJob(source, open_workspace(planned.target), "full")
        build_graph(pipeline, WriteShard(job), [shard.name for shard in planned.shards])
        sizes[frames] = len(pipeline.to_runner_api().SerializeToString())
    assert abs(sizes[10_000] - sizes[100]) < 100
    for shard in planned.shards:
        assert shard_of(shard_text(shard)) == shard


def test_the_plans_of_real_sources_survive_being_text(pets_tree: PetsTree, tmp_path: Path) -> None:
    cityscapes, camvid = CityscapesTree(tmp_path / "cityscapes"), CamVidTree(tmp_path / "camvid")
    for source in (Pets(pets_tree.root), Cityscapes(cityscapes.root), CamVid(camvid.root), Digits()):
        for shard in plan_build(source, tmp_path, BuildOptions()).shards:
            assert shard_of(shard_text(shard)) == shard
