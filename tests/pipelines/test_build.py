from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from datasets.dataset import Dataset
from datasets.errors import RealitygapError, RejectedError, UsageError
from datasets.pets import Pets
from datasets.png import encode_png
from datasets.verification import verify
from pipelines.build import run_build
from pipelines.options import BuildOptions, WorkerKind
from pipelines.plan import plan_build
from pipelines.runners import RunnerOptions
from tests.conftest import convert
from tests.fixtures import PetsTree, trimap


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def build(
    tree: PetsTree,
    data_dir: Path,
    kind: WorkerKind = "threads",
    runner: RunnerOptions | None = None,
    **options: object,
) -> Dataset:
    source, build_options = Pets(tree.root), BuildOptions(**({"num_shards": 3, "workers": 1} | options))
    return run_build(source, plan_build(source, data_dir, build_options), build_options, kind, runner=runner)


def test_the_bytes_do_not_depend_on_the_workers(pets_tree: PetsTree, tmp_path: Path) -> None:
    one = build(pets_tree, tmp_path / "one", workers=1)
    two = build(pets_tree, tmp_path / "two", workers=2)
    processes = build(pets_tree, tmp_path / "processes", "processes", workers=2)
    assert digests(one.directory) == digests(two.directory) == digests(processes.directory)
    assert verify(one) == ()


def test_the_bytes_do_not_depend_on_hash_seed_locale_or_time_zone(pets_tree: PetsTree, tmp_path: Path) -> None:
    wanted = digests(build(pets_tree, tmp_path / "here").directory)
    for number, environment in enumerate(
        ({"PYTHONHASHSEED": "1", "LC_ALL": "C"}, {"PYTHONHASHSEED": "2", "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"})
    ):
        data_dir = tmp_path / str(number)
        words = ["convert", "pets", str(pets_tree.root), str(data_dir), "--num-shards", "3"]
        subprocess.run([sys.executable, "-m", "realitygap", *words], env=os.environ | environment, check=True)
        assert digests(data_dir / "oxford_iiit_pet/1.0.0") == wanted


def test_the_manifest_names_every_shard_with_its_checksum(pets_set: Dataset) -> None:
    found = digests(pets_set.directory)
    for facts in pets_set.manifest.splits.values():
        for shard in facts.shards:
            assert found[shard.file] == shard.sha256
            assert (pets_set.directory / shard.file).stat().st_size == shard.bytes
    described = {"manifest.json", "dataset_info.json", "features.json", "rejected.jsonl", "keys.tsv", "README.md"}
    listed = {shard.file for facts in pets_set.manifest.splits.values() for shard in facts.shards}
    assert {name for name in found if not name.endswith(".labels.txt")} == described | listed


def test_a_finished_set_is_left_alone_unless_told(pets_tree: PetsTree, tmp_path: Path) -> None:
    first = build(pets_tree, tmp_path)
    with pytest.raises(UsageError, match="is finished already; use --overwrite"):
        build(pets_tree, tmp_path, seed=1)
    assert digests(first.directory) == digests(build(pets_tree, tmp_path, overwrite=True).directory)
    assert build(pets_tree, tmp_path, seed=1, overwrite=True).manifest.configuration["seed"] == 1


def test_rejected_samples_hold_the_set_back_until_they_are_accepted(pets_tree: PetsTree, tmp_path: Path) -> None:
    bad_ids = trimap(30, 40)
    bad_ids[0, 0] = 77
    pets_tree.write("annotations/trimaps/pug_2.png", encode_png(bad_ids))
    pets_tree.write("images/pug_3.jpg", b"\xff\xd8\xffcut")
    with pytest.raises(RejectedError, match=r"2 of 10 samples were rejected, 0 allowed: pug_3 .*; pug_2 .*\[77\]"):
        build(pets_tree, tmp_path)
    assert not (tmp_path / "oxford_iiit_pet/1.0.0").exists()
    with pytest.raises(RejectedError):
        build(pets_tree, tmp_path, max_rejected=1)
    dataset = build(pets_tree, tmp_path, max_rejected=2)
    assert [(r.split, r.key, r.file) for r in dataset.rejections()] == [
        ("test", "pug_3", "images/pug_3.jpg"),
        ("train", "pug_2", "images/pug_2.jpg"),
    ]
    assert dataset.manifest.rejected == 2
    assert {split: facts.examples for split, facts in dataset.manifest.splits.items()} == {"test": 3, "train": 5}
    assert verify(dataset) == ()


