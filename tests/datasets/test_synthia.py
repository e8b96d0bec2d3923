from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from datasets.errors import BadSample, UsageError
from datasets.labels import LABEL_SPACES
from datasets.png import encode_png
from datasets.sample import Sample
from datasets.source import Rejection
from datasets.synthia import Synthia
from datasets.synthia_labels import read_text_truth, read_truth
from tests.conftest import convert
from tests.fixtures import SynthiaTree, label_blocks, photograph

SEQS = "SYNTHIA-SEQS-01-SPRING/"
FIRST = "0000000"


@pytest.fixture
def tree(tmp_path: Path) -> SynthiaTree:
    return SynthiaTree(tmp_path / "RAND_CITYSCAPES").add("RGB", "GT/LABELS", "Depth")


def read(source: Synthia, key: str = FIRST) -> Sample | Rejection:
    (item,) = [item for item in source.plan().items if item.key == key]
    with source.open_reader() as reader:
        (result,) = reader([item])
    if isinstance(result, Sample):
        source.schema.check(result)
    return result


def sample(source: Synthia, key: str = FIRST) -> Sample:
    result = read(source, key)
    assert isinstance(result, Sample), result
    return result


def stripes(values: tuple[int, ...], dtype: type) -> np.ndarray:
    return label_blocks(values, SynthiaTree.HEIGHT, SynthiaTree.WIDTH, dtype)


def test_classes_and_objects_of_16_bit_labels_are_exact(tree: SynthiaTree) -> None:
    found = sample(Synthia(tree.root))
    np.testing.assert_array_equal(found.semantic.array, stripes(SynthiaTree.IDS, np.uint8))
    np.testing.assert_array_equal(found.instance.array, stripes(SynthiaTree.OBJECTS, np.uint16))
    class_7_object_300 = (found.semantic.array == 7) & (found.instance.array == 300)
    assert class_7_object_300.sum() == SynthiaTree.HEIGHT * SynthiaTree.WIDTH // 6
    assert found.image.data == tree.read(f"RGB/{FIRST}.png")
    assert found.notes == ("depth-of-0-cm",)


def test_the_labels_are_those_that_tensorflow_reads_with_16_bits(tree: SynthiaTree) -> None:
    theirs = tf.io.decode_png(tree.labels(), channels=3, dtype=tf.uint16).numpy()
    truth = read_truth(tree.labels(), LABEL_SPACES["synthia_rand"])
    np.testing.assert_array_equal(np.concatenate([truth.semantic, truth.instance], 2), theirs[:, :, :2])


