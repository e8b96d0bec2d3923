"""Miniature source trees in the true layouts, made from nothing, with a fixed seed."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from datasets.label_tables import CITYSCAPES_LABELS
from datasets.png import encode_png


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


def label_blocks(ids: tuple[int, ...], height: int, width: int, dtype: type = np.uint8) -> np.ndarray:
    """(height, width, 1): the ids in vertical stripes, each as wide as the others."""
    stripes = np.array(ids, dtype)[np.arange(width) * len(ids) // width]
    return np.broadcast_to(stripes[np.newaxis, :, np.newaxis], (height, width, 1)).copy()


class Tree:
    """A folder to write into."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, data: bytes | str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def zip(self, folder: Path, packages: dict[str, tuple[str, ...]]) -> Path:
        """The tree as zip files: for each archive the folders that go into it, with a README of its own."""
        folder.mkdir(parents=True)
        for archive, tops in packages.items():
            with zipfile.ZipFile(folder / archive, "w", zipfile.ZIP_DEFLATED) as file:
                file.writestr("README", f"this is {archive}")
                for path in sorted(path for top in tops for path in (self.root / top).rglob("*")):
                    file.write(path, path.relative_to(self.root).as_posix())
        return folder


class CityscapesTree(Tree):
    """A miniature Cityscapes: five frames of 16x32, with every package but the right images."""

    FRAMES: ClassVar = {
        "train": ("aachen_000000_000019", "aachen_000001_000019", "bad-honnef_000000_000000"),
        "val": ("frankfurt_000000_000294",),
        "test": ("berlin_000000_000019",),
    }
    PACKAGES: ClassVar = {
        "leftImg8bit_trainvaltest.zip": ("leftImg8bit",),
        "gtFine_trainvaltest.zip": ("gtFine",),
        "disparity_trainvaltest.zip": ("disparity",),
        "camera_trainvaltest.zip": ("camera",),
        "vehicle_trainvaltest.zip": ("vehicle",),
    }
    IDS = (7, 8, 11, 21, 23, 24, 26, 33)
    HEIGHT, WIDTH = 16, 32

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for split, keys in self.FRAMES.items():
            for key in keys:
                self.add(split, key)

    @staticmethod
    def name(package: str, split: str, key: str, ending: str) -> str:
        return f"{package}/{split}/{key.rsplit('_', 2)[0]}/{key}_{package}{ending}"

    def add(self, split: str, key: str, labels: str = "gtFine") -> None:
        ids = (1, 2, 3) if split == "test" else self.IDS
        semantic = label_blocks(ids, self.HEIGHT, self.WIDTH)
        pixels = photograph(self.HEIGHT, self.WIDTH, zlib.crc32(key.encode()))
        self.write(self.name("leftImg8bit", split, key, ".png"), encode_png(pixels, level=6))
        self.write(self.name(labels, split, key, "_labelIds.png"), encode_png(semantic, level=6))
        self.write(self.name(labels, split, key, "_instanceIds.png"), encode_png(self.instances(semantic), level=6))
        self.write(self.name(labels, split, key, "_color.png"), encode_png(pixels))
        self.write(self.name(labels, split, key, "_polygons.json"), self.polygons(ids))
        self.write(self.name("disparity", split, key, ".png"), encode_png(semantic.astype(np.uint16) * 256 + 1))
        self.write(self.name("camera", split, key, ".json"), self.camera())
        self.write(self.name("vehicle", split, key, ".json"), json.dumps({"speed": 7.5, "yawRate": -0.01}))

    @staticmethod
    def instances(semantic: np.ndarray) -> np.ndarray:
        """Persons and cars are countable, the third of each; everything else keeps its id."""
        return np.where(np.isin(semantic, (24, 26)), semantic.astype(np.uint16) * 1000 + 2, semantic.astype(np.uint16))

    @staticmethod
    def camera(fx: object = 2262.52) -> str:
        intrinsic = {"fx": fx, "fy": 2265.3017905988554, "u0": 1096.98, "v0": 513.137}
        return json.dumps({"extrinsic": {"baseline": 0.209313}, "intrinsic": intrinsic}, indent=4)

    @classmethod
    def polygons(cls, ids: tuple[int, ...]) -> str:
        """The stripes of `label_blocks` as rectangles, with a deleted object and a license plate over them."""
        names = {row.id: row.name for row in CITYSCAPES_LABELS}
        step, bottom = cls.WIDTH // len(ids), cls.HEIGHT - 1
        boxes = [(names[value], i * step, cls.WIDTH if i + 1 == len(ids) else i * step + step - 1)
                 for i, value in enumerate(ids)]  # fmt: skip
        objects = [{"label": n, "polygon": [[a, 0], [b, 0], [b, bottom], [a, bottom]]} for n, a, b in boxes]
        cover = [[0, 0], [cls.WIDTH, 0], [cls.WIDTH, cls.HEIGHT]]
        objects += [{"label": "car", "polygon": cover, "deleted": 1}, {"label": "license plate", "polygon": cover}]
        return json.dumps({"imgHeight": cls.HEIGHT, "imgWidth": cls.WIDTH, "objects": objects})


