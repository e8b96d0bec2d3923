"""Proof that an encoded photograph is whole, thorough or quick.

Label maps need no such choice: they are decoded anyway, for the statistics.
"""

from __future__ import annotations

from typing import Literal

import simplejpeg

from datasets.errors import BadSample
from datasets.images import decode_colours, sniff_format
from datasets.jpeg import jpeg_fault
from datasets.png import png_fault
from datasets.raster import Raster

Thoroughness = Literal["fast", "full", "strict"]


def prove(image: Raster, thoroughness: Thoroughness) -> tuple[str, ...]:
    """Prove that a photograph is whole; gives notes on what is odd about it and harmless.

    `full` decodes every pixel. `fast` reads a PNG's chunk checksums, which find every changed byte, and a JPEG's
    segments from its first to its end marker, which find every cut but not a changed byte among the pixels. `strict`
    decodes too, and takes no JPEG that its decoder complains of.

    Raises:
        BadSample: it is damaged.
    """
    data = image.data
    if sniff_format(data) != "jpeg":
        fault = png_fault(data)
        if fault:
            raise BadSample(f"the PNG is damaged: {fault}")
        if thoroughness != "fast":
            _ = image.array
        return ()
    if thoroughness == "fast":
        fault = jpeg_fault(data)
        if fault:
            raise BadSample(f"the JPEG is damaged: {fault}")
        return ()
    return _prove_by_decoding(image, thoroughness == "strict")


def _prove_by_decoding(image: Raster, strict: bool) -> tuple[str, ...]:
    try:
        image.remember(simplejpeg.decode_jpeg(image.data, strict=True))
        return ()
    except ValueError as complaint:
        if strict:
            raise BadSample(f"the JPEG is damaged: {complaint}") from None
        # A cut or unreadable one fails here too. Real photographs carry stray bytes between segments, which harm
        # nothing; any other complaint means that some pixels are not those that were saved.
        image.remember(decode_colours(image.data))
        return ("jpeg-stray-bytes" if "extraneous bytes before marker" in str(complaint) else "jpeg-damaged-pixels",)
