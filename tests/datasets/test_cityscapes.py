from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from datasets.cityscapes import Cityscapes
from datasets.errors import UsageError
from datasets.png import encode_png
from datasets.sample import Sample
from datasets.source import Rejection
from tests.conftest import convert
from tests.fixtures import CityscapesTree, encoded, jpeg, label_blocks, photograph, png_bomb

KEY = "aachen_000000_000019"
ALL = {"image", "semantic", "instance", "disparity", "calibration", "camera.intrinsics", "vehicle"}


@pytest.fixture
def tree(tmp_path: Path) -> CityscapesTree:
    return CityscapesTree(tmp_path / "cityscapes")


def read(source: Cityscapes, key: str = KEY) -> Sample | Rejection:
    (item,) = [item for item in source.plan().items if item.key == key]
    with source.open_reader() as reader:
        (result,) = reader([item])
    if isinstance(result, Sample):
        source.schema.check(result)
    return result


def sample(tree: CityscapesTree, key: str = KEY) -> Sample:
    result = read(Cityscapes(tree.root), key)
    assert isinstance(result, Sample), result
    return result


def rejected(tree: CityscapesTree, key: str = KEY) -> Rejection:
    result = read(Cityscapes(tree.root), key)
    assert isinstance(result, Rejection), result
    return result


def name(package: str, ending: str, split: str = "train", key: str = KEY) -> str:
    return CityscapesTree.name(package, split, key, ending)


def test_splits_are_the_sets_own_folders(tree: CityscapesTree) -> None:
    plan = Cityscapes(tree.root).plan()
    found = {split: tuple(i.key for i in plan.items if i.split == split) for split in plan.split_names}
    assert found == {
        "train": CityscapesTree.FRAMES["train"],
        "validation": CityscapesTree.FRAMES["val"],
        "test": CityscapesTree.FRAMES["test"],
        "train_extra": (),
    }
    assert plan.split_names["validation"] == "val"
    assert plan.findings == {}


def test_every_file_keeps_its_bytes_and_its_meaning(tree: CityscapesTree) -> None:
    found = sample(tree)
    assert found.image.data == tree.read(name("leftImg8bit", ".png"))
    assert found.semantic.data == tree.read(name("gtFine", "_labelIds.png"))
    assert found.instance.data == tree.read(name("gtFine", "_instanceIds.png"))
    assert found.disparity.data == tree.read(name("disparity", ".png"))
    assert found.calibration == tree.read(name("camera", ".json")).decode()
    assert json.loads(found.vehicle) == {"speed": 7.5, "yawRate": -0.01}
    assert found.file_name == name("leftImg8bit", ".png")
    assert found.notes == ()
    semantic = label_blocks(CityscapesTree.IDS, 16, 32).astype(int)
    np.testing.assert_array_equal(found.semantic.array, semantic)
    np.testing.assert_array_equal(
        found.instance.array, np.where(np.isin(semantic, (24, 26)), semantic * 1000 + 2, semantic)
    )
    np.testing.assert_array_equal((found.disparity.array - 1.0) / 256, semantic)
    np.testing.assert_array_equal(
        found.camera.intrinsics, np.float32([[2262.52, 0, 1096.98], [0, 2265.3017905988554, 513.137], [0, 0, 1]])
    )
    assert found.camera.world_to_camera is None


def test_the_schema_holds_what_every_frame_has(tree: CityscapesTree) -> None:
    assert set(Cityscapes(tree.root).schema.paths) == {"key", "file_name", *ALL}
    assert Cityscapes(tree.root).schema["semantic"].label_space == "cityscapes_ids"


@pytest.mark.parametrize(
    "package, ending, column",
    [("disparity", ".png", "disparity"), ("camera", ".json", "calibration"), ("vehicle", ".json", "vehicle")],
)
def test_a_package_that_lacks_one_frame_is_left_out_and_the_frame_named(
    tree: CityscapesTree, package: str, ending: str, column: str
) -> None:
    (tree.root / name(package, ending)).unlink()
    source = Cityscapes(tree.root)
    lost = {column} | ({"camera.intrinsics"} if column == "calibration" else set())
    assert set(source.schema.paths) == {"key", "file_name", *ALL} - lost
    assert source.plan().findings == {f"frames without {column}, which is therefore left out of all": (KEY,)}
    assert isinstance(read(source), Sample)
    other_splits = Cityscapes(tree.root, ("validation", "test"))
    assert column in other_splits.schema


