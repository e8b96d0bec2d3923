"""Generated source trees in the true layouts and of the true sizes, for the benchmarks."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import simplejpeg
from PIL import Image

_HEAD_BOX = (
    "<annotation><folder>generated</folder><filename>{name}.jpg</filename><source><database>none, generated for a "
    "benchmark</database><annotation>none</annotation><image>noise</image></source><size><width>500</width>"
    "<height>375</height><depth>3</depth></size><segmented>0</segmented><object><name>cat</name><pose>Frontal</pose>"
    "<truncated>0</truncated><occluded>0</occluded><bndbox><xmin>109</xmin><ymin>29</ymin><xmax>290</xmax>"
    "<ymax>180</ymax></bndbox><difficult>0</difficult></object></annotation>"
)
_DISTINCT = 8  # so many images are made; the others are copies with other names, as large and as dear to read


def pets_tree(root: Path, count: int) -> None:
    """Oxford-IIIT Pets of 500x375 with trimaps and head boxes, all in the train list.

    Like 598 photographs of the true set: three in four are JPEG without and one with subsampled colours, of 0.65 and
    0.19 bytes a pixel, together 96 kB on average; trimaps have 3.8 outlines a row; boxes take 500 bytes of XML.
    """
    for folder in ("images", "annotations/trimaps", "annotations/xmls"):
        (root / folder).mkdir(parents=True)
    photographs = [_jpeg(seed, subsampled=seed % 4 == 3) for seed in range(_DISTINCT)]
    trimaps = [imagecodecs.png_encode(_labels(375, 500, seed, 3, patches=20) + 1) for seed in range(_DISTINCT)]
    names = [f"Abyssinian_{index}" for index in range(1, count + 1)]
    for index, name in enumerate(names):
        (root / f"images/{name}.jpg").write_bytes(photographs[index % _DISTINCT])
        (root / f"annotations/trimaps/{name}.png").write_bytes(trimaps[index % _DISTINCT])
        (root / f"annotations/xmls/{name}.xml").write_text(_HEAD_BOX.format(name=name))
    rows = "".join(f"{name} 1 1 1\n" for name in names)
    for list_name, text in (("list", rows), ("trainval", rows), ("test", "")):
        (root / f"annotations/{list_name}.txt").write_text(text)


def cityscapes_tree(root: Path, count: int) -> None:
    """Cityscapes: 2048x1024 PNG of 2.7 MB with label and instance ids, all in the train split."""
    frames = [imagecodecs.png_encode(_photograph(1024, 2048, seed, 3), level=6) for seed in range(_DISTINCT)]
    ids = [_labels(1024, 2048, seed, 26, patches=90) + 7 for seed in range(_DISTINCT)]
    labels = [imagecodecs.png_encode(part, level=6) for part in ids]
    instances = [imagecodecs.png_encode(part.astype(np.uint16) * 1000 + part % 7, level=6) for part in ids]
    for folder in ("leftImg8bit", "gtFine"):
        (root / folder / "train/aachen").mkdir(parents=True)
    for index in range(count):
        name, distinct = f"aachen_{index:06}_000019", index % _DISTINCT
        (root / f"leftImg8bit/train/aachen/{name}_leftImg8bit.png").write_bytes(frames[distinct])
        (root / f"gtFine/train/aachen/{name}_gtFine_labelIds.png").write_bytes(labels[distinct])
        (root / f"gtFine/train/aachen/{name}_gtFine_instanceIds.png").write_bytes(instances[distinct])


def _jpeg(seed: int, subsampled: bool) -> bytes:
    noise, quality, sampling = (26, 83, "420") if subsampled else (36, 95, "444")
    return simplejpeg.encode_jpeg(_photograph(375, 500, seed, noise), quality=quality, colorsubsampling=sampling)


def _photograph(height: int, width: int, seed: int, noise: int) -> np.ndarray:
    """Smooth colours with a little noise, so that files are about as large as photographs of that size."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (height // 24, width // 24, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = generator.integers(-noise, noise + 1, (height, width, 1), dtype=np.int16)
    return np.clip(smooth + (grain >> 2), 0, 255).astype(np.uint8)


def _labels(height: int, width: int, seed: int, classes: int, patches: int) -> np.ndarray:
    """`(height, width)` uint8 ids 0 to classes - 1 in large patches with ragged edges, like hand-drawn labels."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    sites = generator.random((patches, 2)) * (height, width)
    kinds = generator.integers(0, classes, patches)
    nearest = np.full((height, width), np.inf, np.float32)
    ids = np.zeros((height, width), np.uint8)
    for (row, column), kind in zip(sites, kinds, strict=True):
        distance = (rows - row) ** 2 + (columns - column) ** 2
        closer = distance < nearest
        ids[closer], nearest[closer] = kind, distance[closer]
    return ids
