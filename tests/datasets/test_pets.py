from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import pets_boxes
from datasets.errors import BadSample, UsageError
from datasets.images import decode_colours, decode_pixels
from datasets.pets import Pets
from datasets.pets_boxes import read_head_boxes
from datasets.png import encode_png
from datasets.sample import Sample
from datasets.source import Rejection
from tests.fixtures import PetsTree, encoded, jpeg, photograph, trimap, voc_box

ALL = ("train", "test", "unlisted")


def read(tree: PetsTree, key: str) -> Sample | Rejection:
    pets = Pets(tree.root, ALL)
    (item,) = [item for item in pets.plan().items if item.key == key]
    with pets.open_reader() as reader:
        (result,) = reader([item])
    return result


def rejected(tree: PetsTree, key: str) -> Rejection:
    result = read(tree, key)
    assert isinstance(result, Rejection), result
    assert result.key == key
    return result


def test_splits_are_the_official_lists(pets_tree: PetsTree) -> None:
    plan = Pets(pets_tree.root).plan()
    assert {i.key for i in plan.items if i.split == "train"} == set(PetsTree.TRAIN)
    assert {i.key for i in plan.items if i.split == "test"} == set(PetsTree.TEST)
    assert plan.split_names["train"] == "trainval"


def test_what_is_not_converted_or_not_complete_is_named(pets_tree: PetsTree) -> None:
    assert Pets(pets_tree.root).plan().findings == {
        "photographs in no official list": ("Abyssinian_34",),
        "files that are no photograph or label": (
            "annotations/trimaps/._Abyssinian_1.png",
            "images/Abyssinian_100.mat",
        ),
        "train photographs without a head box": ("pug_2",),
    }


def test_a_plain_photograph_keeps_its_bytes_and_has_every_label(pets_tree: PetsTree) -> None:
    sample = read(pets_tree, "beagle_8")
    assert sample.image.data == (pets_tree.root / "images/beagle_8.jpg").read_bytes()
    assert sample.semantic.data == (pets_tree.root / "annotations/trimaps/beagle_8.png").read_bytes()
    np.testing.assert_array_equal(sample.semantic.array, trimap(30, 40))
    assert (sample.label, sample.species, sample.file_name) == (4, 1, "images/beagle_8.jpg")
    np.testing.assert_allclose(sample.objects.bbox, [[5 / 30, 10 / 40, 15 / 30, 20 / 40]], rtol=1e-6)
    assert sample.objects.label.tolist() == [1]
    assert sample.notes == ()


def test_a_photograph_without_xml_has_no_box(pets_tree: PetsTree) -> None:
    assert read(pets_tree, "pug_2").objects.bbox.shape == (0, 4)


def test_an_rgba_png_named_jpg_loses_its_alpha_and_is_noted(pets_tree: PetsTree) -> None:
    sample = read(pets_tree, "Abyssinian_5")
    np.testing.assert_array_equal(sample.image.array, photograph(30, 40, 50))
    assert sample.notes == ("png-named-jpg", "re-encoded-png-alpha")


def test_an_animated_gif_gives_its_first_frame_and_is_noted(pets_tree: PetsTree) -> None:
    sample = read(pets_tree, "Abyssinian_34")
    first = decode_colours(encoded(photograph(30, 40, 50), "GIF"))
    np.testing.assert_array_equal(sample.image.array, first)
    assert sample.notes == ("gif-named-jpg", "re-encoded-gif-first-frame")
    assert (sample.label, sample.species) == (0, 0)


def test_a_grey_jpeg_becomes_rgb_and_is_noted(pets_tree: PetsTree) -> None:
    sample = read(pets_tree, "beagle_7")
    grey = decode_pixels((pets_tree.root / "images/beagle_7.jpg").read_bytes())
    assert np.abs(sample.image.array.astype(int) - grey).max() <= 1
    assert sample.notes == ("re-encoded-jpeg-grey",)


def test_exif_orientation_is_noted_and_the_pixels_stay_with_the_label(pets_tree: PetsTree) -> None:
    sample = read(pets_tree, "Bengal_3")
    assert sample.image.shape[:2] == sample.semantic.shape[:2] == (30, 40)
    assert sample.notes == ("exif-orientation-not-applied",)