def test_archives_and_folders_give_the_same_data_set_to_the_byte(tree: CityscapesTree, tmp_path: Path) -> None:
    zipped = tree.zip(tmp_path / "zips", CityscapesTree.PACKAGES)
    digests = []
    for number, root in enumerate((tree.root, zipped)):
        made = convert(Cityscapes(root), tmp_path / f"data{number}", num_shards=2, workers=2)
        files = sorted(path for path in made.directory.iterdir() if path.is_file())
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
        assert made.manifest.splits["train"].examples == 3
    assert digests[0] == digests[1]


@pytest.mark.parametrize("wrapped", ["imgsFine", "leftImg8bit_trainvaltest"])
def test_archives_unpacked_into_folders_of_their_own(tree: CityscapesTree, wrapped: str) -> None:
    before = {item.key for item in Cityscapes(tree.root).plan().items}
    (tree.root / wrapped).mkdir()
    (tree.root / "leftImg8bit").rename(tree.root / wrapped / "leftImg8bit")
    plan = Cityscapes(tree.root).plan()
    assert {item.key for item in plan.items} == before
    assert all(item.file.startswith(f"{wrapped}/leftImg8bit/") for item in plan.items)


def test_half_of_it_zipped_and_half_unpacked(tree: CityscapesTree, tmp_path: Path) -> None:
    tree.zip(tmp_path / "z", {"gtFine_trainvaltest.zip": ("gtFine",)})
    (tmp_path / "z" / "leftImg8bit").symlink_to(tree.root / "leftImg8bit")
    found = read(Cityscapes(tmp_path / "z"))
    assert isinstance(found, Sample)
    assert found.semantic.data == tree.read(name("gtFine", "_labelIds.png"))


def test_labels_come_from_the_instances_where_they_are_missing(tree: CityscapesTree) -> None:
    before = sample(tree)
    (tree.root / name("gtFine", "_labelIds.png")).unlink()
    found = sample(tree)
    np.testing.assert_array_equal(found.semantic.array, before.semantic.array)
    assert found.notes == ("labels-from-instance-ids",)


def test_labels_are_drawn_from_the_polygons_where_nothing_else_is_left(tree: CityscapesTree) -> None:
    before = sample(tree)
    for path in (tree.root / "gtFine").rglob("*.png"):
        path.unlink()
    found = sample(tree)
    np.testing.assert_array_equal(found.semantic.array, before.semantic.array)
    assert found.notes == ("labels-drawn-from-polygons",)
    assert found.instance is None


def test_a_frame_without_any_labels_is_rejected(tree: CityscapesTree) -> None:
    for ending in ("_labelIds.png", "_instanceIds.png", "_polygons.json"):
        (tree.root / name("gtFine", ending)).unlink()
    assert "the frame has no instanceIds.png file" in rejected(tree).reason
    for path in (tree.root / "gtFine").rglob("*instanceIds.png"):
        path.unlink()
    assert "the frame has no labelIds.png file, nor anything" in rejected(tree).reason


def test_labels_of_8_bit_instances_are_widened_and_noted(tree: CityscapesTree) -> None:
    tree.write(name("gtFine", "_instanceIds.png"), encode_png(label_blocks((7, 24), 16, 32)))
    found = sample(tree)
    assert found.instance.dtype == "uint16"
    assert set(np.unique(found.instance.array)) == {7, 24}
    assert found.notes == ("instance-8-bit-numbers-widened",)


def test_the_dummy_labels_of_the_test_split_are_noted(tree: CityscapesTree) -> None:
    assert sample(tree, "berlin_000000_000019").notes == ("labels-are-dummies",)
    tree.write(
        name("gtFine", "_labelIds.png", "test", "berlin_000000_000019"), encode_png(label_blocks((3, 7), 16, 32))
    )
    assert sample(tree, "berlin_000000_000019").notes == ()


def test_a_label_that_is_no_id_of_the_table_is_rejected_with_its_value(tree: CityscapesTree, tmp_path: Path) -> None:
    tree.write(name("gtFine", "_labelIds.png"), encode_png(label_blocks((7, 34, 77), 16, 32)))
    made = convert(Cityscapes(tree.root, ("train",)), tmp_path / "data", max_rejected=1)
    (rejection,) = made.rejections()
    assert rejection.key == KEY
    assert "ids [34, 77]" in rejection.reason