@pytest.mark.parametrize("verify", ["full", "fast"])
@pytest.mark.parametrize("cut", [700, -2])
def test_a_cut_photograph_is_rejected_with_its_file(pets_tree: PetsTree, tmp_path: Path, verify: str, cut: int) -> None:
    path = pets_tree.root / "images/pug_3.jpg"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(RejectedError, match=r"pug_3 \(images/pug_3.jpg\): the JPEG is damaged"):
        build(pets_tree, tmp_path, verify=verify)


def test_an_image_in_two_splits_is_named(pets_tree: PetsTree, tmp_path: Path) -> None:
    assert "images in more than one split" not in build(pets_tree, tmp_path / "a").manifest.findings
    photograph = (pets_tree.root / "images/pug_2.jpg").read_bytes()
    pets_tree.write("images/pug_3.jpg", photograph)
    findings = build(pets_tree, tmp_path / "b").manifest.findings
    assert findings["images in more than one split"] == ("test/pug_3 = train/pug_2",)


def test_a_share_of_the_examples_is_chosen_by_the_seed(pets_tree: PetsTree, tmp_path: Path) -> None:
    def keys(name: str, seed: int) -> set[str]:
        return {s.key for s in build(pets_tree, tmp_path / name, seed=seed, max_examples_per_split=3).samples("train")}

    assert len(keys("a", 0)) == 3
    assert keys("a1", 0) == keys("a2", 0) <= set(PetsTree.TRAIN)
    assert any(keys(f"b{seed}", seed) != keys("a3", 0) for seed in range(1, 4))


def test_a_mended_file_is_read_again(pets_tree: PetsTree, tmp_path: Path) -> None:
    path = pets_tree.root / "annotations/trimaps/pug_2.png"
    good = path.read_bytes()
    path.write_bytes(bytes(len(good)))
    with pytest.raises(RejectedError):
        build(pets_tree, tmp_path / "a")
    path.write_bytes(good)
    assert digests(build(pets_tree, tmp_path / "a").directory) == digests(build(pets_tree, tmp_path / "b").directory)


KILLER = """
import itertools, os, signal, sys
from pathlib import Path
import apache_beam.runners.portability.fn_api_runner
from pipelines import graph
from tests.pipelines.test_build import build
from tests.fixtures import PetsTree

calls = 0
def dying(owner, name):
    original = getattr(owner, name)
    def call(*words, **more):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*words, **more)
    setattr(owner, name, call)

for name in ("fsync", "unlink", "rmdir"):
    dying(os, name)  # Path.unlink and shutil.rmtree call the latter two
for name in ("replace", "rename"):
    dying(Path, name)
tree = object.__new__(PetsTree)
tree.root = Path(sys.argv[1])
for step in itertools.count(int(sys.argv[3])):
    child = os.fork()  # importing Beam is what takes long
    if not child:
        build(tree, Path(sys.argv[2]) / str(step))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print(step, os.waitstatus_to_exitcode(status), flush=True)
    if status != signal.SIGKILL or len(sys.argv) > 4:
        break
"""


def killed_builds(tree: PetsTree, folder: Path, first: int, *only: str) -> dict[int, int]:
    """Build into `folder/STEP`, killed at the file operation STEP, from `first` on until none is left to be killed at.

    Gives the exit code of each.
    """
    words = [sys.executable, "-c", KILLER, str(tree.root), str(folder), str(first), *only]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {int(step): int(code) for step, code in (line.split() for line in done.stdout.splitlines())}


