from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from datasets.pets import Pets
from pipelines import estimate
from pipelines.job import Job
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
from pipelines.runners import RunnerOptions
from tests.fixtures import PetsTree


def told(tree: PetsTree, data_dir: Path, **options: object) -> str:
    out = io.StringIO()
    job = Job(Pets(tree.root), data_dir, BuildOptions(**options), "threads", RunnerOptions(), {})
    job.run_or_show(Console(file=out, width=200))
    return out.getvalue()


def test_a_dry_run_prints_shards_sizes_and_a_measured_time(pets_tree: PetsTree, tmp_path: Path) -> None:
    text = told(pets_tree, tmp_path / "data", dry_run=True, num_shards=2)
    assert re.search(r"would write .*oxford_iiit_pet/1.0.0: 10 examples, about [\d.]+ kB", text)
    assert re.search(r"train: 6 examples in 2 shards of about [\d.]+ kB", text)
    assert re.search(r"time: about \d+ seconds on 1 worker \(in-process\), for [\d.]+ kB of records", text)
    assert re.search(r"measured just now: 10 items in [\d.]+ s .*scratch folder", text)
    assert not (tmp_path / "data").exists()


def test_the_estimate_says_what_it_cannot_measure(pets_tree: PetsTree, tmp_path: Path) -> None:
    def broken() -> None:
        raise OSError(13, "no driver")

    source = Pets(pets_tree.root)
    object.__setattr__(source, "open_reader", broken)
    planned = plan_build(source, tmp_path, BuildOptions())
    sample = estimate.measure(source, planned, "full")
    assert sample.lines(planned, 1, "here") == ("time: not estimated, for the sample failed: [Errno 13] no driver",)


def test_the_estimate_adds_up() -> None:
    class Planned:
        examples = 10_000

    (first, second) = estimate.Measured(items=100, seconds=2.0, start_s=1.5, bytes=5000).lines(
        Planned(), 2, "on 2 workers"
    )
    assert first == "time: about 2 minutes on 2 workers, for 500.0 kB of records"
    assert "100 items in 2.00 s on one worker after 1.5 s" in second


def test_the_estimate_holds(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "realitygap", "convert", "digits", "scikit-learn", str(tmp_path), "--dry-run"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert re.search(r"time: about [0-9] seconds", said)


def test_the_summary_tells_throughput_cores_and_bytes(pets_tree: PetsTree, tmp_path: Path) -> None:
    text = told(pets_tree, tmp_path)
    found = re.search(r"10 examples, ([\d.]+) kB in ([\d.]+) s: (\d+)/s, [\d.]+ [kM]B/s, (\d\.\d) cores used", text)
    assert found, text
    assert 0.1 < float(found[4]) < 3


@pytest.mark.parametrize("count, wanted", [(1, 1), (4, 4), (50, 10)])
def test_the_sample_is_spread_over_the_build(pets_tree: PetsTree, tmp_path: Path, count: int, wanted: int) -> None:
    planned = plan_build(Pets(pets_tree.root), tmp_path, BuildOptions(num_shards=2))
    items = estimate._share(planned, count).items
    assert len({item.key for item in items}) == len(items) == wanted
