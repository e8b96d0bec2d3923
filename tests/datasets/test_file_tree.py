from __future__ import annotations

import os
import pickle
import stat
import struct
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from datasets import archive
from datasets.errors import BadSample, UsageError
from datasets.file_tree import FileTree
from tests.fixtures import Tree

FILES = {
    "b/one.png": b"one",
    "a/deep/er/two.json": b"two" * 100,
    "a/three.txt": bytes(range(256)) * 40,
    "a-b/four": b"",
}


@pytest.fixture
def unpacked(tmp_path: Path) -> FileTree:
    tree = Tree(tmp_path / "unpacked")
    for name, data in FILES.items():
        tree.write(name, data)
    return FileTree(tree.root)


@pytest.fixture
def zipped(unpacked: FileTree, tmp_path: Path) -> FileTree:
    tops = {"one.zip": ("a", "b"), "two.zip": ("a-b",)}
    return FileTree(Tree(unpacked.root).zip(tmp_path / "zipped", tops))


def _zip(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes], **options: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def test_folder_and_archives_hold_the_same_files(unpacked: FileTree, zipped: FileTree) -> None:
    names = unpacked.names()
    assert names == tuple(sorted(FILES))
    assert tuple(n for n in zipped.names() if not n.endswith((".zip", "README"))) == names
    for name, data in FILES.items():
        assert unpacked.read(name) == zipped.read(name) == data
        assert unpacked.size(name) == zipped.size(name) == len(data)


@pytest.mark.parametrize("folder", ["", "a", "a/deep", "a/deep/er", "b", "a-b", "c", "a/three.txt"])
def test_names_of_a_folder_are_those_that_begin_with_it(unpacked: FileTree, zipped: FileTree, folder: str) -> None:
    wanted = tuple(sorted(name for name in FILES if not folder or name.startswith(folder + "/")))
    assert unpacked.names(folder) == wanted
    if folder:
        assert zipped.names(folder) == wanted


def test_a_single_archive_is_a_tree(tmp_path: Path) -> None:
    tree = FileTree(_zip(tmp_path / "one.zip", ("a/b", b"1"), ("c", b"22")))
    assert tree.names() == ("a/b", "c")
    assert (tree.read("a/b"), tree.size("c"), tree.places("a")) == (b"1", 2, ("a",))


def test_an_unpacked_file_hides_the_archived_one(zipped: FileTree) -> None:
    Tree(zipped.root).write("b/one.png", b"mended")
    assert FileTree(zipped.root).read("b/one.png") == b"mended"
    assert FileTree(zipped.root).size("b/one.png") == 6
    assert FileTree(zipped.root).names("b") == ("b/one.png",)