def test_a_palette_trimap_keeps_its_indices(pets_tree: PetsTree) -> None:
    from PIL import Image

    image = Image.fromarray(trimap(30, 40)[:, :, 0]).convert("P")
    image = Image.frombytes("P", (40, 30), trimap(30, 40).tobytes())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(pets_tree.root / "annotations/trimaps/pug_3.png")
    sample = read(pets_tree, "pug_3")
    np.testing.assert_array_equal(decode_pixels(sample.semantic.data), trimap(30, 40))
    assert sample.notes == ("label-re-encoded-palette",)


@pytest.mark.parametrize("cut", [0, 10])
def test_a_photograph_without_a_header_is_rejected_with_its_file(pets_tree: PetsTree, cut: int) -> None:
    path = pets_tree.root / "images/pug_3.jpg"
    path.write_bytes(path.read_bytes()[:cut])
    rejection = rejected(pets_tree, "pug_3")
    assert rejection.file == "images/pug_3.jpg"
    assert "empty" in rejection.reason if cut == 0 else "JPEG" in rejection.reason


def test_a_missing_photograph_or_trimap_is_rejected(pets_tree: PetsTree) -> None:
    (pets_tree.root / "images/pug_3.jpg").unlink()
    (pets_tree.root / "annotations/trimaps/pug_2.png").unlink()
    assert rejected(pets_tree, "pug_3").reason == "the file is missing"
    assert rejected(pets_tree, "pug_2").file == "annotations/trimaps/pug_2.png"


def test_a_folder_named_like_a_photograph_is_rejected(pets_tree: PetsTree) -> None:
    (pets_tree.root / "images/pug_3.jpg").unlink()
    (pets_tree.root / "images/pug_3.jpg").mkdir()
    assert "directory" in rejected(pets_tree, "pug_3").reason


def test_sizes_that_differ_are_rejected_with_both(pets_tree: PetsTree) -> None:
    pets_tree.write("images/pug_3.jpg", jpeg(photograph(30, 41)))
    assert "semantic is 40x30 but the image is 41x30" in rejected(pets_tree, "pug_3").reason


def test_a_coloured_trimap_is_rejected(pets_tree: PetsTree) -> None:
    pets_tree.write("annotations/trimaps/pug_3.png", encode_png(photograph(30, 40)))
    assert "one channel of 8 bits, got 3 of 8" in rejected(pets_tree, "pug_3").reason


@pytest.mark.parametrize(
    "box", [(0, 1, 5, 5), (5, 1, 4, 5), (1, 1, 41, 5), (1, 1, 5, 31), ("nan", 1, 5, 5), ("", 1, 5, 5), ("x", 1, 5, 5)]
)
def test_a_box_that_is_none_is_left_out_and_the_others_stay(pets_tree: PetsTree, box: tuple[object, ...]) -> None:
    pets_tree.write_boxes("pug_3", voc_box(*box) + voc_box(1, 1, 40, 30, "dog"))
    sample = read(pets_tree, "pug_3")
    assert sample.objects.bbox.tolist() == [[0, 0, 1, 1]]
    assert sample.notes == ("head-box-left-out",)


_DELIVERED = (
    "<annotation><folder>OXIIIT</folder><filename>pug_3.jpg</filename><source><database>OXFORD-IIIT Pet Dataset"
    "</database><annotation>OXIIIT</annotation><image>flickr</image></source><size><width>40</width><height>30</height>"
    "<depth>3</depth></size><segmented>0</segmented><object><name>dog</name><pose>Frontal</pose><truncated>0</truncated>"
    "<occluded>0</occluded><bndbox><xmin>11</xmin><ymin>4</ymin><xmax>30</xmax><ymax>27</ymax></bndbox>"
    "<difficult>0</difficult></object></annotation>\n"
)


