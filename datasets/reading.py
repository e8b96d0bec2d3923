"""Reading the files of a source: decided by content, every conversion named.

Photographs keep their bytes and are proved whole later (`datasets.proof`); label maps are decoded here and their ids
counted, for the statistics need no more of them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import BadSample
from datasets.images import ImageHeader, decode_colours, decode_pixels, exif_orientation, read_header
from datasets.png import png_fault
from datasets.raster import Raster
from datasets.retries import persistently
from datasets.storage import whole_file

Noted = tuple[Raster, tuple[str, ...]]
"""A pixel map and notes on what had to be done to it."""


def read_bytes(path: Path | str, name: str) -> bytes:
    """The bytes of a file; what fails now and then is tried again.

    Raises:
        BadSample: it is missing, unreadable or no file; `name` is what the message calls it.
    """
    data = read_if_there(path, name)
    if data is None:
        raise BadSample("the file is missing", name)
    return data


def read_if_there(path: Path | str, name: str) -> bytes | None:
    """The same, and None where there is no file.

    Raises:
        BadSample: it is unreadable or no file.
    """
    try:
        return persistently(lambda: whole_file(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadSample(f"the file cannot be read: {error.strerror}", name) from None


def read_photograph(data: bytes, name: str) -> Noted:
    """A colour image from the bytes of its file.

    An 8-bit RGB JPEG or PNG keeps its bytes. Anything else (other formats, palettes, alpha, grey, CMYK, 16 bits)
    becomes a lossless RGB PNG: first frame of an animation, alpha dropped. EXIF orientation is not applied, because
    labels lie on the stored pixels; a note says that it was there.

    Raises:
        BadSample: no image, or one that has to be converted and is damaged.
    """
    with blaming(name):
        header = read_header(data)
        notes = _format_notes(name, header.format)
        if header.format == "jpeg" and exif_orientation(data) != 1:
            notes += ("exif-orientation-not-applied",)
        if header.format in ("jpeg", "png") and (header.channels, header.bits) == (3, 8):
            return Raster.from_bytes(data, header=header), notes
        _prove_png(header, data)
        return Raster.from_array(decode_colours(data)), (*notes, f"re-encoded-{_what_it_was(header)}")


def read_label_map(data: bytes, name: str) -> Noted:
    """A map of 8-bit class ids; a grey 8-bit PNG keeps its bytes, a palette PNG keeps its indices.

    Raises:
        BadSample: damaged, or something else where ids should be.
    """
    with blaming(name):
        header = read_header(data)
        if header.channels != 1 or (header.bits != 8 and not header.palette):
            raise BadSample(f"labels must be one channel of 8 bits, got {header.channels} of {header.bits}")
        if _is_grey_png(header, 8):
            raster = Raster.from_bytes(data, header=header)
            _ = raster.id_counts
            return raster, ()
        ids = decode_pixels(data, header)
        return Raster.from_array(ids), (f"label-re-encoded-{'palette' if header.palette else header.format}",)


def read_numbers(data: bytes, name: str) -> Noted:
    """A map of 16-bit numbers. A grey 16-bit PNG keeps its bytes; one of 8 bits holds the same numbers and is widened.

    Raises:
        BadSample: damaged, or of another form.
    """
    with blaming(name):
        header = read_header(data)
        if _is_grey_png(header, 16):
            _prove_png(header, data)
            return Raster.from_bytes(data, header=header), ()
        if _is_grey_png(header, 8):
            return Raster.from_array(decode_pixels(data).astype(np.uint16)), ("8-bit-numbers-widened",)
        raise BadSample(
            f"wanted a grey PNG of 16 bits, got {_what_it_was(header)}, {header.channels} of {header.bits} bits"
        )


def read_json(data: bytes, name: str) -> tuple[str, Any]:
    """The text of a JSON file and its value.

    Raises:
        BadSample: not UTF-8, broken, or nested too deeply.
    """
    try:
        text = data.decode("utf-8-sig")
        return text, json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSample(f"the JSON is broken: {error}", name) from None


class blaming:  # used like a function; one that yields would take twice as long
    """Name the file in every `BadSample` of the block that does not name one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BadSample):
            raise BadSample(error.reason, error.file or self._name) from None


def _is_grey_png(header: ImageHeader, bits: int) -> bool:
    return (header.format, header.palette, header.channels, header.bits) == ("png", False, 1, bits)


def _prove_png(header: ImageHeader, data: bytes) -> None:
    fault = png_fault(data) if header.format == "png" else None
    if fault:
        raise BadSample(f"the PNG is damaged: {fault}")


def _format_notes(name: str, format_: str) -> tuple[str, ...]:
    suffix = os.path.splitext(name)[1].lower().lstrip(".")
    named = {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix)
    return () if named == format_ else (f"{format_}-named-{suffix or 'without-suffix'}",)


def _what_it_was(header: ImageHeader) -> str:
    if header.format == "gif":
        return "gif-first-frame"
    kinds = {1: "grey", 2: "grey-alpha", 3: "colour", 4: "cmyk" if header.format == "jpeg" else "alpha"}
    depth = "" if header.bits == 8 else f"-{header.bits}-bit"
    return f"{header.format}-{'palette' if header.palette else kinds.get(header.channels, 'other')}{depth}"