def test_places_are_found_at_the_top_and_one_below(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    for name in ("gtFine/val/x", "gtFine_trainvaltest/gtFine/train/y", "too/deep/gtFine/z", "other/gtFinest/w"):
        tree.write(name, b"")
    assert FileTree(tmp_path).places("gtFine") == ("gtFine", "gtFine_trainvaltest/gtFine")
    packed = tree.zip(tmp_path / "packed", {"a.zip": ("gtFine", "too"), "b.zip": ("gtFine_trainvaltest", "other")})
    assert FileTree(packed).places("gtFine") == ("gtFine", "gtFine_trainvaltest/gtFine")


def test_what_is_missing_or_no_file_is_a_bad_sample(unpacked: FileTree, zipped: FileTree) -> None:
    for tree in (unpacked, zipped):
        with pytest.raises(BadSample, match="the file is missing") as caught:
            tree.read("b/none.png")
        assert caught.value.file == "b/none.png"
        assert tree.size("b/none.png") == 0
    with pytest.raises(BadSample, match="directory"):
        unpacked.read("a/deep")


def test_loops_of_links_end(unpacked: FileTree) -> None:
    os.symlink("..", unpacked.root / "a" / "up")
    os.symlink(".", unpacked.root / "b" / "here")
    os.symlink("nowhere", unpacked.root / "b" / "broken")
    assert set(unpacked.names()) >= set(FILES)
    assert "b/broken" not in unpacked.names()
    assert len(unpacked.names()) < 50


def test_linked_folders_are_followed(unpacked: FileTree, tmp_path: Path) -> None:
    os.symlink(unpacked.root / "a", tmp_path / "link")
    assert FileTree(tmp_path / "link").names() == ("deep/er/two.json", "three.txt")


def test_more_files_than_the_limit_are_refused(unpacked: FileTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.file_tree.MAX_MEMBERS", 3)
    with pytest.raises(UsageError, match="holds more than 3 files"):
        unpacked.names()


def test_many_threads_and_a_copy_read_what_one_reads(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    members = {f"m/{i:03}": generator.bytes(20_000 + i) for i in range(60)}
    path = _zip(tmp_path / "x.zip", *members.items())
    tree = FileTree(path)
    tree.names()
    copy = pickle.loads(pickle.dumps(tree))
    assert len(pickle.dumps(tree)) < 500
    with ThreadPoolExecutor(8) as pool:
        assert dict(zip(members, pool.map(tree.read, members), strict=True)) == members
    assert all(copy.read(name) == data for name, data in members.items())
    tree.close()
    assert tree.read("m/007") == members["m/007"]


def test_a_child_process_reads_beside_its_parent(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", *((f"{i}", np.random.default_rng(i).bytes(100_000)) for i in range(20)))
    code = (
        "import os, warnings, zlib\n"
        "warnings.simplefilter('ignore')\n"
        "from pathlib import Path\n"
        "from datasets.file_tree import FileTree\n"
        f"tree = FileTree(Path({str(path)!r})); sums = [zlib.crc32(tree.read(str(i))) for i in range(20)]\n"
        "child = os.fork()\n"
        "good = all(zlib.crc32(tree.read(str(i))) == sums[i] for _ in range(20) for i in range(20))\n"
        "if child == 0: os._exit(not good)\n"
        "assert good and os.waitpid(child, 0)[1] == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def _link() -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("a/link.png")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def _packed_by(method: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("a/packed.png")
    member.compress_type = method
    return member


@pytest.mark.parametrize(
    "member, data, complaint",
    [
        ("../out.png", b"x", "leads out of the archive"),
        ("a/../../out.png", b"x", "leads out of the archive"),
        ("/etc/passwd", b"x", "no relative path"),
        ("C:/x.png", b"x", "no relative path"),
        ("a\\..\\x.png", b"x", "no relative path"),
        (_link(), b"/etc/passwd", "is a symbolic link"),
        (_packed_by(zipfile.ZIP_BZIP2), b"x", "packed by method 12"),
        ("bomb.png", bytes(4 << 20), "4,194,304 bytes in .* more than 300 times"),
    ],
)
def test_hostile_members_are_refused(
    tmp_path: Path, member: zipfile.ZipInfo | str, data: bytes, complaint: str
) -> None:
    path = _zip(tmp_path / "bad.zip", ("good.png", b"fine"), (member, data))
    with pytest.raises(UsageError, match=complaint) as caught:
        FileTree(path).names()
    name = member if isinstance(member, str) else member.filename
    assert str(path) in str(caught.value)
    assert repr(name) in str(caught.value)


def test_a_member_that_lies_about_its_size_gives_no_more_than_it_says(tmp_path: Path) -> None:
    path = _zip(tmp_path / "lie.zip", ("x.png", bytes(900_000)))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\1\2")
    struct.pack_into("<I", data, at + 24, 1000)
    path.write_bytes(data)
    with pytest.raises(BadSample, match="CRC"):
        FileTree(path).read("x.png")


def test_a_member_of_half_a_gibibyte_is_refused_by_its_word(tmp_path: Path) -> None:
    path = _zip(tmp_path / "big.zip", ("x.png", b"small"))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\1\2") + 24, (512 << 20) + 1)
    path.write_bytes(data)
    with pytest.raises(UsageError, match="536,870,913 bytes, more than"):
        FileTree(path).names()


def test_an_archive_of_too_many_members_is_refused_before_its_index_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _zip(tmp_path / "many.zip", *((str(i), b"") for i in range(5)))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 4)
    with pytest.raises(UsageError, match="announces 5 members; at most 4"):
        FileTree(path).names()
    data = bytearray(path.read_bytes())
    struct.pack_into("<HH", data, data.rfind(b"PK\5\6") + 8, 1, 1)
    path.write_bytes(data)
    with pytest.raises(UsageError, match="holds 5 members; at most 4"):
        FileTree(path).names()


def test_the_count_of_a_large_archive_is_read_from_its_larger_record(tmp_path: Path) -> None:
    large = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 3_000_000, 3_000_000, 0, 0)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, 0, 1)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0, 0xFFFFFFFF, 0)
    (tmp_path / "large.zip").write_bytes(large + locator + end)
    with pytest.raises(UsageError, match="announces 3,000,000 members"):
        FileTree(tmp_path).names()


def test_a_name_twice_in_one_archive_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = _zip(tmp_path / "twice.zip", ("x", b"1"), ("x", b"2"))
    with pytest.raises(UsageError, match="'x' is there twice"):
        FileTree(path).names()


def test_two_archives_may_bring_the_same_file_but_not_different_ones(tmp_path: Path) -> None:
    _zip(tmp_path / "a.zip", ("d/x", b"1"), ("README", b"a"))
    _zip(tmp_path / "b.zip", ("d/x", b"1"), ("README", b"b"))
    assert FileTree(tmp_path).read("d/x") == b"1"
    _zip(tmp_path / "c.zip", ("d/x", b"2"))
    with pytest.raises(UsageError, match="'d/x' is another file in a.zip than in c.zip"):
        FileTree(tmp_path).names()


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "index"])
def test_a_broken_archive_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    path = _zip(tmp_path / "broken.zip", ("a/x.png", os.urandom(2000)))
    data = path.read_bytes()
    index = data.rfind(b"PK\1\2")
    path.write_bytes(
        {"empty": b"", "text": b"hello", "cut": data[:-30], "index": data[:index] + b"XX" + data[index + 2 :]}[damage]
    )
    with pytest.raises(UsageError, match="broken.zip cannot be read as a zip file"):
        FileTree(tmp_path).names("a")


