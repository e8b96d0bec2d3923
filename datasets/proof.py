"""Proof that an encoded photograph is whole, thorough or quick.

Label maps need no such choice: they are decoded anyway, for the statistics.
"""

from __future__ import annotations

import struct
from typing import Literal

import simplejpeg

from datasets.errors import BadSample
from datasets.images import decode_colours, png_fault, sniff_format
from datasets.raster import Raster

Thoroughness = Literal["full", "fast"]

_STANDALONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})  # TEM and RSTn carry no length, ITU-T T.81 table B.1
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, b"\xff\xd9"


def prove(image: Raster, thoroughness: Thoroughness) -> tuple[str, ...]:
    """Prove that a photograph is whole; gives notes on what is odd about it and harmless.

    `full` decodes every pixel. `fast` reads a PNG's chunk checksums, which find every changed byte, and a JPEG's
    segments from its first to its end marker, which find every cut but not a changed byte among the pixels.

    Raises:
        BadSample: it is damaged.
    """
    data = image.data
    if sniff_format(data) != "jpeg":
        fault = png_fault(data)
        if fault:
            raise BadSample(f"the PNG is damaged: {fault}")
        if thoroughness == "full":
            _ = image.array
        return ()
    if thoroughness == "fast":
        fault = jpeg_fault(data)
        if fault:
            raise BadSample(f"the JPEG is damaged: {fault}")
        return ()
    return _prove_by_decoding(image)


def jpeg_fault(data: bytes) -> str | None:
    """What is wrong with the segments of a JPEG (ITU-T T.81, annex B), or None; no pixel is decoded."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:  # stray bytes between segments, which decoders skip too
            position = data.find(b"\xff", position)
            if position < 0:
                break
            continue
        marker = data[position + 1]
        if marker == 0xFF or marker in _STANDALONE_MARKERS:
            position += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + length
        if length < 2 or position > len(data):
            return f"cut short inside segment {marker:#04x}"
        if marker == _START_OF_SCAN:
            return None if data.rfind(_END_OF_IMAGE, position) > 0 else "cut short: no end marker"
    return "cut short: no pixels"


def _prove_by_decoding(image: Raster) -> tuple[str, ...]:
    try:
        image.remember(simplejpeg.decode_jpeg(image.data, strict=True))
        return ()
    except ValueError as complaint:
        # A cut or unreadable one fails here too. Real photographs carry stray bytes between segments, which harm
        # nothing; any other complaint means that some pixels are not those that were saved.
        image.remember(decode_colours(image.data))
        return ("jpeg-stray-bytes" if "extraneous bytes before marker" in str(complaint) else "jpeg-damaged-pixels",)
