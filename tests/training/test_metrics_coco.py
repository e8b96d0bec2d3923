from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from training.metrics.coco_average_precision import CocoImage, box_overlaps, coco_scores, mask_overlaps

SIDE = 64


def _boxes(rng: np.random.Generator, count: int) -> np.ndarray:
    corners = rng.integers(0, 44, (count, 2))
    return np.concatenate([corners, rng.integers(3, 20, (count, 2))], axis=1).astype(np.float64)


def _masks(boxes: np.ndarray) -> np.ndarray:
    masks = np.zeros((len(boxes), SIDE, SIDE), bool)
    for mask, (left, top, width, height) in zip(masks, boxes.astype(int), strict=True):
        mask[top : top + height, left : left + width] = True
        mask[top : top + height // 2, left : left + width // 3] = False
    return masks


def _images(seed: int) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(8):
        boxes = _boxes(rng, int(rng.integers(0, 9)))
        detected = np.concatenate([boxes + rng.integers(-1, 2, boxes.shape), boxes, _boxes(rng, 5)])
        detected[:, 2:] = np.maximum(detected[:, 2:], 1)
        detected[:, :2] = np.maximum(detected[:, :2], 0)
        labels = rng.integers(1, 4, len(boxes))
        images.append(
            {
                "boxes": boxes, "labels": labels, "crowd": rng.random(len(boxes)) < 0.2, "detected_boxes": detected,
                "detected": np.concatenate([labels, labels, rng.integers(1, 5, 5)]),
                "scores": rng.permutation(len(detected)) / 40 + rng.random() / 100,
            }
        )  # fmt: skip
    return images


def _ours(images: list[dict[str, np.ndarray]], kind: str) -> list[CocoImage]:
    out = []
    for each in images:
        if kind == "bbox":
            overlaps = box_overlaps(each["detected_boxes"], each["boxes"], each["crowd"])
        else:
            overlaps = mask_overlaps(_masks(each["detected_boxes"]), _masks(each["boxes"]), each["crowd"])
        out.append(CocoImage(each["labels"], each["crowd"], each["detected"], each["scores"], overlaps))
    return out


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_average_precision_is_that_of_pycocotools(kind: str, seed: int) -> None:
    coco, cocoeval, mask = (pytest.importorskip(f"pycocotools.{name}") for name in ("coco", "cocoeval", "mask"))
    images = _images(seed)

    def shape(box: np.ndarray) -> dict[str, object]:
        encoded = mask.encode(np.asfortranarray(_masks(box[None])[0].astype(np.uint8)))
        return {"bbox": box.tolist(), "segmentation": encoded, "area": float(mask.area(encoded))}

    truth, found = coco.COCO(), []
    annotations = []
    for index, each in enumerate(images):
        for box, label, crowd in zip(each["boxes"], each["labels"], each["crowd"], strict=True):
            number = len(annotations) + 1
            annotations.append({"id": number, "image_id": index, "category_id": int(label), "iscrowd": int(crowd),
                                **shape(box)})  # fmt: skip
        for box, label, score in zip(each["detected_boxes"], each["detected"], each["scores"], strict=True):
            entry = {"image_id": index, "category_id": int(label), "score": float(score), **shape(box)}
            del entry["bbox" if kind == "segm" else "segmentation"]
            found.append(entry)
    truth.dataset = {"images": [{"id": i, "height": SIDE, "width": SIDE} for i in range(len(images))], "info": {},
                     "annotations": annotations, "categories": [{"id": i} for i in range(1, 5)]}  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        evaluation = cocoeval.COCOeval(truth, truth.loadRes(found), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    ours = coco_scores(_ours(images, kind))
    np.testing.assert_allclose([ours.ap, ours.ap50, ours.ap75], evaluation.stats[:3], rtol=1e-9)
    assert ours.recall == pytest.approx(evaluation.stats[8], rel=1e-9)
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    for label, value in ours.ap_by_class.items():
        assert value == pytest.approx(precision[:, :, label - 1].mean(), rel=1e-9)
    assert 0.1 < ours.ap < 0.9


def test_average_precision_of_a_case_done_by_hand() -> None:
    # Two objects; the surest detection is right, the second is false, the third right at IoU .6 alone.
    overlaps = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.6]])
    image = CocoImage(np.array([1, 1]), np.zeros(2, bool), np.array([1, 1, 1]), np.array([0.9, 0.8, 0.7]), overlaps)
    scores = coco_scores([image])
    below = (51 * 1 + 50 * 2 / 3) / 101  # precision 1 up to recall .5, then 2/3
    above = 51 / 101
    assert scores.ap50 == pytest.approx(below)
    assert scores.ap75 == pytest.approx(above)
    assert scores.ap == pytest.approx((3 * below + 7 * above) / 10)
    assert scores.recall == pytest.approx((3 * 1 + 7 * 0.5) / 10)


def test_no_object_is_nan_and_no_detection_is_0() -> None:
    nothing = np.zeros(0)
    one = CocoImage(np.array([1]), np.zeros(1, bool), nothing.astype(int), nothing, np.zeros((0, 1)))
    assert coco_scores([one]).ap == 0
    none = CocoImage(nothing.astype(int), nothing.astype(bool), np.array([1]), np.array([0.5]), np.zeros((1, 0)))
    assert np.isnan(coco_scores([none]).ap)