def test_damaged_data_of_one_member_reject_that_member_alone(tmp_path: Path) -> None:
    path = _zip(tmp_path / "x.zip", ("bad", os.urandom(3000)), ("good", b"good"))
    data = bytearray(path.read_bytes())
    data[1000] ^= 255
    path.write_bytes(data)
    with pytest.raises(BadSample, match="cannot be read from x.zip") as caught:
        FileTree(path).read("bad")
    assert caught.value.file == "bad"
    assert FileTree(path).read("good") == b"good"


def test_no_change_of_bytes_brings_more_than_a_refusal(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    members = [(f"a/{number}.png", generator.bytes(30) + bytes(200)) for number in range(4)]
    whole = _zip(tmp_path / "x.zip", *members).read_bytes()
    outcomes = set()
    for _ in range(1500):
        data = bytearray(whole)
        for position in generator.integers(len(data), size=generator.integers(1, 5)):
            data[position] = generator.integers(256)
        (tmp_path / "x.zip").write_bytes(data)
        tree = FileTree(tmp_path / "x.zip")
        try:
            for name in tree.names():
                outcomes.add(len(tree.read(name)))
        except (UsageError, BadSample) as error:
            outcomes.add(type(error))
        tree.close()
    assert outcomes >= {230, UsageError, BadSample}
