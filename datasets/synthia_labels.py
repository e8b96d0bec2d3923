"""The ground truth of SYNTHIA: class and object of each pixel, in the four forms in which it is handed out, and depth.

16-bit RGB PNG (`GT/LABELS`): red is the class, green the object. 8-bit RGB PNG (`GT/COLOR`, `GT`, `SemSeg`): a colour
for each class. Grey PNG: the class. Text (`GTTXT`): the classes, a line for each row of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.errors import BadSample
from datasets.images import ImageHeader, decode_pixels, read_header
from datasets.label_space import LabelSpace

MAX_ID = 254
_MAX_INSTANCE = np.iinfo(np.uint16).max
_SATURATED_CM = np.iinfo(np.uint16).max

# Two published tables of SYNTHIA-SEQS differ in the green of lane marking; neither colour stands for anything else.
_OTHER_COLOURS = {"synthia_seqs": {(0, 175, 0): 12}}


@dataclass(frozen=True, eq=False)
class Truth:
    """What the labels of one frame say.

    Attributes:
        semantic: `(height, width, 1)` uint8 class ids.
        instance: `(height, width, 1)` uint16 objects, or None where the file has none.
        notes: conversions that were needed.
    """

    semantic: np.ndarray
    instance: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def holds_instances(data: bytes) -> bool:
    """Whether these are labels of the 16-bit form; only the header is read."""
    try:
        return _is_full(read_header(data))
    except BadSample:
        return False


def read_truth(data: bytes, space: LabelSpace) -> Truth:
    """Labels from the bytes of a PNG, whatever its form.

    Raises:
        BadSample: damaged, a colour that stands for no class or for two, a number that is no class id.
    """
    header = read_header(data)
    pixels = decode_pixels(data)
    if _is_full(header):
        classes = pixels[:, :, :1]
        if classes.max() > MAX_ID:
            raise BadSample(f"red must hold class ids of at most {MAX_ID}, got {classes.max()}")
        return Truth(classes.astype(np.uint8), np.ascontiguousarray(pixels[:, :, 1:2]))
    if header.bits == 8 and header.channels == 1:
        return Truth(pixels)
    if header.bits == 8 and header.channels >= 3:
        return Truth(_ids_of_colours(pixels[:, :, :3], space), notes=("labels-from-colours",))
    raise BadSample(f"labels must be RGB of 16 or 8 bits or grey of 8, got {header.channels} channels of {header.bits}")


def read_text_truth(data: bytes) -> Truth:
    """Labels from text: class ids with spaces between, a line for each row of pixels.

    Raises:
        BadSample: no such text, or lines that differ in length.
    """
    try:
        rows = [line.split() for line in data.decode("ascii").splitlines() if line.strip()]
        ids = np.array(rows, np.int64)
    except (ValueError, OverflowError) as error:
        raise BadSample(f"wanted class ids, a line for each row of pixels: {error}") from None
    if ids.ndim != 2 or ids.min() < 0 or ids.max() > MAX_ID:
        raise BadSample(f"class ids must be 0..{MAX_ID}, got {ids.min()}..{ids.max()}" if ids.size else "no class ids")
    return Truth(ids.astype(np.uint8)[:, :, np.newaxis], notes=("labels-from-text",))


def read_depth_m(data: bytes) -> tuple[np.ndarray, tuple[str, ...]]:
    """`(height, width, 1)` float32 metres from 16-bit centimetres, and notes.

    65,535 is the end of the scale and becomes infinite; so does 0, since nothing touches the camera.

    Raises:
        BadSample: damaged, not 16 bits, or colour channels that differ.
    """
    header = read_header(data)
    if header.format != "png" or header.bits != 16:
        came = f"{header.format} of {header.bits} bits"
        raise BadSample(f"depth must be a PNG of 16 bits, in centimetres, got {came}; the depth can be left out")
    pixels = decode_pixels(data)
    centimetres = pixels[:, :, :1]
    if header.channels >= 3 and (pixels[:, :, :3] != centimetres).any():
        raise BadSample("the three channels of the depth differ; wanted the same centimetres in each")
    depth_m = centimetres.astype(np.float32) / np.float32(100)
    depth_m[(centimetres == 0) | (centimetres == _SATURATED_CM)] = np.inf
    return depth_m, (("depth-of-0-cm",) if not centimetres.all() else ())


def _is_full(header: ImageHeader) -> bool:
    return header.format == "png" and header.bits == 16 and header.channels >= 3


def _ids_of_colours(colours: np.ndarray, space: LabelSpace) -> np.ndarray:
    codes = (colours.astype(np.uint32) * np.array([1 << 16, 1 << 8, 1], np.uint32)).sum(2, dtype=np.uint32)
    present, where = np.unique(codes, return_inverse=True)
    meanings = _meanings(space)
    found = np.empty(len(present), np.uint8)
    for index, code in enumerate(present.tolist()):
        colour = (code >> 16, code >> 8 & 255, code & 255)
        ids = meanings.get(colour, ())
        if len(ids) != 1:
            stands_for = " and ".join(name for _, name in ids) or "no class"
            raise BadSample(f"colour {colour} stands for {stands_for} in {space.name!r}; take the LABELS files instead")
        found[index] = ids[0][0]
    return found[where].reshape(*codes.shape, 1)


def _meanings(space: LabelSpace) -> dict[tuple[int, int, int], tuple[tuple[int, str], ...]]:
    meanings: dict[tuple[int, int, int], tuple[tuple[int, str], ...]] = {}
    for entry in space.classes:
        meanings[entry.colour] = (*meanings.get(entry.colour, ()), (entry.id, entry.name))
    for colour, label_id in _OTHER_COLOURS.get(space.name, {}).items():
        meanings[colour] = ((label_id, ""),)
    return meanings