@pytest.mark.slow
def test_killed_at_any_step_nothing_half_is_seen_and_a_rerun_gives_the_same_bytes(
    pets_tree: PetsTree, tmp_path: Path
) -> None:
    wanted = digests(build(pets_tree, tmp_path / "undisturbed").directory)
    otherwise = digests(build(pets_tree, tmp_path / "otherwise", seed=5).directory)
    folder = tmp_path / "killed"
    steps = killed_builds(pets_tree, folder, 1)
    assert list(steps.values()) == [-signal.SIGKILL] * (len(steps) - 1) + [0]
    assert len(steps) > 60
    for step in steps:
        data_dir = folder / str(step)
        data_dir.mkdir(parents=True, exist_ok=True)
        target = data_dir / "oxford_iiit_pet/1.0.0"
        if not target.exists():
            other = tmp_path / f"other-{step}"
            shutil.copytree(data_dir, other)
            with contextlib.suppress(UsageError):
                assert digests(build(pets_tree, other, seed=5).directory) == otherwise
            build(pets_tree, data_dir)
        assert digests(target) == wanted


def test_what_stands_is_not_written_again(pets_tree: PetsTree, tmp_path: Path) -> None:
    assert killed_builds(pets_tree, tmp_path, 24, "only") == {24: -signal.SIGKILL}
    data_dir = tmp_path / "24"
    unfinished = data_dir / "oxford_iiit_pet/.1.0.0.unfinished"
    done = [path.name.removesuffix(".facts.json") for path in unfinished.glob("*.facts.json")]
    before = {name: (unfinished / name).stat().st_ino for name in done}
    assert before
    dataset = build(pets_tree, data_dir)
    after = {path.name: path.stat().st_ino for path in dataset.directory.glob("*.tfrecord-*")}
    assert {name: after[name] for name in before} == before
    assert len(after) == 6


def test_an_unfinished_build_with_other_options_is_refused(pets_tree: PetsTree, tmp_path: Path) -> None:
    pets_tree.write("images/pug_3.jpg", b"")
    with pytest.raises(RejectedError):
        build(pets_tree, tmp_path)
    with pytest.raises(UsageError, match="seed: was 0, now 5"):
        build(pets_tree, tmp_path, seed=5)


def test_a_failing_disk_is_named_and_the_old_set_stays(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = digests(build(pets_tree, tmp_path).directory)

    def full(*words: object) -> None:
        raise OSError(28, "No space left on device", "shard")

    monkeypatch.setattr("pipelines.shard_writer.RecordWriter.write", full)
    with pytest.raises(RealitygapError, match="No space left on device.*run the same command again"):
        build(pets_tree, tmp_path, overwrite=True)
    assert digests(tmp_path / "oxford_iiit_pet/1.0.0") == old


def test_an_unexpected_fault_names_its_shard(
    pets_tree: PetsTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.shard_writer.record_parts", lambda sample: 1 / 0)
    with pytest.raises(RealitygapError, match=r"shard oxford_iiit_pet-\w+.tfrecord-0000\d-of-00003: ZeroDivisionError"):
        build(pets_tree, tmp_path)


@pytest.mark.parametrize("name, value", [("workers", 0), ("num_shards", 0), ("seed", -1), ("max_rejected", -1)])
def test_options_check_themselves(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} must be .* got {value}"):
        BuildOptions(**{name: value})


def test_paths_may_hold_anything(pets_tree: PetsTree, tmp_path: Path) -> None:
    wanted = digests(build(pets_tree, tmp_path / "plain").directory)
    odd = tmp_path / "sp ace é日 [1] *?\nline"
    root = pets_tree.root.rename(tmp_path / "pe[t]s é?")
    source = dataclasses.replace(Pets(root))
    options = BuildOptions(num_shards=3, workers=1)
    assert digests(run_build(source, plan_build(source, odd, options), options, "threads").directory) == wanted


def test_a_data_folder_that_is_a_file_is_refused(pets_tree: PetsTree, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be the data folder"):
        build(pets_tree, tmp_path / "file")


def test_the_real_pets(real_data: Path, tmp_path: Path) -> None:
    dataset = convert(Pets(real_data / "pets"), tmp_path, workers=2)
    statistics = {split: facts.statistics for split, facts in dataset.manifest.splits.items()}
    assert {split: s["examples"] for split, s in statistics.items()} == {"train": 300, "test": 298}
    assert dataset.manifest.rejected == 0
    assert dataset.manifest.findings["photographs in no official list"] == ("Abyssinian_34", "Abyssinian_82")
    notes = json.dumps([s["notes"] for s in statistics.values()])
    assert '"re-encoded-png-alpha": ["Abyssinian_5"]' in notes
    assert verify(dataset) == ()