@pytest.mark.parametrize("channels", [1, 3])
def test_depth_is_in_metres_and_infinite_at_both_ends_of_its_scale(tree: SynthiaTree, channels: int) -> None:
    tree.write(f"Depth/{FIRST}.png", tree.depth(channels))
    depth_m = sample(Synthia(tree.root)).depth.array
    wanted = np.array([np.inf, np.inf, 0.01, 2.5, 123.45, 655.34], np.float32)
    np.testing.assert_array_equal(depth_m[0, :: SynthiaTree.WIDTH // 6, 0], wanted)
    assert depth_m.dtype == np.float32
    within = np.isfinite(depth_m[:, :, 0])
    stored = stripes(SynthiaTree.DEPTH_CM, np.uint16)[:, :, 0]
    np.testing.assert_array_equal(np.round(depth_m[:, :, 0][within] * 100), stored[within])


def test_a_converted_subset_reads_back_exactly(tree: SynthiaTree, tmp_path: Path) -> None:
    made = convert(Synthia(tree.root), tmp_path / "data")
    assert made.manifest.name == "synthia_rand_cityscapes"
    found = list(made.samples("train"))
    assert [each.key for each in sorted(found, key=lambda s: s.key)] == ["0000000", "0000001"]
    for each in found:
        np.testing.assert_array_equal(each.semantic.array, stripes(SynthiaTree.IDS, np.uint8))
        np.testing.assert_array_equal(each.instance.array, stripes(SynthiaTree.OBJECTS, np.uint16))
    assert made.manifest.splits["train"].statistics["pixels"]["semantic"] == {str(i): 64 for i in SynthiaTree.IDS}


def test_the_folder_above_the_subset_will_do(tree: SynthiaTree) -> None:
    assert [item.key for item in Synthia(tree.root.parent).plan().items] == [
        "RAND_CITYSCAPES_0000000", "RAND_CITYSCAPES_0000001",
    ]  # fmt: skip


def test_an_archive_gives_what_the_folder_gives(tree: SynthiaTree, tmp_path: Path) -> None:
    zipped = Synthia(tree.zip(tmp_path / "z", {"RAND_CITYSCAPES.zip": ("RGB", "GT", "Depth")}))
    assert zipped.plan() == Synthia(tree.root).plan()
    np.testing.assert_array_equal(sample(zipped).semantic.array, sample(Synthia(tree.root)).semantic.array)


@pytest.mark.parametrize("side", ["Left", "Right"])
@pytest.mark.parametrize("direction", ["F", "B"])
def test_sequences_have_two_cameras_of_four_directions(tmp_path: Path, side: str, direction: str) -> None:
    camera = f"Stereo_{side}/Omni_{direction}"
    tree = SynthiaTree(tmp_path)
    for sequence in (SEQS, "SYNTHIA-SEQS-02-FALL/"):
        tree.add(f"RGB/{camera}", f"GT/LABELS/{camera}", f"Depth/{camera}", sequence)
    source = Synthia(tmp_path, subset="seqs", side=side, direction=direction)
    assert source.name == f"synthia_seqs_{side}_{direction}".lower()
    assert {item.key for item in source.plan().items} == {
        f"SYNTHIA-SEQS-{sequence}_{number}" for sequence in ("01-SPRING", "02-FALL") for number in (FIRST, "0000001")
    }
    found = sample(source, f"SYNTHIA-SEQS-01-SPRING_{FIRST}")
    assert found.file_name == f"{SEQS}RGB/{camera}/{FIRST}.png"
    np.testing.assert_array_equal(found.semantic.array, stripes(SynthiaTree.IDS, np.uint8))
    assert source.schema["semantic"].label_space == "synthia_seqs"
    with pytest.raises(UsageError, match="is not SYNTHIA-SEQS: wanted pictures in RGB/Stereo_Left/Omni_L/"):
        Synthia(tmp_path, subset="seqs", direction="L").plan()


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_the_san_francisco_layout(tmp_path: Path, side: str) -> None:
    SynthiaTree(tmp_path).add(f"RGB{side}", f"GT{side}", f"Depth{side}", "SEQ1/")
    source = Synthia(tmp_path, subset="sf", side=side)
    found = sample(source, f"SEQ1_{FIRST}")
    np.testing.assert_array_equal(found.instance.array, stripes(SynthiaTree.OBJECTS, np.uint16))
    assert (source.name, source.schema["semantic"].label_space) == (f"synthia_sf_{side.lower()}", "synthia_rand")


def test_labels_as_text(tmp_path: Path) -> None:
    tree = SynthiaTree(tmp_path).add("RGB", "GT")
    rows = "\n".join(" ".join(map(str, row)) for row in stripes(SynthiaTree.IDS, np.uint8)[:, :, 0])
    tree.write(f"GTTXT/{FIRST}.txt", rows)
    tree.write("GTTXT/0000001.txt", "1 2\n3\n")
    source = Synthia(tmp_path, subset="rand")
    np.testing.assert_array_equal(sample(source).semantic.array, stripes(SynthiaTree.IDS, np.uint8))
    assert sample(source).notes == ("labels-from-text",)
    rejection = read(source, "0000001")
    assert isinstance(rejection, Rejection)
    assert rejection.file == "GTTXT/0000001.txt"
    assert "a line for each row of pixels" in rejection.reason


@pytest.mark.parametrize("text", [b"", b"\n", b"1 x", b"-1 2", b"1 255", b"1.5 2", b"\xff", b"99999999999999999999"])
def test_text_that_holds_no_classes_is_a_bad_sample(text: bytes) -> None:
    with pytest.raises(BadSample, match="class ids"):
        read_text_truth(text)


def test_colours_are_turned_into_classes_where_each_stands_for_one(tree: SynthiaTree) -> None:
    for number in (FIRST, "0000001"):
        (tree.root / f"GT/LABELS/{number}.png").unlink()
        tree.write(f"GT/COLOR/{number}.png", tree.colours((70, 130, 180), (128, 64, 128), (255, 0, 0)))
    source = Synthia(tree.root, depth=False)
    found = sample(source)
    np.testing.assert_array_equal(found.semantic.array, stripes((1, 3, 17), np.uint8))
    assert found.notes == ("labels-from-colours",)
    assert found.instance is None
    assert "instance" not in source.schema


@pytest.mark.parametrize(
    "colour, complaint",
    [((102, 102, 156), "stands for wall and lane marking"), ((1, 2, 3), "colour (1, 2, 3) stands for no class")],
)
def test_a_colour_that_stands_for_no_class_or_for_two_rejects_its_frame(
    tree: SynthiaTree, colour: tuple[int, int, int], complaint: str
) -> None:
    for number in (FIRST, "0000001"):
        (tree.root / f"GT/LABELS/{number}.png").unlink()
        tree.write(f"GT/COLOR/{number}.png", tree.colours((128, 64, 128), colour))
    rejection = read(Synthia(tree.root))
    assert isinstance(rejection, Rejection)
    assert rejection.file == f"GT/COLOR/{FIRST}.png"
    assert complaint in rejection.reason


@pytest.mark.parametrize("green", [172, 175])
def test_both_published_greens_of_lane_marking_are_lane_marking(tree: SynthiaTree, green: int) -> None:
    truth = read_truth(tree.colours((0, green, 0), (0, 128, 128)), LABEL_SPACES["synthia_seqs"])
    np.testing.assert_array_equal(truth.semantic, stripes((12, 15), np.uint8))


@pytest.mark.parametrize("space", ["synthia_rand", "synthia_seqs"])
def test_every_other_colour_of_the_table_comes_back_as_its_class(tree: SynthiaTree, space: str) -> None:
    shared = (102, 102, 156)
    rows = [entry for entry in LABEL_SPACES[space].classes if entry.colour != shared]
    for start in range(0, len(rows), 4):
        part = rows[start : start + 4]
        truth = read_truth(tree.colours(*(entry.colour for entry in part)), LABEL_SPACES[space])
        np.testing.assert_array_equal(truth.semantic, stripes(tuple(entry.id for entry in part), np.uint8))


@pytest.mark.parametrize(
    "file, data, complaint",
    [
        ("GT/LABELS", encode_png(np.full((8, 24, 3), 255, np.uint16)), "red must hold class ids of at most 254"),
        ("GT/LABELS", encode_png(np.zeros((8, 24, 1), np.uint16)), "got 1 channels of 16"),
        ("GT/LABELS", encode_png(np.zeros((8, 24, 1), np.uint8)), "differ in form"),
        ("GT/LABELS", encode_png(np.zeros((8, 23, 3), np.uint16)), "semantic is 23x8 but the image is 24x8"),
        ("Depth", encode_png(np.zeros((8, 24, 1), np.uint8)), "depth must be a PNG of 16 bits"),
        ("Depth", encode_png(np.arange(576, dtype=np.uint16).reshape(8, 24, 3)), "channels of the depth differ"),
        ("Depth", b"", "the file is empty"),
        ("RGB", encode_png(photograph(8, 24))[:20], "the PNG header cannot be read"),
    ],
)  # fmt: skip
def test_what_is_not_as_it_should_be_rejects_its_frame(
    tree: SynthiaTree, file: str, data: bytes, complaint: str
) -> None:
    source = Synthia(tree.root)
    tree.write(f"{file}/0000001.png", data)
    rejection = read(source, "0000001")
    assert isinstance(rejection, Rejection)
    assert complaint in rejection.reason
    assert isinstance(read(source), Sample)


def test_a_frame_without_labels_is_named_and_rejected(tree: SynthiaTree) -> None:
    (tree.root / f"GT/LABELS/{FIRST}.png").unlink()
    assert Synthia(tree.root).plan().findings == {"frames without labels": (FIRST,)}
    rejection = read(Synthia(tree.root))
    assert isinstance(rejection, Rejection)
    assert rejection.reason == "the frame has no labels"


def test_depth_that_lacks_one_frame_is_left_out_and_the_frame_named(tree: SynthiaTree) -> None:
    (tree.root / f"Depth/{FIRST}.png").unlink()
    source = Synthia(tree.root)
    assert "depth" not in source.schema
    assert source.plan().findings == {"frames without depth, which is therefore left out of all": (FIRST,)}
    assert Synthia(tree.root, depth=False).plan().findings == {}


@pytest.mark.parametrize(
    "options, complaint",
    [
        ({"subset": "RAND"}, "no subset 'RAND'; there are rand_cityscapes, seqs, sf, rand, al"),
        ({"side": "left"}, "no side 'left'; there are Left, Right"),
        ({"direction": "U"}, "no direction 'U'; there are F, B, L, R"),
        ({"splits": ("train", "test")}, "no split but train, got train, test"),
    ],
)
def test_options_that_the_set_does_not_have_are_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        Synthia(Path("anywhere"), **options)


TINY = {
    "openvino/tests/assets/synthia_dataset/sf": ("sf", [{3, 16}, {1, 2, 9}]),
    "openvino/tests/assets/synthia_dataset/al": ("al", [{1, 10}, {3, 8, 11}]),
    "openvino/tests/assets/synthia_dataset/rand": ("rand", [{1, 10}, {3, 8, 11}]),
    "cvat/tests/assets/synthia_dataset/labels_segm_dataset": ("seqs", [{1, 2, 3}, {1, 2, 3, 15}]),
    "cvat/tests/assets/synthia_dataset/color_segm_dataset": ("seqs", [{1, 2, 3}, {1, 2, 3, 15}]),
}


@pytest.mark.parametrize("folder", TINY)
def test_trees_of_another_tool_convert(real_data: Path, tmp_path: Path, folder: str) -> None:
    subset, wanted = TINY[folder]
    made = convert(Synthia(real_data / "tiny_trees" / folder, subset=subset, depth=False), tmp_path)
    found = sorted(made.samples("train"), key=lambda each: each.key)
    assert [set(np.unique(each.semantic.array).tolist()) for each in found] == wanted


def test_a_tree_with_colours_of_its_own_is_rejected(real_data: Path) -> None:
    source = Synthia(real_data / "tiny_trees/openvino/tests/assets/synthia_dataset/rand_meta_file", subset="rand")
    rejection = read(source, "000000")
    assert isinstance(rejection, Rejection)
    assert "stands for no class in 'synthia_seqs'" in rejection.reason
