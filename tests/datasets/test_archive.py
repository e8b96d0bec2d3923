"""Tar archives; zip files are tested with the trees that hold them (`test_file_tree`)."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from datasets.archive import refuse_tar
from datasets.errors import UsageError


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, 0o4755
    return member


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
@pytest.mark.parametrize(
    "member",
    [
        _member("images/pug_1.jpg"),
        _member("../outside"),
        _member("/outside"),
        _member("link", tarfile.SYMTYPE, "/etc/passwd"),
        _member("device", tarfile.BLKTYPE),
    ],
    ids=lambda member: member.name,
)
def test_a_tar_is_refused_with_the_way_to_unpack_it_and_nothing_of_it_is_written(
    tmp_path: Path, packing: str, member: tarfile.TarInfo
) -> None:
    path = tmp_path / "in/my images.tar"
    path.parent.mkdir()
    with tarfile.open(path, f"w:{packing}") as archive:
        archive.addfile(member, io.BytesIO())
    with pytest.raises(UsageError, match=r"is a tar archive.*tar -xf 'my images\.tar' -C FOLDER"):
        refuse_tar(path)
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


def test_folders_and_other_files_are_left_to_their_source(tmp_path: Path) -> None:
    other = tmp_path / "a.zip"
    other.write_bytes(b"PK\5\6" + bytes(18))
    for path in (tmp_path, other, tmp_path / "missing"):
        refuse_tar(path)
