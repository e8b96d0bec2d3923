"""Files and folders of this machine; places behind URLs are tested with `pipelines.remote_path`."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from datasets.errors import BadSample
from datasets.reading import read_bytes, read_if_there
from datasets.storage import files_in, names_in, whole_file


@pytest.mark.parametrize("size", [0, 1, 4096, 3_000_001])
@pytest.mark.parametrize("kind", [Path, str])
def test_a_file_is_read_whole(tmp_path: Path, size: int, kind: type) -> None:
    data = os.urandom(size)
    (tmp_path / "a").write_bytes(data)
    assert whole_file(kind(tmp_path / "a")) == data


def test_a_file_that_says_nothing_of_its_size_is_read_whole() -> None:
    found = whole_file("/proc/self/status")
    assert found.startswith(b"Name:")
    assert found.endswith(b"\n")
    assert len(found) > 500


def test_what_comes_in_pieces_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    def write() -> None:
        with open(tmp_path / "pipe", "wb") as pipe:
            for piece in (b"one ", b"two ", bytes(200_000)):
                pipe.write(piece)
                pipe.flush()

    writer = threading.Thread(target=write)
    writer.start()
    assert whole_file(tmp_path / "pipe") == b"one two " + bytes(200_000)
    writer.join()


def test_a_file_cut_short_while_it_is_read_gives_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(bytes(1000))
    before = os.stat(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"short")
    monkeypatch.setattr(os, "fstat", lambda descriptor: before)
    assert whole_file(tmp_path / "a") == b"short"


def test_descriptors_are_closed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        whole_file(tmp_path / "a")
        assert read_if_there(tmp_path / "b", "b") is None
        with pytest.raises(BadSample, match="cannot be read: Is a directory"):
            read_bytes(tmp_path, "folder")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSample, match="the file is missing") as caught:
        read_bytes(tmp_path / "no", "images/no.jpg")
    assert caught.value.file == "images/no.jpg"


def test_files_right_in_a_folder_with_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "images/deeper").mkdir(parents=True)
    (tmp_path / "images/a.jpg").write_bytes(b"12")
    (tmp_path / "images/deeper/b.jpg").write_bytes(b"1")
    (tmp_path / "images/link.jpg").symlink_to(tmp_path / "images/deeper/b.jpg")
    (tmp_path / "images/lost.jpg").symlink_to(tmp_path / "nowhere")
    assert files_in(tmp_path, "images") == {"a.jpg": 2, "link.jpg": 1}
    for folder in ("images", "no such folder", "images/a.jpg"):
        assert names_in(tmp_path, folder) == files_in(tmp_path, folder).keys()
    assert files_in(tmp_path, "no such folder") == files_in(tmp_path, "images/a.jpg") == {}
