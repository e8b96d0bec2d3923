"""Head boxes of Oxford-IIIT Pets: PASCAL VOC files, one a photograph, absent for the test list."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from datasets.errors import BadSample
from datasets.reading import read_if_there
from datasets.sample import Objects

_SPECIES = ("cat", "dog")
_DECLARES = re.compile(rb"<[!?]|\0")
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def read_head_boxes(
    path: Path | str, name: str, height: int, width: int, species: int
) -> tuple[Objects, tuple[str, ...]]:
    """The boxes of one file, none when there is no file, and notes on boxes that were left out.

    VOC corners are pixels counted from 1, both inclusive; boxes come out as shares of the image.

    Raises:
        BadSample: the XML is broken or tries to expand or load entities.
    """
    data = read_if_there(path, name)
    if data is None:
        return _objects([], []), ()
    try:
        root = _parse(data)
    except ParseError as error:
        raise BadSample(f"the XML is broken: {error}", name) from None
    except DefusedXmlException as error:
        raise BadSample(f"the XML is refused: {type(error).__name__}", name) from None
    boxes: list[tuple[float, ...]] = []
    labels: list[int] = []
    notes: tuple[str, ...] = ()
    for element in root.iter("object"):
        outline = element.find("bndbox")
        box = None if outline is None else _corners(outline, height, width)
        if box is None:
            notes += ("head-box-left-out",)
            continue
        boxes.append(box)
        said = (element.findtext("name") or "").strip().lower()
        labels.append(_SPECIES.index(said) if said in _SPECIES else species)
    return _objects(boxes, labels), notes


def _parse(data: bytes) -> Element:
    """The document; one that could define entities, or be read in another encoding than it seems, goes the slow way."""
    return fromstring(data, forbid_dtd=True) if _DECLARES.search(data) else ElementTree.fromstring(data)


def _corners(outline: Element, height: int, width: int) -> tuple[float, float, float, float] | None:
    """ymin, xmin, ymax, xmax as shares, or None for a box that is no box inside the image."""
    try:
        left, top, right, bottom = [float(outline.findtext(side) or "nan") for side in _SIDES]
    except ValueError:
        return None
    if not (1 <= left <= right <= width and 1 <= top <= bottom <= height):  # nor is one of no number or none finite
        return None
    return (top - 1) / height, (left - 1) / width, bottom / height, right / width


def _objects(boxes: list[tuple[float, ...]], labels: list[int]) -> Objects:
    return Objects(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64))