class SynthiaTree(Tree):
    """Miniature SYNTHIA subsets: two frames of 8x24 each, with objects beyond 255 and the ends of the depth scale."""

    IDS = (0, 1, 3, 7, 8, 10)
    OBJECTS = (0, 0, 0, 300, 65535, 17)
    DEPTH_CM = (0, 65535, 1, 250, 12345, 65534)
    HEIGHT, WIDTH = 8, 24

    def labels(self) -> bytes:
        parts = [label_blocks(values, self.HEIGHT, self.WIDTH, np.uint16) for values in (self.IDS, self.OBJECTS)]
        return encode_png(np.concatenate([*parts, np.zeros_like(parts[0])], 2))

    def depth(self, channels: int = 1) -> bytes:
        return encode_png(np.repeat(label_blocks(self.DEPTH_CM, self.HEIGHT, self.WIDTH, np.uint16), channels, 2))

    def colours(self, *colours: tuple[int, int, int]) -> bytes:
        index = label_blocks(tuple(range(len(colours))), self.HEIGHT, self.WIDTH)[:, :, 0]
        return encode_png(np.array(colours, np.uint8)[index])

    def add(self, image: str, labels: str, depth: str | None = None, below: str = "") -> SynthiaTree:
        """Two frames in these folders; `below` is a sequence."""
        for number in ("0000000", "0000001"):
            pixels = photograph(self.HEIGHT, self.WIDTH, int(number))
            self.write(f"{below}{image}/{number}.png", encode_png(pixels, level=6))
            self.write(f"{below}{labels}/{number}.png", self.labels())
            if depth:
                self.write(f"{below}{depth}/{number}.png", self.depth())
        return self


class CamVidTree(Tree):
    """A miniature CamVid; its train list names a frame that is not there, with the paths of another machine."""

    FRAMES: ClassVar = {
        "train": ("0001TP_006690", "0006R0_f00930"),
        "val": ("0016E5_07959",),
        "test": ("Seq05VD_f00000",),
    }

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for split, keys in self.FRAMES.items():
            for key in keys:
                self.write(f"{split}/{key}.png", encode_png(photograph(12, 24, len(key)), level=6))
                self.write(f"{split}annot/{key}.png", encode_png(label_blocks(tuple(range(12)), 12, 24), level=6))
            listed = [*keys, "0001TP_006720"] if split == "train" else keys
            lines = [f"/SegNet/CamVid/{split}/{k}.png /SegNet/CamVid/{split}annot/{k}.png" for k in listed]
            self.write(f"{split}.txt", "\r\n".join(lines))


class MnistTree(Tree):
    """A miniature MNIST: twelve digits to train, five to test, half of the files gzipped; and a tiny BSDS500."""

    COUNTS: ClassVar = {"train": 12, "t10k": 5}

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        generator = np.random.default_rng(5)
        self.images = {s: generator.integers(0, 256, (n, 28, 28), dtype=np.uint8) for s, n in self.COUNTS.items()}
        self.labels = {s: (np.arange(n) * 7 % 10).astype(np.uint8) for s, n in self.COUNTS.items()}
        for split in self.COUNTS:
            self.images[split] *= generator.random(self.images[split].shape) < 0.3
            self.write(f"{split}-images-idx3-ubyte", idx(self.images[split]))
            self.write(f"{split}-labels-idx1-ubyte.gz", gzip.compress(idx(self.labels[split])))
        for split, count in {"train": 3, "val": 2, "test": 1}.items():
            for number in range(count):
                pixels = photograph(40 + number, 60, 100 * len(split) + number)
                self.write(f"bsds500/images/{split}/{number}{len(split)}.jpg", jpeg(pixels))


def idx(array: np.ndarray) -> bytes:
    """An idx file of bytes."""
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
