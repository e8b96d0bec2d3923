"""Head boxes of Oxford-IIIT Pets: PASCAL VOC files, one a photograph, absent for the test list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from datasets.errors import BadSample
from datasets.reading import read_if_there
from datasets.sample import Objects

_SPECIES = ("cat", "dog")
_SIDES = ("xmin", "ymin", "xmax", "ymax")
_DECLARES = re.compile(rb"<[!?]|\0")


def _element(name: str, *parts: bytes) -> bytes:
    return b"<%b>%b</%b>" % (name.encode(), b"".join(parts) or _TEXT, name.encode())


_TEXT, _NUMBER = rb"[ !-%'-;=?-~]*", rb"([0-9]{1,9})"  # ASCII that means itself
_AS_DELIVERED = (
    _element(
        "annotation",
        *(_element(name) for name in ("folder", "filename")),
        _element("source", *(_element(name) for name in ("database", "annotation", "image"))),
        _element("size", *(_element(name) for name in ("width", "height", "depth"))),
        _element("segmented"),
        _element(
            "object",
            _element("name", rb"(%b)" % _TEXT),
            *(_element(name) for name in ("pose", "truncated", "occluded")),
            _element("bndbox", *(_element(side, _NUMBER) for side in _SIDES)),
            _element("difficult"),
        ),
    )
    + rb"\n?"
)
"""How nearly every file of the set is written; an XML parser takes ten times as long to say the same of it. Compiled
when first used, for whoever only lists a source needs it not."""


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
    boxes: list[tuple[float, ...]] = []
    labels: list[int] = []
    notes: tuple[str, ...] = ()
    for said, sides in _described(data, name):
        box = _corners(sides, height, width)
        if box is None:
            notes += ("head-box-left-out",)
            continue
        boxes.append(box)
        labels.append(_SPECIES.index(said) if said in _SPECIES else species)
    return _objects(boxes, labels), notes


def _described(data: bytes, name: str) -> list[tuple[str, list[Any]]]:
    """What every object is called, and its four sides as texts; none where it has no box.

    Raises:
        BadSample: the XML is broken or refused.
    """
    known = re.fullmatch(_AS_DELIVERED, data)
    if known:
        said, *sides = known.groups()
        return [(said.decode().strip().lower(), sides)]
    try:
        objects = list(_parse(data).iter("object"))
    except ParseError as error:
        raise BadSample(f"the XML is broken: {error}", name) from None
    except DefusedXmlException as error:
        raise BadSample(f"the XML is refused: {type(error).__name__}", name) from None
    return [((element.findtext("name") or "").strip().lower(), _sides(element.find("bndbox"))) for element in objects]


def _sides(outline: Element | None) -> list[Any]:
    return [] if outline is None else [outline.findtext(side) or "nan" for side in _SIDES]


def _parse(data: bytes) -> Element:
    """The document; one that could define entities, or be read in another encoding than it seems, goes the slow way."""
    return fromstring(data, forbid_dtd=True) if _DECLARES.search(data) else ElementTree.fromstring(data)


def _corners(sides: list[Any], height: int, width: int) -> tuple[float, float, float, float] | None:
    """ymin, xmin, ymax, xmax as shares, or None for a box that is no box inside the image."""
    try:
        left, top, right, bottom = map(float, sides)
    except ValueError:
        return None
    if not (1 <= left <= right <= width and 1 <= top <= bottom <= height):  # nor is one of no number or none finite
        return None
    return (top - 1) / height, (left - 1) / width, bottom / height, right / width


def _objects(boxes: list[tuple[float, ...]], labels: list[int]) -> Objects:
    return Objects(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64))