DAMAGES = {
    "cut": lambda data: data[: len(data) // 2],
    "flipped": lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
    "empty": lambda data: b"",
    "text": lambda data: b"a Git-LFS pointer",
}


IMAGES = {"leftImg8bit": ".png", "gtFine": "_labelIds.png", "disparity": ".png"}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("package, ending", [*IMAGES.items(), ("gtFine", "_instanceIds.png"), ("camera", ".json")])
def test_a_damaged_file_rejects_its_frame_and_is_named(
    tree: CityscapesTree, tmp_path: Path, package: str, ending: str, damage: str
) -> None:
    file = name(package, ending)
    tree.write(file, DAMAGES["cut" if ending == ".json" else damage](tree.read(file)))
    made = convert(Cityscapes(tree.root, ("train",)), tmp_path / "data", max_rejected=1)
    (rejection,) = made.rejections()
    assert (rejection.key, rejection.file) == (KEY, file)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "[" * 100_000,
        b"\xff\xfe",
        *(CityscapesTree.camera(fx) for fx in ("wide", None, float("nan"), float("inf"), 0, -5.0, [1])),
        CityscapesTree.camera().replace("1096.98", "1" + "0" * 400),
    ],
    ids=range(12),
)
def test_a_broken_camera_file_is_rejected(tree: CityscapesTree, text: str | bytes) -> None:
    tree.write(name("camera", ".json"), text)
    assert rejected(tree).file == name("camera", ".json")


@pytest.mark.parametrize("package", IMAGES)
def test_an_image_that_announces_400_million_pixels_is_rejected_by_its_header(
    tree: CityscapesTree, package: str
) -> None:
    tree.write(name(package, IMAGES[package]), png_bomb())
    rejection = rejected(tree)
    assert "announces 20000x20000 pixels" in rejection.reason
    assert rejection.file == name(package, IMAGES[package])


def test_sizes_that_differ_are_rejected_with_both(tree: CityscapesTree) -> None:
    tree.write(name("gtFine", "_labelIds.png"), encode_png(label_blocks((7,), 16, 31)))
    assert "semantic is 31x16 but the image is 32x16" in rejected(tree).reason


def test_labels_that_are_colours_are_rejected(tree: CityscapesTree) -> None:
    tree.write(name("gtFine", "_labelIds.png"), encode_png(photograph(16, 32)))
    assert "labels must be one channel of 8 bits, got 3 of 8" in rejected(tree).reason


def test_other_kinds_of_pictures_become_rgb_and_are_noted(tree: CityscapesTree) -> None:
    pixels = photograph(16, 32, 3)
    alpha = np.full((16, 32, 1), 255, np.uint8)
    tree.write(name("leftImg8bit", ".png"), encoded(np.concatenate([pixels, alpha], 2), "PNG"))
    found = sample(tree)
    np.testing.assert_array_equal(found.image.array, pixels)
    assert found.notes == ("re-encoded-png-alpha",)
    tree.write(name("leftImg8bit", ".png"), jpeg(pixels))
    found = sample(tree)
    assert found.image.data == jpeg(pixels)
    assert found.notes == ("jpeg-named-png",)


def test_the_corrupt_image_of_train_extra_is_left_out_and_named(tree: CityscapesTree) -> None:
    for key in ("troisdorf_000000_000072", "troisdorf_000000_000073"):
        tree.add("train_extra", key, "gtCoarse")
    source = Cityscapes(tree.root, ("train_extra",), labels="gtCoarse")
    plan = source.plan()
    assert [item.key for item in plan.items] == ["troisdorf_000000_000072"]
    assert plan.findings == {"images that the set calls corrupt, left out": ("troisdorf_000000_000073",)}
    assert source.name == "cityscapes_coarse"
    found = read(source, "troisdorf_000000_000072")
    assert isinstance(found, Sample)
    assert found.semantic.data == tree.read(
        "gtCoarse/train_extra/troisdorf/troisdorf_000000_000072_gtCoarse_labelIds.png"
    )


def test_blurred_and_right_pictures(tree: CityscapesTree) -> None:
    blurred = tree.write(name("leftImg8bit_blurred", ".png"), encode_png(photograph(16, 32, 8)))
    right = tree.write(name("rightImg8bit", ".png"), encode_png(photograph(16, 32, 9)))
    source = Cityscapes(tree.root, ("train",), image="leftImg8bit_blurred")
    found = read(source)
    assert isinstance(found, Sample)
    assert (found.image.data, source.name) == (blurred.read_bytes(), "cityscapes_blurred")
    source = Cityscapes(tree.root, ("train",), image="rightImg8bit", labels="none")
    found = read(source)
    assert isinstance(found, Sample)
    assert (found.image.data, source.name) == (right.read_bytes(), "cityscapes_right_unlabelled")
    assert (found.semantic, found.instance, found.disparity) == (None, None, None)
    with pytest.raises(UsageError, match="drawn on the left image"):
        Cityscapes(tree.root, image="rightImg8bit")


