from __future__ import annotations

from pathlib import Path

import pytest

import realitygap
from datasets.errors import UsageError
from datasets.shards import Shard
from datasets.source import Item, Plan
from pipelines.options import BuildOptions
from pipelines.plan import Build
from pipelines.runners import RUNNERS, RunnerOptions, local_kind


@pytest.mark.parametrize(
    "name, reason",
    [
        ("DirectRunner", "download a program"),
        ("direct", "download a program"),
        ("PrismRunner", "downloads a program"),
        ("prism", "downloads a program"),
        ("DaskRunner", "loses elements"),
        ("dask", "loses elements"),
        ("storm", "there are local, flink, spark, dataflow, portable"),
    ],
)
def test_runners_that_harm_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        RunnerOptions(name)


@pytest.mark.parametrize(
    "options, said",
    [
        ({"job_endpoint": "localhost:1"}, "--job-endpoint is for flink, spark and portable"),
        ({"runner": "flink", "worker_kind": "threads"}, "--worker-kind is for --runner local"),
        ({"runner": "flink", "beam_options": ("--runner=FlinkRunner",)}, "--runner=FlinkRunner stands after --"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RunnerOptions(**options)


def test_beams_options_are_found_in_both_spellings() -> None:
    options = RunnerOptions("flink", beam_options=("--parallelism=3", "--flink_master", "host:8081", "--flag"))
    assert options.value_of("parallelism") == "3"
    assert options.value_of("flink_master") == "host:8081"
    assert options.value_of("environment_type") is None


@pytest.mark.parametrize(
    "suits, workers, examples, item_bytes, chosen, wanted",
    [
        ("threads", 2, 1000, 100_000, "auto", "processes"),
        ("threads", 1, 1000, 100_000, "auto", "in-process"),  # alone
        ("threads", 2, 100, 100_000, "auto", "in-process"),  # small
        ("threads", 2, 1797, 300, "auto", "in-process"),  # few and tiny
        ("threads", 2, 20_000, 300, "auto", "processes"),  # tiny, but many
        ("threads", 2, 20, 2_000_000, "auto", "processes"),  # few, but large
        ("processes", 2, 10, 1000, "auto", "processes"),  # OpenGL, however small
        ("processes", 1, 10, 1000, "auto", "processes"),
        ("processes", 2, 1000, 100_000, "in-process", "in-process"),
        ("threads", 2, 1000, 100_000, "threads", "threads"),
        ("threads", 2, 10, 1000, "processes", "processes"),
    ],
)
def test_local_workers_are_what_was_measured_to_be_fastest(
    suits: str, workers: int, examples: int, item_bytes: int, chosen: str, wanted: str
) -> None:
    items = tuple(Item(f"k{index}", "train", "", item_bytes) for index in range(examples))
    shards = (Shard("a", "train", 0, items[: examples // 2]), Shard("b", "train", 1, items[examples // 2 :]))
    planned = Build(Plan(items, {}, ""), shards, Path("x"))
    assert local_kind(planned, suits, BuildOptions(workers=workers), chosen) == wanted


def test_the_command_takes_beams_options_after_two_dashes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["convert", "digits", "scikit-learn", str(tmp_path), "--runner"]
    for runner in ("prism", "dask"):
        assert realitygap.main([*words, runner]) == 2
        assert "is not offered" in capsys.readouterr().err
    assert realitygap.main([*words, "dataflow", "--", "--project=p"]) == 2
    assert "gs://BUCKET/FOLDER only" in capsys.readouterr().err
    assert realitygap.main(["list", "scenes", "--", "--x"]) == 2
    assert "takes no options after --" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["in-process", "threads", "processes"])
def test_every_kind_of_local_worker_can_be_asked_for(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["convert", "digits", "scikit-learn", str(tmp_path), "--num-shards", "2", "--workers", "2"]
    assert realitygap.main([*words, "--worker-kind", kind]) == 0
    assert "cores used" in capsys.readouterr().out


def test_every_runner_is_explained_to_users() -> None:
    page = (Path(__file__).parents[2] / "docs/engines.md").read_text("utf-8")
    assert all(f"--runner {name}" in page for name in RUNNERS)
