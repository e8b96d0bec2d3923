from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.camvid import CamVid
from datasets.errors import UsageError
from datasets.png import encode_png
from datasets.sample import Sample
from datasets.source import Rejection
from tests.conftest import convert
from tests.fixtures import CamVidTree, label_blocks, photograph

KEY = "0001TP_006690"


@pytest.fixture
def tree(tmp_path: Path) -> CamVidTree:
    return CamVidTree(tmp_path / "camvid")


def read(root: Path, key: str = KEY) -> Sample | Rejection:
    source = CamVid(root)
    (item,) = [item for item in source.plan().items if item.key == key]
    with source.open_reader() as reader:
        (result,) = reader([item])
    return result


def test_splits_are_the_folders_and_the_lists_are_only_looked_at(tree: CamVidTree) -> None:
    plan = CamVid(tree.root).plan()
    assert {(item.split, item.key) for item in plan.items} == {
        ("train", KEY), ("train", "0006R0_f00930"), ("validation", "0016E5_07959"), ("test", "Seq05VD_f00000"),
    }  # fmt: skip
    assert plan.findings == {"frames that train.txt lists and train/ lacks": ("0001TP_006720",)}


def test_what_the_lists_and_the_folders_do_not_share_is_named(tree: CamVidTree) -> None:
    tree.write("val/extra.png", tree.read("val/0016E5_07959.png"))
    tree.write("testannot/orphan.png", tree.read("testannot/Seq05VD_f00000.png"))
    tree.write("val/._extra.png", b"\0")
    tree.write("val/more/0016E5_07959.png", tree.read("val/0016E5_07959.png"))
    (tree.root / "train.txt").unlink()
    assert CamVid(tree.root).plan().findings == {
        "frames of val/ that val.txt does not list": ("extra",),
        "files of val/ that are no frame": ("val/._extra.png", "val/more/0016E5_07959.png"),
        "labels of testannot/ without a frame": ("orphan",),
    }
    rejection = read(tree.root, "extra")
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "the frame has no labels"


def test_picture_and_labels_keep_their_bytes_and_void_is_stored_but_not_learnt(
    tree: CamVidTree, tmp_path: Path
) -> None:
    made = convert(CamVid(tree.root), tmp_path / "data")
    (found,) = made.samples("validation")
    assert found.image.data == tree.read("val/0016E5_07959.png")
    assert found.semantic.data == tree.read("valannot/0016E5_07959.png")
    np.testing.assert_array_equal(found.semantic.array, label_blocks(tuple(range(12)), 12, 24))
    space = made.manifest.schema["semantic"].space
    assert space is not None
    learnt = space.index_table[found.semantic.array]
    np.testing.assert_array_equal(learnt, label_blocks((*range(11), 255), 12, 24))
    assert made.manifest.splits["validation"].statistics["pixels"]["semantic"]["11"] == 24


def test_a_zip_gives_what_the_folder_gives(tree: CamVidTree, tmp_path: Path) -> None:
    tops = tuple(path.name for path in tree.root.iterdir() if path.is_dir())
    for name in ("train.txt", "val.txt", "test.txt"):
        tree.write(f"zips/{name}", tree.read(name))
    folder = tree.zip(tmp_path / "z", {"CamVid.zip": tops})
    for name in ("train.txt", "val.txt", "test.txt"):
        (folder / name).write_bytes(tree.read(name))
    assert CamVid(folder).plan() == CamVid(tree.root).plan()
    found, wanted = read(folder), read(tree.root)
    assert isinstance(found, Sample)
    assert isinstance(wanted, Sample)
    assert found.semantic.data == wanted.semantic.data


@pytest.mark.parametrize(
    "data, complaint",
    [
        (encode_png(photograph(12, 24)), "labels must be one channel of 8 bits, got 3 of 8"),
        (encode_png(np.zeros((12, 24, 1), np.uint16)), "labels must be one channel of 8 bits, got 1 of 16"),
        (encode_png(np.zeros((12, 23, 1), np.uint8)), "semantic is 23x12 but the image is 24x12"),
        (encode_png(np.zeros((12, 24, 1), np.uint8))[:-15], "cut short"),
    ],
)
def test_labels_that_are_none_are_rejected(tree: CamVidTree, data: bytes, complaint: str) -> None:
    tree.write(f"trainannot/{KEY}.png", data)
    rejection = read(tree.root)
    assert isinstance(rejection, Rejection)
    assert complaint in rejection.reason


def test_an_id_beyond_void_is_rejected(tree: CamVidTree, tmp_path: Path) -> None:
    tree.write(f"trainannot/{KEY}.png", encode_png(label_blocks((11, 12), 12, 24)))
    made = convert(CamVid(tree.root), tmp_path / "data", max_rejected=1)
    assert "ids [12]" in made.rejections()[0].reason


def test_options_and_folders_that_are_none_are_refused(tree: CamVidTree, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no split \\['val'\\]; there are train, validation, test"):
        CamVid(tree.root, ("val",))
    with pytest.raises(UsageError, match="holds no frames of split 'train': wanted train/\\*.png"):
        CamVid(tmp_path / "nowhere").plan()
    tree.write("val.txt", b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="val.txt is no text"):
        CamVid(tree.root).plan()


def test_the_real_set(real_data: Path, tmp_path: Path) -> None:
    source = CamVid(real_data / "camvid", ("train", "validation"))
    (lacking,) = source.plan().findings.values()
    made = convert(source, tmp_path, workers=2)
    assert {name: facts.examples for name, facts in made.manifest.splits.items()} == {"train": 184, "validation": 101}
    assert len(lacking) == 367 - 184
    pixels = made.manifest.splits["train"].statistics["pixels"]["semantic"]
    assert set(pixels) == {str(index) for index in range(12)}
    assert sum(pixels.values()) == 184 * 360 * 480
    for sample in made.samples("validation"):
        assert sample.semantic.data == (real_data / f"camvid/valannot/{sample.key}.png").read_bytes()
