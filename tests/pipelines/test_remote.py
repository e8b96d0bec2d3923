"""Sources and targets in an object store that throttles, fails and loses connections."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from apache_beam.io.filesystems import FileSystems

import realitygap
from datasets.dataset import Dataset
from datasets.errors import RealitygapError, UsageError
from datasets.file_tree import FileTree
from datasets.pets import Pets
from datasets.verification import verify
from pipelines.build import run_build
from pipelines.frames import Frames
from pipelines.options import BuildOptions
from pipelines.plan import plan_build
from pipelines.remote_path import RemotePath, _copies, copied_folder, place_of
from pipelines.remote_storage import RemoteStorage
from pipelines.remote_workspace import RemoteWorkspace
from rendering.turntable import TurntableScenes
from tests.fixtures import PetsTree
from tests.pipelines.fake_store import FakeStore, TooManyRequests
from tests.pipelines.test_build import build, digests

TARGET = "fake://bucket/data/oxford_iiit_pet/1.0.0/"
MANIFEST = TARGET + "manifest.json"


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeStore]]:
    FakeStore.reset()
    monkeypatch.setattr("tenacity.wait_exponential", lambda **words: lambda state: 0.0)  # the waits are not the point
    yield FakeStore
    FakeStore.reset()


def build_there(tree: PetsTree, **options: object) -> Dataset:
    source, build_options = Pets(tree.root), BuildOptions(**({"num_shards": 2, "workers": 1} | options))
    there = place_of("fake://bucket/data")
    return run_build(source, plan_build(source, there, build_options), build_options, "threads")


def here(tree: PetsTree, tmp_path: Path) -> dict[str, str]:
    return digests(build(tree, tmp_path / "here", num_shards=2).directory)


def there() -> dict[str, str]:
    found = {path: data for path, data in FakeStore.objects.items() if path.startswith(TARGET)}
    return {path.removeprefix(TARGET): hashlib.sha256(data).hexdigest() for path, data in sorted(found.items())}


def put(folder: Path, url: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            FakeStore.objects[f"{url}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()


def test_a_remote_target_gets_the_same_bytes_and_the_manifest_last(pets_tree: PetsTree, tmp_path: Path) -> None:
    dataset = build_there(pets_tree)
    assert there() == here(pets_tree, tmp_path)
    assert FakeStore.written[-1] == MANIFEST
    assert FakeStore.written.count(MANIFEST) == 1
    assert not [path for path in FakeStore.objects if ".unfinished" in path]
    assert verify(dataset) == ()
    assert dataset.sample("pug_3").file_name == "images/pug_3.jpg"
    with pytest.raises(UsageError, match="is finished already; use --overwrite"):
        build_there(pets_tree)
    build_there(pets_tree, overwrite=True)
    assert there() == here(pets_tree, tmp_path / "again")


def test_inspect_and_verify_take_urls(
    pets_tree: PetsTree, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_there(pets_tree)
    local, url = build(pets_tree, tmp_path, num_shards=2).directory, TARGET.rstrip("/")

    def said(*words: str) -> str:
        assert realitygap.main(list(words)) == 0
        return capsys.readouterr().out

    opened = Counter[str]()
    FakeStore.fault = staticmethod(lambda operation, path, call: opened.update([path] if operation == "open" else []))
    assert said("inspect", url, "--json") == said("inspect", str(local), "--json").replace(str(local), url)
    assert not [path for path in opened if "tfrecord" in path]  # only what describes the data is fetched
    assert url in said("inspect", "fake://bucket/data/oxford_iiit_pet").replace("\n", "")
    assert said("verify", url, "--json") == said("verify", str(local), "--json")
    assert all(count == 1 for path, count in opened.items() if "tfrecord" in path)
    assert not [path for path in Path(_copies().name).rglob("*.tfrecord-*")]  # however large the set
    said("inspect", url, "--show", str(tmp_path / "far.png"), "--key", "pug_3")
    said("inspect", str(local), "--show", str(tmp_path / "near.png"), "--key", "pug_3")
    assert (tmp_path / "far.png").read_bytes() == (tmp_path / "near.png").read_bytes()


def test_verify_names_what_is_wrong_behind_a_url(pets_tree: PetsTree, capsys: pytest.CaptureFixture[str]) -> None:
    build_there(pets_tree)
    cut, changed, *_ = [path for path in sorted(FakeStore.objects) if "train.tfrecord" in path]
    (missing, *_) = [path for path in sorted(FakeStore.objects) if "test.tfrecord" in path]
    FakeStore.objects[cut] = FakeStore.objects[cut][:-3]
    middle = len(FakeStore.objects[changed]) // 2
    bits = FakeStore.objects[changed]
    FakeStore.objects[changed] = bits[:middle] + bytes([bits[middle] ^ 1]) + bits[middle + 1 :]
    del FakeStore.objects[missing]
    assert realitygap.main(["verify", TARGET]) == 5
    said = capsys.readouterr().err
    for path, words in ((cut, "record"), (changed, "fails its CRC"), (missing, "the file is missing")):
        assert any(path.rpartition("/")[2] in line and words in line for line in said.splitlines())


@pytest.mark.parametrize(
    "url, wanted",
    [
        ("fake://bucket/nothing", "fake://bucket/nothing is no data set"),
        ("fake://bucket/data", "fake://bucket/data is no data set"),
        ("strange://bucket/data", "strange://bucket/data"),
    ],
)
def test_a_url_without_a_data_set_is_refused_in_words(
    pets_tree: PetsTree, capsys: pytest.CaptureFixture[str], url: str, wanted: str
) -> None:
    build_there(pets_tree)
    for command in ("inspect", "verify"):
        assert realitygap.main([command, url]) == 2
        assert wanted in capsys.readouterr().err


def test_inspect_and_verify_are_patient(pets_tree: PetsTree, capsys: pytest.CaptureFixture[str]) -> None:
    build_there(pets_tree)
    seen = Counter[str]()

    def throttle(operation: str, path: str, call: int) -> None:
        seen[path] += 1
        if seen[path] <= 2:
            raise TooManyRequests("slow down")

    FakeStore.fault = staticmethod(throttle)
    for command in ("inspect", "verify"):
        seen.clear()
        assert realitygap.main([command, TARGET]) == 0
    assert "complete and unchanged" in capsys.readouterr().out


def test_a_remote_source_gives_the_same_bytes(pets_tree: PetsTree, tmp_path: Path) -> None:
    put(pets_tree.root, "fake://bucket/pets")
    listings = Counter[str]()
    FakeStore.fault = staticmethod(lambda operation, path, call: listings.update([operation]))
    source = Pets(place_of("fake://bucket/pets"))
    options = BuildOptions(num_shards=2, workers=1)
    dataset = run_build(source, plan_build(source, tmp_path / "there", options), options, "threads")
    assert digests(dataset.directory) == here(pets_tree, tmp_path)
    assert listings["list"] == 1  # not one a file
    again = pickle.loads(pickle.dumps(source))
    assert again == source
    assert again.root.is_dir()


def test_a_tree_in_a_store_is_read_like_one_here(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("gtFine/train/x.png", b"zipped")
    (tmp_path / "gtFine/val").mkdir(parents=True)
    (tmp_path / "gtFine/val/é [1].png").write_bytes(b"plain")
    (tmp_path / "sub/camera").mkdir(parents=True)
    (tmp_path / "sub/camera/c.json").write_bytes(b"{}")
    put(tmp_path, "fake://bucket/br[1]ack")
    near, far = FileTree(tmp_path), FileTree(place_of("fake://bucket/br[1]ack"))
    assert far.names() == near.names()
    assert far.names("gtFine/val") == near.names("gtFine/val") == ("gtFine/val/é [1].png",)
    for name in ("gtFine", "camera", "nothing"):
        assert far.places(name) == near.places(name)
    for name in near.names():
        assert (far.read(name), far.size(name)) == (near.read(name), near.size(name))


def test_globs_and_parts_are_those_of_pathlib(tmp_path: Path) -> None:
    for name in ("images/a.jpg", "images/b.png", "top.zip", "images/deep/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    put(tmp_path, "fake://bucket/top")
    near, far = tmp_path, RemotePath("fake://bucket/top/")
    for pattern in ("*", "*.zip", "*/*.jpg", "images/*", "*/deep/*"):
        wanted = sorted(path.relative_to(near).as_posix() for path in near.glob(pattern))
        assert [str(path).removeprefix("fake://bucket/top/") for path in far.glob(pattern)] == wanted
    for name in ("images", "images/a.jpg", "nothing", "images/deep"):
        one, other = near / name, far / name
        assert (one.exists(), one.is_file(), one.is_dir()) == (other.exists(), other.is_file(), other.is_dir())
        assert (one.name, one.stem, one.suffix) == (other.name, other.stem, other.suffix)
    assert [path.name for path in (far / "images").iterdir()] == ["a.jpg", "b.png", "deep"]
    with pytest.raises(FileNotFoundError):
        (far / "nothing").stat()


def test_throttled_requests_are_made_again(pets_tree: PetsTree, tmp_path: Path) -> None:
    seen = Counter[str]()

    def throttle(operation: str, path: str, call: int) -> None:
        seen[path] += 1
        if seen[path] <= 3:  # the first three requests for every object
            raise TooManyRequests("slow down")

    FakeStore.fault = staticmethod(throttle)
    build_there(pets_tree)
    FakeStore.fault = staticmethod(lambda *words: None)
    assert there() == here(pets_tree, tmp_path)


def test_a_store_that_always_refuses_ends_the_build_in_words(pets_tree: PetsTree) -> None:
    def refuse(operation: str, path: str, call: int) -> None:
        if operation == "write" and path.startswith(TARGET):
            raise TooManyRequests("slow down")

    FakeStore.fault = staticmethod(refuse)
    with pytest.raises(RealitygapError, match=r"slow down.*The finished shards are kept: run the same command again"):
        build_there(pets_tree)


@pytest.mark.parametrize("lost", [ConnectionResetError(104, "connection reset by peer"), TimeoutError("timed out")])
def test_lost_connections_are_survived(pets_tree: PetsTree, tmp_path: Path, lost: Exception) -> None:
    def lose(operation: str, path: str, call: int) -> None:
        if call % 4 == 0:
            raise lost

    FakeStore.fault = staticmethod(lose)
    build_there(pets_tree)
    FakeStore.fault = staticmethod(lambda *words: None)
    assert there() == here(pets_tree, tmp_path)


def test_half_an_upload_is_noticed(pets_tree: PetsTree, tmp_path: Path) -> None:
    halved: list[str] = []

    def halve(operation: str, path: str, call: int) -> None:
        if operation == "size" and path.startswith(TARGET) and ".tfrecord" in path and not halved:
            halved.append(path)
            FakeStore.objects[path] = FakeStore.objects[path][:-1]

    FakeStore.fault = staticmethod(halve)
    with pytest.raises(RealitygapError, match=r"bytes were sent and .* arrived"):
        build_there(pets_tree)
    assert MANIFEST not in FakeStore.objects
    build_there(pets_tree)
    assert there() == here(pets_tree, tmp_path)


def test_failing_at_any_request_nothing_half_is_seen_and_a_rerun_gives_the_same_bytes(
    pets_tree: PetsTree, tmp_path: Path
) -> None:
    wanted = here(pets_tree, tmp_path)
    build_there(pets_tree)
    requests = FakeStore.calls
    assert requests > 50
    for number in range(1, requests + 1, 3):
        FakeStore.reset()

        def fail(operation: str, path: str, call: int, number: int = number) -> None:
            if call >= number:
                raise PermissionError(13, "the token has run out")

        FakeStore.fault = staticmethod(fail)
        with pytest.raises((RealitygapError, OSError)):
            build_there(pets_tree)
        if MANIFEST in FakeStore.objects:
            assert there() == wanted
        FakeStore.fault = staticmethod(lambda *words: None)
        _forget_owner()
        if MANIFEST not in FakeStore.objects:
            build_there(pets_tree)
        assert there() == wanted


def _forget_owner() -> None:
    """A minute passes."""
    for path in [path for path in FakeStore.objects if path.endswith("owner.json")]:
        owner = json.loads(FakeStore.objects[path])
        FakeStore.objects[path] = json.dumps(owner | {"seconds": owner["seconds"] - 100}).encode()


def test_shards_that_stand_are_not_sent_again(pets_tree: PetsTree) -> None:
    def refuse(operation: str, path: str, call: int) -> None:
        if operation == "create" and path == TARGET + "oxford_iiit_pet-test.tfrecord-00001-of-00002":
            raise PermissionError(13, "no")

    FakeStore.fault = staticmethod(refuse)
    with pytest.raises(RealitygapError, match="no"):
        build_there(pets_tree)
    FakeStore.fault = staticmethod(lambda *words: None)
    sent = [path for path in FakeStore.written if path.startswith(TARGET) and ".tfrecord" in path]
    build_there(pets_tree)
    counts = Counter(path for path in FakeStore.written if path.startswith(TARGET) and ".tfrecord" in path)
    assert sent
    assert len(counts) == 4
    assert set(counts.values()) == {1}


def test_the_second_of_two_builds_is_refused_and_the_first_is_named() -> None:
    first, second = RemoteWorkspace(TARGET.rstrip("/")), RemoteWorkspace(TARGET.rstrip("/"))
    with (
        first.locked(),
        pytest.raises(UsageError, match=r"another build .* is running \(process \d+ on"),
        second.locked(),
    ):
        pass
    with second.locked():
        pass
    first._say_owner("someone who crashed")
    _forget_owner()
    with second.locked():
        pass


def test_an_unfinished_build_with_other_options_is_refused(pets_tree: PetsTree) -> None:
    pets_tree.write("images/pug_3.jpg", b"")
    with pytest.raises(RealitygapError, match=r"rejected.*fake://bucket/data/.*/rejected.jsonl"):
        build_there(pets_tree)
    with pytest.raises(UsageError, match="seed: was 0, now 5"):
        build_there(pets_tree, seed=5)


def test_progress_is_told_by_names(pets_tree: PetsTree) -> None:
    workspace = RemoteWorkspace("fake://bucket/x")
    workspace.report_progress("a.tfrecord-0", 5, 1)
    workspace.report_progress("b.tfrecord-0", 7, 0)
    workspace.report_progress("a.tfrecord-0", 6, 1)
    calls = FakeStore.calls
    assert workspace.progress() == (13, 1)
    assert FakeStore.calls == calls + 1
    workspace.forget_progress()
    assert workspace.progress() == (0, 0)


def test_a_scheme_that_nobody_knows_is_refused(pets_tree: PetsTree) -> None:
    source = Pets(pets_tree.root)
    options = BuildOptions()
    with pytest.raises(UsageError, match=r"gs://bucket/.*apache-beam\[gcp\]"):
        run_build(source, plan_build(source, place_of("gs://bucket/x"), options), options, "threads")


def test_missing_objects_and_refusals_are_the_errors_of_files() -> None:
    storage = RemoteStorage("fake://bucket")
    with pytest.raises(FileNotFoundError):
        storage.read("nothing")
    with pytest.raises(FileNotFoundError):
        (RemotePath("fake://bucket") / "nothing").read_bytes()
    began, calls = time.monotonic(), FakeStore.calls

    def refuse(*words: object) -> None:
        raise PermissionError(13, "forbidden")

    FakeStore.fault = staticmethod(refuse)
    with pytest.raises(PermissionError, match="forbidden"):
        storage.read("x")
    assert FakeStore.calls == calls + 1  # what does not pass is not tried again
    assert time.monotonic() - began < 1


def test_a_missing_photograph_of_a_remote_source_is_rejected_by_name(pets_tree: PetsTree, tmp_path: Path) -> None:
    put(pets_tree.root, "fake://bucket/pets")
    source = Pets(place_of("fake://bucket/pets"))
    options = BuildOptions(num_shards=1, workers=1, max_rejected=1)
    planned = plan_build(source, tmp_path, options)
    del FakeStore.objects["fake://bucket/pets/images/pug_3.jpg"]
    dataset = run_build(source, planned, options, "threads")
    assert [(r.key, r.reason) for r in dataset.rejections()] == [("pug_3", "the file is missing")]
    assert dataclasses.replace(source).root == source.root


def test_models_behind_a_url_are_copied_once_to_a_path_that_every_worker_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.remote_path.gettempdir", lambda: str(tmp_path / "machine"))
    for name, data in (("assets.yaml", b"catalogue"), ("meshes/a.obj", b"v 0 0 0")):
        FakeStore.objects[f"fake://bucket/models/{name}"] = data
    source = Frames(TurntableScenes(assets="fake://bucket/models"), 3)
    folder = Path(source._scenes.assets)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        "assets.yaml",
        "meshes/a.obj",
    }
    assert (folder / "meshes/a.obj").read_bytes() == b"v 0 0 0"
    calls = FakeStore.calls
    elsewhere = pickle.loads(pickle.dumps(source))
    assert elsewhere.scenes.assets == "fake://bucket/models"
    assert Path(elsewhere._scenes.assets) == folder
    assert FakeStore.calls == calls + 1  # one listing, no download
    FakeStore.objects["fake://bucket/models/meshes/a.obj"] = b"v 0 0 0 changed"
    assert Path(Frames(TurntableScenes(assets="fake://bucket/models"), 3)._scenes.assets) != folder
    with pytest.raises(UsageError, match="fake://bucket/none holds no files"):
        copied_folder("fake://bucket/none")


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.remote_path.gettempdir", lambda: str(tmp_path / "machine"))
    FakeStore.objects["fake://bucket/models/../../../evil"] = b"x"
    with pytest.raises(UsageError, match="leads out of it"):
        copied_folder("fake://bucket/models")
    assert not list(tmp_path.rglob("evil"))


def test_filesystems_get_beams_options(pets_tree: PetsTree) -> None:
    place_of("fake://bucket/x", ("--hdfs_host=namenode",))
    from apache_beam.options.pipeline_options import HadoopFileSystemOptions

    assert FileSystems._pipeline_options.view_as(HadoopFileSystemOptions).hdfs_host == "namenode"
    FileSystems.set_options(None)


def test_the_command_takes_urls(pets_tree: PetsTree, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(pets_tree.root, "fake://bucket/pets")
    words = ["convert", "pets", "fake://bucket/pets", "fake://bucket/data", "--num-shards", "2"]
    assert realitygap.main(words) == 0
    assert "10 examples" in capsys.readouterr().out
    assert there() == here(pets_tree, tmp_path)
    assert realitygap.main(words) == 2
    assert "fake://bucket/data/oxford_iiit_pet/1.0.0 is finished already" in capsys.readouterr().err
