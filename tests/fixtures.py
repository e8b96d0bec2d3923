"""Miniature source trees in the true layouts, made from nothing, with a fixed seed."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.images import encode_png


def photograph(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(height, width, 3) uint8 of smooth random colours."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).copy()


def jpeg(pixels: np.ndarray, **options: object) -> bytes:
    return encoded(pixels, "JPEG", quality=90, **options)


def encoded(pixels: np.ndarray, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format_, **options)
    return out.getvalue()


def trimap(height: int, width: int) -> np.ndarray:
    """(height, width, 1) uint8: a pet of ones with a border of threes on a background of twos."""
    ids = np.full((height, width, 1), 2, np.uint8)
    ids[height // 4 : -height // 4, width // 4 : -width // 4] = 3
    ids[height // 4 + 2 : -height // 4 - 2, width // 4 + 2 : -width // 4 - 2] = 1
    return ids


def voc_box(left: object, top: object, right: object, bottom: object, name: str = "cat") -> str:
    return (
        f"<object><name>{name}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
        f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A small PNG whose header announces 400 million pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(width + 1) * 10)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class PetsTree:
    """A miniature Oxford-IIIT Pets: ten listed photographs, four of them for the test, and the set's own oddities.

    Every photograph but the named ones is a 40x30 JPEG. `Abyssinian_5` is an RGBA PNG named .jpg, `Abyssinian_34` an
    animated GIF in no list whose trimap holds one id, `beagle_7` a grey JPEG, `Bengal_3` carries an EXIF orientation.
    """

    TRAIN = ("Abyssinian_1", "Abyssinian_5", "Bengal_3", "beagle_7", "beagle_8", "pug_2")
    TEST = ("Abyssinian_9", "Bengal_4", "beagle_9", "pug_3")
    HEIGHT, WIDTH = 30, 40

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("images", "annotations/trimaps", "annotations/xmls"):
            (root / folder).mkdir(parents=True)
        for index, name in enumerate((*self.TRAIN, *self.TEST, "Abyssinian_34")):
            self.write(f"images/{name}.jpg", jpeg(photograph(self.HEIGHT, self.WIDTH, index)))
            self.write(f"annotations/trimaps/{name}.png", encode_png(trimap(self.HEIGHT, self.WIDTH)))
        for name in self.TRAIN[:-1]:
            self.write_boxes(name, voc_box(11, 6, 20, 15, "cat" if name[0].isupper() else "dog"))
        self._write_oddities()
        self._write_lists()

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.root / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def write_boxes(self, name: str, objects: str) -> None:
        self.write(f"annotations/xmls/{name}.xml", f"<annotation>{objects}</annotation>")

    def _write_oddities(self) -> None:
        pixels = photograph(self.HEIGHT, self.WIDTH, 50)
        alpha = np.full((self.HEIGHT, self.WIDTH, 1), 128, np.uint8)
        self.write("images/Abyssinian_5.jpg", encoded(np.concatenate([pixels, alpha], 2), "PNG"))
        self.write("images/beagle_7.jpg", jpeg(pixels[:, :, 0]))
        exif = Image.Exif()
        exif[0x0112] = 6
        self.write("images/Bengal_3.jpg", jpeg(pixels, exif=exif))
        later = Image.fromarray(255 - pixels)
        gif = encoded(pixels, "GIF", save_all=True, append_images=[later])
        self.write("images/Abyssinian_34.jpg", gif)
        self.write(
            "annotations/trimaps/Abyssinian_34.png", encode_png(np.full((self.HEIGHT, self.WIDTH, 1), 2, np.uint8))
        )
        self.write("images/Abyssinian_100.mat", b"MATLAB 5.0")
        self.write("annotations/trimaps/._Abyssinian_1.png", b"\0\5\x16\7")

    def _write_lists(self) -> None:
        classes = {"Abyssinian": "1 1 1", "Bengal": "2 1 2", "beagle": "3 2 1", "pug": "4 2 2"}
        rows = {name: f"{name} {classes[name.rpartition('_')[0]]}" for name in (*self.TRAIN, *self.TEST)}
        for list_name, names in (("list", (*self.TRAIN, *self.TEST)), ("trainval", self.TRAIN), ("test", self.TEST)):
            self.write(
                f"annotations/{list_name}.txt",
                "#Image CLASS-ID SPECIES BREED ID\n" + "".join(rows[n] + "\n" for n in names),
            )