def test_strangers_and_orphans_are_named(tree: CityscapesTree) -> None:
    strange = tree.write("leftImg8bit/train/aachen/._aachen_000000_000019_leftImg8bit.png", b"\0")
    (tree.root / name("leftImg8bit", ".png")).unlink()
    assert Cityscapes(tree.root).plan().findings == {
        "files that are no image of the set": (strange.relative_to(tree.root).as_posix(),),
        "labels without an image": (name("gtFine", "_labelIds.png"),),
    }


def test_one_frame_in_two_places_is_refused(tree: CityscapesTree) -> None:
    tree.write("copy/" + name("leftImg8bit", ".png"), tree.read(name("leftImg8bit", ".png")))
    with pytest.raises(UsageError, match=f"frame '{KEY}' has two files of one kind"):
        Cityscapes(tree.root).plan()


def test_the_fingerprint_follows_what_is_there(tree: CityscapesTree) -> None:
    before = Cityscapes(tree.root).plan().fingerprint
    assert Cityscapes(tree.root).plan().fingerprint == before
    tree.write(name("gtFine", "_labelIds.png"), tree.read(name("gtFine", "_labelIds.png")) + b"\0")
    assert Cityscapes(tree.root).plan().fingerprint != before


@pytest.mark.parametrize(
    "options, complaint",
    [
        ({"splits": ("val",)}, "no split 'val'; there are train, validation, test"),
        ({"splits": ("train_extra",)}, "with labels 'gtFine' has no split 'train_extra'"),
        ({"splits": ("test",), "labels": "gtCoarse"}, "with labels 'gtCoarse' has no split 'test'"),
        ({"image": "leftImg16bit"}, "no image 'leftImg16bit'; there are leftImg8bit, "),
        ({"labels": "fine"}, "no labels 'fine'; there are gtFine, gtCoarse, none"),
    ],
)
def test_options_that_the_set_does_not_have_are_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        Cityscapes(Path("anywhere"), **options)


def test_a_folder_without_the_files_is_refused_with_what_is_missing(tree: CityscapesTree, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no leftImg8bit files of split 'train': wanted leftImg8bit/train/CITY"):
        Cityscapes(tmp_path / "nowhere").plan()
    tree.zip(tmp_path / "images", {"leftImg8bit_trainvaltest.zip": ("leftImg8bit",)})
    with pytest.raises(UsageError, match="holds no gtFine files of split 'train'"):
        Cityscapes(tmp_path / "images").plan()
    unlabelled = Cityscapes(tmp_path / "images", labels="none")
    assert len(unlabelled.plan().items) == 5
    assert unlabelled.name == "cityscapes_unlabelled"


@pytest.mark.parametrize("kind", ["dataset", "train_dataset"])
def test_trees_of_another_tool_convert(real_data: Path, tmp_path: Path, kind: str) -> None:
    for owner in ("cvat", "openvino"):
        root = real_data / "tiny_trees" / owner / "tests/assets/cityscapes_dataset" / kind
        made = convert(Cityscapes(root), tmp_path / owner)
        (only,) = made.samples("train")
        assert only.semantic.array.ravel().tolist() == [3, 3, 24, 3, 3]
        wanted = 24 if (owner, kind) == ("openvino", "dataset") else 24001
        assert only.instance.array.ravel().tolist() == [3, 3, wanted, 3, 3]
        (test,) = (s for s in made.samples("test") if s.key.endswith("31"))
        assert test.semantic.array.ravel().tolist() == [3, 3, 27, 27, 27]


def test_a_full_frame_decodes_its_labels_once_and_its_picture_never(
    tree: CityscapesTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import images, raster, reading

    decoded: list[int] = []

    def counting(data: bytes, header: images.ImageHeader | None = None) -> np.ndarray:
        decoded.append(len(data))
        return images.decode_pixels(data, header)

    for module in (raster, reading):
        monkeypatch.setattr(module, "decode_pixels", counting)
    found = sample(tree)
    _ = found.semantic.array, found.semantic.array, found.semantic.data, found.image.data
    assert decoded == [len(tree.read(name("gtFine", "_labelIds.png")))]