def test_the_form_of_the_official_files_is_known(pets_tree: PetsTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.pets_boxes._parse", lambda data: pytest.fail("a parser was asked"))
    pets_tree.write("annotations/xmls/pug_3.xml", _DELIVERED)
    sample = read(pets_tree, "pug_3")
    np.testing.assert_array_equal(sample.objects.bbox, np.array([[3 / 30, 10 / 40, 27 / 30, 30 / 40]], np.float32))
    assert sample.objects.label.tolist() == [1]


@given(data=st.data())
def test_the_form_of_the_official_files_says_what_an_xml_parser_reads(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Numbers and names at random, and then a change somewhere, which may be a forbidden or a meaningful character."""
    text = _DELIVERED
    for old in ("dog", "11", "27", "Frontal", "flickr"):
        words = st.sampled_from(["cat", " Dog ", "", "]]>", "1e1", "&lt;"])
        text = text.replace(old, data.draw(st.integers(0, 45).map(str) | words), 1)
    place, mark = (
        data.draw(st.integers(0, len(text))),
        data.draw(st.sampled_from(["", "&", "<", ">", " ", "\x7f", "é", "\0"])),
    )
    path = tmp_path_factory.getbasetemp() / "box.xml"
    path.write_bytes((text[:place] + mark + text[place:]).encode())
    with pytest.MonkeyPatch.context() as patch:
        found = _boxes(path)
        patch.setattr("datasets.pets_boxes._AS_DELIVERED", b"(?!)")
        assert found == _boxes(path)


def test_the_real_files_are_of_that_form_and_say_the_same_to_a_parser(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted((real_data / "pets/annotations/xmls").glob("*.xml"))
    parsed: list[bytes] = []
    parse = pets_boxes._parse
    monkeypatch.setattr(pets_boxes, "_parse", lambda data: (parsed.append(data), parse(data))[1])
    found = [_boxes(path) for path in files]
    assert len(parsed) == 1  # Bengal_105 has two heads
    monkeypatch.setattr(pets_boxes, "_AS_DELIVERED", b"(?!)")
    assert found == [_boxes(path) for path in files]


def _boxes(path: Path) -> object:
    try:
        objects, notes = read_head_boxes(path, "box.xml", 30, 40, 0)
    except BadSample as error:
        return error.reason
    return objects.bbox.tolist(), objects.label.tolist(), notes


@pytest.mark.parametrize(
    "xml",
    [
        "<annotation><object>",
        '<!DOCTYPE a [<!ENTITY b "1"><!ENTITY c "&b;&b;">]><annotation>&c;</annotation>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><annotation>&b;</annotation>',
        "",
    ],
)
def test_broken_and_hostile_xml_is_rejected(pets_tree: PetsTree, xml: str) -> None:
    pets_tree.write("annotations/xmls/pug_3.xml", xml)
    rejection = rejected(pets_tree, "pug_3")
    assert rejection.file == "annotations/xmls/pug_3.xml"
    assert "XML" in rejection.reason


def test_lists_may_have_a_byte_order_mark_and_windows_line_ends(pets_tree: PetsTree) -> None:
    path = pets_tree.root / "annotations/test.txt"
    before = Pets(pets_tree.root).plan()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert Pets(pets_tree.root).plan() == before


@pytest.mark.parametrize("line", ["pug_9 1 2", "pug_9 a 2 1", "Pug_9 1 2 1", "pug_3 4 2 2", "poodle_1 1 2 1"])
def test_a_bad_list_is_refused_and_the_row_named(pets_tree: PetsTree, line: str) -> None:
    path = pets_tree.root / "annotations/test.txt"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UsageError, match=line.split()[0]):
        Pets(pets_tree.root).plan()


def test_a_folder_that_is_not_the_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not Oxford-IIIT Pets: images is missing"):
        Pets(tmp_path)


def test_an_unknown_split_is_refused(pets_tree: PetsTree) -> None:
    with pytest.raises(UsageError, match="no split \\['validation'\\]; there are train, test and unlisted"):
        Pets(pets_tree.root, ("validation",))


def test_the_real_set_and_each_of_its_oddities(real_data: Path) -> None:
    pets = Pets(real_data / "pets", ALL)
    plan = pets.plan()
    with pets.open_reader() as reader:
        results = list(reader(plan.items))
    samples = {result.key: result for result in results if isinstance(result, Sample)}
    assert len(samples) == len(plan.items) == 600
    assert plan.findings["files that are no photograph or label"] == (
        "annotations/._trimaps",
        "images/Abyssinian_100.mat",
        "images/Abyssinian_101.mat",
        "images/Abyssinian_102.mat",
    )
    assert plan.findings["train photographs without a head box"] == (
        "Abyssinian_104", "american_bulldog_202", "Bengal_111", "Bengal_175",
    )  # fmt: skip
    assert {item.key for item in plan.items if item.split == "unlisted"} == {"Abyssinian_34", "Abyssinian_82"}
    noted = {key: sample.notes for key, sample in samples.items() if sample.notes}
    assert noted["Abyssinian_34"] == ("gif-named-jpg", "re-encoded-gif-first-frame")
    assert noted["Abyssinian_5"] == ("png-named-jpg", "re-encoded-png-alpha")
    assert set(np.unique(samples["Abyssinian_34"].semantic.array)) == {2}
    assert sum(len(sample.objects.bbox) for sample in samples.values()) >= 296
