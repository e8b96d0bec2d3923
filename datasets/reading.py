"""Reading the files of a source: decided by content, proved whole, every conversion named."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from datasets.errors import BadSample
from datasets.images import ImageHeader, decode_colours, decode_pixels, exif_orientation, png_fault, read_header
from datasets.raster import Raster


def read_bytes(path: Path, name: str) -> bytes:
    """The bytes of a file.

    Raises:
        BadSample: it is missing, unreadable or no file; `name` is what the message calls it.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadSample("the file is missing", name) from None
    except OSError as error:
        raise BadSample(f"the file cannot be read: {error.strerror}", name) from None


def read_photograph(path: Path, name: str) -> tuple[Raster, tuple[str, ...]]:
    """A colour image and notes on what had to be done to it.

    An 8-bit RGB JPEG or PNG keeps its bytes. Anything else (other formats, palettes, alpha, grey, CMYK, 16 bits)
    becomes a lossless RGB PNG: first frame of an animation, alpha dropped. EXIF orientation is not applied, because
    labels lie on the stored pixels; a note says that it was there. Kept bytes are not proved here (`datasets.proof`).

    Raises:
        BadSample: missing, no image, damaged.
    """
    data = read_bytes(path, name)
    try:
        header = read_header(data)
        notes = _format_notes(path, header.format)
        if exif_orientation(data) != 1:
            notes += ("exif-orientation-not-applied",)
        if header.format in ("jpeg", "png") and (header.channels, header.bits) == (3, 8):
            return Raster.from_bytes(data), notes
        if header.format == "png" and png_fault(data):
            raise BadSample(f"the PNG is damaged: {png_fault(data)}")
        colours = decode_colours(data)
    except BadSample as error:
        raise BadSample(error.reason, name) from None
    return Raster.from_array(colours), (*notes, f"re-encoded-{_what_it_was(header)}")


def read_label_map(path: Path, name: str) -> tuple[Raster, tuple[str, ...]]:
    """A map of 8-bit class ids and notes; a grey 8-bit PNG keeps its bytes, a palette PNG keeps its indices.

    Raises:
        BadSample: missing, damaged, or colours where ids should be.
    """
    data = read_bytes(path, name)
    try:
        header = read_header(data)
        ids = decode_pixels(data)
    except BadSample as error:
        raise BadSample(error.reason, name) from None
    if ids.shape[2] != 1 or ids.dtype != np.uint8:
        raise BadSample(f"labels must be one channel of 8 bits, got {ids.shape[2]} of {header.bits}", name)
    if header.format == "png" and header.bits == 8 and not header.palette:
        return Raster.from_bytes(data), ()
    return Raster.from_array(ids), (f"label-re-encoded-{'palette' if header.palette else header.format}",)


def _format_notes(path: Path, format_: str) -> tuple[str, ...]:
    suffix = path.suffix.lower().lstrip(".")
    named = {"jpg": "jpeg", "tif": "tiff"}.get(suffix, suffix)
    return () if named == format_ else (f"{format_}-named-{suffix or 'without-suffix'}",)


def _what_it_was(header: ImageHeader) -> str:
    if header.format == "gif":
        return "gif-first-frame"
    kinds = {1: "grey", 2: "grey-alpha", 4: "cmyk" if header.format == "jpeg" else "alpha"}
    return f"{header.format}-{'palette' if header.palette else kinds.get(header.channels, f'{header.bits}-bit')}"
